"""Nothing that comes over the wire costs more than linear work: counted, not timed.

Counted are the lines of ours that run and the bytes that the decoder's buffer takes in and gives
back. What C does with a field, it does once, and a field is bounded.
"""

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Any, Final, Self, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.protocol.bags import parse_bag
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import feed_of
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import (
    Connect,
    Decoder,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Subscribe,
    Unsubscribe,
    encode,
)
from affinage.protocol.mqtt.session import ServerSession
from affinage.protocol.registering import parse_answer, parse_ask, read_name
from affinage.protocol.tokens import parse, verify
from affinage.protocol.topics import parse_delivery, parse_request
from laws.mqtt_strategies import packets, payloads

DEVICE: Final = Identity("d")
LINES_A_BYTE: Final = 40
LINES_A_READ: Final = 40
MOVES: Final = 4
"""Of a byte: into the buffer and out with the read that it came in, and again with the next one, if
its packet was not complete before."""

HEADER: Final = 8
"""Bytes that are looked at anew with each read, until they say how long their packet is."""


class Work:
    """What was done while it was counted."""

    def __init__(self) -> None:
        self.lines = 0
        self.bytes_moved = 0

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        self.lines += event == "line"
        return self.trace if _is_ours(frame.f_code) else None


class CountingBuffer(bytearray):
    """The decoder's buffer, which counts what goes in and comes out."""

    work: Work

    def __iadd__(self, more: Any) -> Self:  # type: ignore[misc]  # as bytearray's, and counts
        self.work.bytes_moved += len(more)
        return super().__iadd__(more)

    def __bytes__(self) -> bytes:
        self.work.bytes_moved += len(self)
        return b"".join([memoryview(self)])

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        raise AssertionError("a buffer that is read from is copied as often as it is read from")


def _is_ours(code: CodeType) -> bool:
    return "/affinage/" in code.co_filename


@contextmanager
def counted() -> Iterator[Work]:
    work, before = Work(), sys.gettrace()
    sys.settrace(work.trace)
    try:
        yield work
    finally:
        sys.settrace(before)


def decoded(wire: bytes, size: int) -> Work:
    """The work of a decoder that gets ``size`` bytes at a time."""
    decoder, buffer = Decoder(), CountingBuffer()
    with counted() as work, suppress(ProtocolError):
        buffer.work = work
        decoder._kept = buffer  # where it copies
        for at in range(0, len(wire), size):
            for _ in decoder.feed(wire[at : at + size]):
                pass
    return work


@given(st.lists(packets, max_size=8), payloads, st.integers(1, 200))
def test_decoding_does_linear_work(sent: list[Packet], noise: bytes, size: int) -> None:
    wire = b"".join(map(encode, sent)) + noise
    work = decoded(wire, size)
    reads = len(wire) // size + 1
    assert work.lines <= LINES_A_BYTE * len(wire) + LINES_A_READ * reads
    assert work.bytes_moved <= MOVES * len(wire) + HEADER * reads


@pytest.mark.parametrize("size", [1, 64, 1400, 65_536])
def test_a_large_packet_in_small_pieces_is_copied_twice_and_looked_at_once(size: int) -> None:
    """In and out of the buffer; squared, of 256 KiB in pieces of 64 bytes it were 2,000 times."""
    wire = encode(Publish("t", bytes(262_144)))
    work = decoded(wire, size)
    assert work.bytes_moved <= 2 * len(wire) + 32
    assert work.lines <= 8 * (len(wire) // size + 1) + 100


def conversed(*said: Packet) -> Work:
    """The work of a session that has let the device in."""
    session = ServerSession()
    list(session.receive(encode(Connect("d", "hub/d"))))
    session.accept({f"$iothub/methods/POST/{n}/#": 0 for n in range(50)}, session_present=True)
    wire = b"".join(map(encode, said))
    with counted() as work:
        for _ in session.receive(wire):
            pass
    return work


LARGE: Final[dict[str, Callable[[int], list[Packet]]]] = {
    "filters that nobody may have": lambda n: [Subscribe(1, (("a", 0),) * n)],
    "one filter again and again": lambda n: [Subscribe(1, (("$iothub/twin/res/#", 0),) * n)],
    "filters to forget": lambda n: [Unsubscribe(1, ("a",) * n)],
    "pings": lambda n: [Pingreq()] * n,
    "acknowledgements of nothing": lambda n: [Puback(7)] * n,
    "messages": lambda n: [Publish("devices/d/messages/events/a=b", b"", 1, 7)] * n,
    "properties": lambda n: [Publish("devices/d/messages/events/" + "a&" * n)],
    "segments": lambda n: [Publish("devices/d/messages/events/" + "/" * n)],
}


@pytest.mark.parametrize("say", LARGE.values(), ids=LARGE)
def test_a_session_does_work_that_is_linear_in_what_it_hears(
    say: Callable[[int], list[Packet]],
) -> None:
    small, large = (conversed(*say(n)).lines for n in (90, 720))  # as many as are heard out
    assert large <= 8 * small + 100


KEY: Final = base64.b64encode(bytes(32)).decode()
READERS: Final[dict[str, Callable[[str], object]]] = {
    "a bag": parse_bag,
    "a topic of a device": lambda text: parse_request(f"devices/d/messages/events/{text}", DEVICE),
    "a report": lambda text: parse_request(
        f"$iothub/twin/PATCH/properties/reported/?{text}", DEVICE
    ),
    "an answer": lambda text: parse_request(f"$iothub/methods/res/{text}", DEVICE),
    "a topic of a hub": lambda text: parse_delivery(f"devices/d/messages/devicebound/{text}"),
    "a filter": lambda text: feed_of(f"$iothub/methods/POST/{text}/#", DEVICE),
    "what a registrant asks": lambda text: parse_ask(
        f"$dps/registrations/GET/iotdps-get-operationstatus/?{text}", DEVICE
    ),
    "what a registrant is answered": lambda text: parse_answer(
        f"$dps/registrations/res/200/?{text}"
    ),
    "whoever connects": lambda text: read_name(text, "d"),
    "a user name": lambda text: Username.parse(f"hub/d/?{text}"),
    "names in a user name": Username.parse,
    "a connection string": ConnectionString.parse,
    "a token": lambda text: parse(f"SharedAccessSignature {text}"),
    "a resource": lambda text: verify(
        parse(f"SharedAccessSignature sr={text[:3000]}&sig=aa%3D%3D&se=9"),
        resource=f"hub/{text}",
        keys=[KEY],
        now=0,
    ),
}
PATTERNS: Final = ["&", "=", "/", "%", "%41", "a=b&", "?", "$rid=1&", "/?", ";", " ", "x", "é"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_reading_a_text_does_linear_work(read: Callable[[str], object], pattern: str) -> None:
    def lines(times: int) -> int:
        with counted() as work, suppress(ProtocolError):
            read(pattern * times)
        return work.lines

    small, large = lines(500), lines(4000)
    assert large <= 8 * small + 200
