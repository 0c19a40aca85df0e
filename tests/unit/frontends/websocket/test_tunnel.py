"""frontends/websocket/tunnel.py, between a client of wsproto's and a door that takes notes."""

import asyncio

import pytest

from affinage.frontends.websocket import tunnel as module
from affinage.frontends.websocket.tunnel import CLOSE_S, MAX_PONGS, Tunnel
from fakes.looped import looped
from fakes.tls import Door, Wire
from fakes.websocket import WebSocketClient


class Line:
    """A client, the wire, the tunnel and the door, joined."""

    def __init__(self) -> None:
        self.client, self.wire, self.door = WebSocketClient(), Wire(), Door()
        self.tunnel = Tunnel(self.door)
        self.tunnel.connection_made(self.wire)

    def give(self, wire: bytes) -> None:
        self.tunnel.data_received(wire)

    def heard(self) -> list[bytes | int]:
        """What the client was told since it was last asked."""
        return self.client.heard(self.wire.taken())


@pytest.fixture
def line() -> Line:
    return Line()


def test_binary_messages_are_one_stream_however_they_are_cut(line: Line) -> None:
    """WEBSOCKET-10: Node's first message holds one byte of its CONNECT."""
    sent = line.client.say(b"\x10") + line.client.say(b"", is_last=True)
    sent += line.client.say(b"ab", is_last=False) + line.client.ping() + line.client.say(b"cd")
    for byte in sent:
        line.give(bytes([byte]))
    assert b"".join(line.door.heard) == b"\x10abcd"
    assert b"" not in line.door.heard


def test_what_has_come_of_a_huge_frame_is_handed_on(line: Line) -> None:
    """WEBSOCKET-11."""
    header = bytes([0x82, 0xFF]) + (2**62).to_bytes(8, "big") + bytes(4)
    line.give(header + b"x" * 16384)
    assert line.door.heard == [b"x" * 16384]


def test_each_write_is_one_message(line: Line) -> None:
    """WEBSOCKET-15: of any size, and whatever kind of bytes."""
    for payload in (b"ab", bytearray(b"cd"), memoryview(b"e" * 70_000), b""):
        line.door.transport.write(payload)
    assert line.heard() == [b"ab", b"cd", b"e" * 70_000]


def test_a_ping_is_answered_and_a_pong_is_not(line: Line) -> None:
    """WEBSOCKET-13: the door hears of neither."""
    line.give(line.client.ping(b"there?") + line.client.pong())
    assert line.heard() == [b"there?"]
    assert line.door.heard == []


def test_who_pings_and_does_not_read_is_not_answered(line: Line) -> None:
    """WEBSOCKET-13: it need not have said who it is."""
    line.wire.unsent = MAX_PONGS
    line.give(line.client.ping(b"there?"))
    assert line.heard() == []
    line.wire.unsent -= 1
    line.give(line.client.ping(b"now?"))
    assert line.heard() == [b"now?"]


def test_a_text_message_closes(line: Line) -> None:
    """WEBSOCKET-12, WEBSOCKET-22."""
    line.give(line.client.say(b"ab") + line.client.say_text("cd") + line.client.say(b"ef"))
    assert line.heard() == [1003]
    assert line.wire.is_closed
    assert line.door.heard == [b"ab"]


BROKEN = {
    "not masked": (b"\x82\x01a", 1002),
    "a reserved bit": (b"\xc2\x80\0\0\0\0", 1002),
    "an opcode that is none": (b"\x83\x80\0\0\0\0", 1002),
    "a continuation of nothing": (b"\x80\x80\0\0\0\0", 1002),
    "a ping in parts": (b"\x09\x80\0\0\0\0", 1002),
    "a goodbye of one byte": (b"\x88\x81\0\0\0\0x", 1002),
    "text that is no UTF-8": (b"\x81\x81\0\0\0\0\xff", 1007),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_frame_closes(line: Line, case: str) -> None:
    """WEBSOCKET-14."""
    wire, code = BROKEN[case]
    line.give(line.client.say(b"ab") + wire + b"more")
    assert line.heard() == [code]
    assert line.wire.is_closed
    line.give(b"and more")
    assert line.door.heard == [b"ab"]


@looped
async def test_the_door_hangs_up_and_the_client_answers(line: Line) -> None:
    """WEBSOCKET-20, WEBSOCKET-22."""
    transport = line.door.transport
    transport.write(b"last words")
    transport.pause_reading()
    transport.close()
    transport.write(b"too late")
    transport.close()
    assert line.heard() == [b"last words", 1000]
    assert transport.is_closing()
    assert not line.wire.is_paused, "its goodbye would not be heard"
    assert not line.wire.is_closed
    line.give(WebSocketClient().say(b"too late") + WebSocketClient().ping())
    line.give(WebSocketClient().close())
    assert line.wire.is_closed
    assert (line.door.heard, line.wire.taken()) == ([], b"")


@looped
async def test_a_client_that_does_not_answer_a_goodbye_is_closed(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WEBSOCKET-20."""
    assert CLOSE_S == 5
    monkeypatch.setattr(module, "CLOSE_S", 0.0)
    line.door.transport.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert line.wire.is_closed


@looped
async def test_a_connection_that_is_lost_while_closing_leaves_no_alarm(line: Line) -> None:
    line.door.transport.close()
    line.tunnel.connection_lost(None)
    assert line.tunnel._alarm is not None
    assert line.tunnel._alarm.cancelled()


@pytest.mark.parametrize("code", [1000, 1001, 1005, 4000])
def test_a_clients_goodbye_is_answered(line: Line, code: int) -> None:
    """WEBSOCKET-21: with its own code; 1005 is what having none is called."""
    none = b"\x88\x80\0\0\0\0"
    line.give(line.client.say(b"ab") + (none if code == 1005 else line.client.close(code)))
    assert line.heard() == [code]
    assert line.wire.is_closed
    assert line.door.said == ["made"]
    lost = ConnectionResetError()
    line.tunnel.connection_lost(lost)
    assert (line.door.said, line.door.lost_to) == (["made", "lost"], lost)


@looped
async def test_after_the_end_nothing_happens(line: Line) -> None:
    """TLS-12 holds here, too."""
    transport = line.door.transport
    line.wire.close()
    for act in (transport.close, transport.pause_reading, transport.resume_reading):
        act()
    transport.write(b"too late")
    assert line.wire.taken() == b""


def test_pauses_figures_and_certificates_pass_through(line: Line) -> None:
    """WEBSOCKET-23."""
    transport = line.door.transport
    transport.pause_reading()
    assert line.wire.is_paused
    transport.resume_reading()
    assert not line.wire.is_paused
    line.wire.unsent = 7
    assert transport.get_write_buffer_size() == 7
    assert transport.get_extra_info("peername") == ("127.0.0.1", 5555)
    assert transport.get_extra_info("peer_certificate", "none") == "none"
    line.tunnel.pause_writing()
    line.tunnel.resume_writing()
    assert line.door.said == ["made", "pause", "resume"]
    transport.abort()
    assert line.wire.aborted.is_set()
