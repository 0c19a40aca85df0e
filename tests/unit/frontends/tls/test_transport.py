"""frontends/tls/transport.py, between a wire in memory and a door; test_serving.py has sockets."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from affinage.frontends.tls import transport as under_test
from affinage.frontends.tls.transport import MAX_UNSENT, TlsProtocol
from fakes.looped import looped
from fakes.tls import Device, Door, Met, Wire, ders, device_context, hub_context, self_signed


@looped
async def test_a_door_hears_and_says_plaintext() -> None:
    met = Met()
    met.says(b"ping")
    assert met.door.heard == [b"ping"]
    met.door.transport.write(bytearray(b"pong"))
    met.door.transport.writelines([b", ", memoryview(b"pong")])
    assert met.hears() == b"pong, pong"


@looped
async def test_a_door_is_told_who_is_there() -> None:
    """TLS-4."""
    shown = self_signed("pump-1")
    transport = Met(Device(device_context(certificate=shown))).door.transport
    assert transport.get_extra_info("peer_certificate") == ders(shown)
    assert transport.get_extra_info("peername") == ("127.0.0.1", 5555)
    assert transport.get_extra_info("sslcontext")
    assert transport.get_extra_info("compression", "none") == "none"
    assert Met().door.transport.get_extra_info("peer_certificate") is None


@looped
async def test_a_door_that_pauses_is_given_nothing_until_it_resumes() -> None:
    """TLS-9."""
    met = Met()
    met.door.transport.pause_reading()
    met.says(b"1", b"2")
    assert met.wire.is_paused
    assert not met.door.transport.is_reading()
    assert met.door.heard == []
    met.door.transport.resume_reading()
    assert met.door.transport.is_reading()
    await asyncio.sleep(0)
    assert met.door.heard == [b"1", b"2"]
    assert not met.wire.is_paused


@looped
async def test_a_door_may_pause_at_every_record() -> None:
    """TLS-8, TLS-9."""
    met = Met()

    def pause(data: bytes) -> None:
        met.door.heard.append(data)
        met.door.transport.pause_reading()

    met.door.on_data = pause
    met.says(b"1", b"2", b"3")
    for count in (1, 2, 3):
        assert len(met.door.heard) == count
        assert met.wire.is_paused
        met.door.transport.resume_reading()
        met.door.transport.resume_reading()
        await asyncio.sleep(0)
    assert met.door.heard == [b"1", b"2", b"3"]
    assert not met.wire.is_paused


@looped
async def test_a_door_that_pauses_again_at_once_stays_paused() -> None:
    """TLS-9."""
    met = Met()
    met.door.transport.pause_reading()
    met.says(b"1")
    met.door.transport.resume_reading()
    met.door.transport.pause_reading()
    await asyncio.sleep(0)
    assert (met.door.heard, met.wire.is_paused) == ([], True)


@looped
async def test_a_door_that_fails_after_a_pause_loses_its_connection() -> None:
    met, failures = Met(), list[BaseException]()
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: failures.append(context["exception"])
    )

    def fail(data: bytes) -> None:
        raise ValueError(data)

    met.door.on_data = fail
    met.door.transport.pause_reading()
    met.says(b"x")
    met.door.transport.resume_reading()
    await asyncio.sleep(0)
    assert met.wire.aborted.is_set()
    assert [type(failure) for failure in failures] == [ValueError]


@looped
async def test_what_the_wire_cannot_take_pauses_the_door() -> None:
    """TLS-10; before there is a door, nobody is told."""
    TlsProtocol(hub_context(), Door).pause_writing()
    TlsProtocol(hub_context(), Door).resume_writing()
    met = Met()
    met.tls.pause_writing()
    met.tls.resume_writing()
    assert met.door.said == ["made", "pause", "resume"]
    met.door.transport.set_write_buffer_limits(high=7)
    met.wire.unsent = 5
    assert met.wire.limits == (7, None)
    assert met.door.transport.get_write_buffer_size() == 5


@looped
async def test_one_big_write_passes_and_a_write_on_top_of_it_cuts() -> None:
    """TLS-10."""
    met = Met()
    big = bytes(2 * MAX_UNSENT)
    met.wire.unsent = MAX_UNSENT
    met.door.transport.write(big)
    assert met.hears() == big
    met.wire.unsent = 2 * MAX_UNSENT
    met.door.transport.write(b"more")
    assert met.wire.aborted.is_set()
    assert met.hears() == b""


@looped
async def test_a_close_sends_what_was_written_and_says_goodbye() -> None:
    """TLS-11."""
    met = Met()
    met.door.transport.write(b"so long")
    met.door.transport.close()
    met.door.transport.close()
    assert (met.wire.is_closed, met.wire.aborted.is_set()) == (True, False)
    assert met.hears() == b"so long"
    assert met.device.tls.read(1) == b""  # the goodbye: without it this would want more to read
    met.tls.connection_lost(None)
    assert met.door.said == ["made", "lost"]


@looped
async def test_a_client_that_does_not_take_the_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS-11."""
    assert under_test.LINGER_S == 10
    monkeypatch.setattr(under_test, "LINGER_S", 0.001)
    met = Met()
    met.door.transport.close()
    await met.wire.aborted.wait()


END: dict[str, Callable[[Met], object]] = {
    "the door closed": lambda met: met.door.transport.close(),
    "the door cut": lambda met: met.door.transport.abort(),
    "the device left": lambda met: met.tls.data_received(met.device.say_goodbye()),
    "the wire broke": lambda met: met.wire.abort(),
}


@pytest.mark.parametrize("end", END)
@looped
async def test_after_the_end_nothing_is_sent_and_nothing_raises(end: str) -> None:
    """TLS-12."""
    met = Met()
    END[end](met)
    met.wire.taken()
    transport = met.door.transport
    assert transport.is_closing()
    transport.write(b"x")
    transport.pause_reading()
    transport.resume_reading()
    transport.close()
    await asyncio.sleep(0)
    assert met.wire.taken() == b""


@looped
async def test_a_wire_that_breaks_in_mid_write_ends_the_write() -> None:
    """TLS-12."""

    class Brittle(Wire):
        breaks = False

        def write(self, data: Any) -> None:
            super().write(data)
            self.is_closed = self.breaks

    wire = Brittle()
    met = Met(wire=wire)
    wire.breaks = True
    met.door.transport.write(bytes(100_000))
    assert len(wire.sent) < 20_000


@looped
async def test_a_wire_that_is_slow_to_close_takes_nothing_after_the_goodbye() -> None:
    """TLS-12."""

    class Slow(Wire):
        def close(self) -> None:
            """Later."""

    met = Met(wire=Slow())
    met.door.transport.close()
    met.wire.taken()
    met.door.transport.write(b"x")
    assert met.wire.aborted.is_set()
    assert met.wire.taken() == b""


@looped
async def test_a_devices_goodbye_ends_the_connection_after_its_last_words() -> None:
    """TLS-13; also if the door was not listening when they came."""
    met = Met()
    met.door.transport.pause_reading()
    met.tls.data_received(met.device.say(b"last words") + met.device.say_goodbye())
    assert not met.wire.is_closed
    met.door.transport.resume_reading()
    await asyncio.sleep(0)
    assert met.door.heard == [b"last words"]
    assert met.wire.is_closed


@pytest.mark.parametrize("is_paused", [False, True])
@looped
async def test_a_broken_record_ends_the_connection_and_the_door_is_told_once(
    is_paused: bool,
) -> None:
    """TLS-13, TLS-7."""
    met = Met()
    *record, last = met.device.say(b"x")
    broken = bytes([*record, last ^ 1])
    if is_paused:
        met.door.transport.pause_reading()
    met.tls.data_received(broken)
    met.door.transport.resume_reading()
    await asyncio.sleep(0)
    met.tls.connection_lost(None)
    assert met.door.said == ["made", "lost"]
    assert isinstance(met.door.lost_to, ConnectionAbortedError)
    assert met.wire.is_closed
    assert met.wire.sent  # the alert


@looped
async def test_what_comes_after_a_close_is_not_heard() -> None:
    met = Met()

    def close(data: bytes) -> None:
        met.door.heard.append(data)
        met.door.transport.close()

    met.door.on_data = close
    met.says(b"1", b"2")
    met.says(b"3")
    assert met.door.heard == [b"1"]


@looped
async def test_garbage_instead_of_a_handshake_is_answered_with_an_alert() -> None:
    """TLS-7."""
    wire, door = Wire(), Door()
    tls = TlsProtocol(hub_context(), lambda: door)
    tls.connection_made(wire)
    tls.data_received(b"\x16\x03\x01\x00\x05hello")
    assert wire.is_closed
    assert wire.sent[0] == 21  # RFC 8446 §5.1: an alert
    tls.data_received(b"more of it")
    tls.connection_lost(None)
    assert door.said == []


@looped
async def test_a_connection_that_ends_in_its_handshake_opens_no_door() -> None:
    wire, door = Wire(), Door()
    tls = TlsProtocol(hub_context(), lambda: door)
    tls.connection_made(wire)
    tls.data_received(b"\x16")
    tls.connection_lost(ConnectionResetError())
    assert (door.said, bytes(wire.sent)) == ([], b"")


@looped
async def test_an_upgrade_hands_the_connection_to_another_door() -> None:
    met, other = Met(), Door()
    assert met.door.transport.get_protocol() is met.door
    met.door.transport.set_protocol(other)
    met.says(b"upgraded")
    assert (met.door.heard, other.heard) == ([], [b"upgraded"])
    assert met.door.transport.get_protocol() is other


@looped
async def test_an_end_without_goodbye_is_the_end() -> None:
    met = Met()
    assert not met.door.transport.can_write_eof()
    assert met.tls.eof_received() is False  # so the transport below closes
