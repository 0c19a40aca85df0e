"""What holds of a WebSocket, whatever comes: the stream is the same however it is cut, and bytes
that are no frames end the connection, and do nothing else."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from affinage.frontends.websocket.tunnel import Tunnel
from fakes.tls import Door, Wire
from fakes.websocket import WebSocketClient


def heard(parts: list[bytes]) -> tuple[bytes, bytes, bool]:
    """What the door heard, what the wire was given back, and whether it was closed."""
    wire, door = Wire(), Door()

    async def take() -> None:
        tunnel = Tunnel(door)
        tunnel.connection_made(wire)
        for part in parts:
            tunnel.data_received(part)
        tunnel.connection_lost(None)

    asyncio.run(take())
    return b"".join(door.heard), bytes(wire.sent), wire.is_closed


@st.composite
def cut(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    """The same bytes in parts."""
    ends = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=12)))
    return [whole[a:b] for a, b in zip([0, *ends], [*ends, len(whole)], strict=True)]


SAID = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.binary(max_size=300), st.booleans()),
        st.tuples(st.just("ping"), st.binary(max_size=125), st.just(True)),
    ),
    max_size=8,
)


def framed(said: list[tuple[str, bytes, bool]]) -> bytes:
    """As a client frames it; the flag says whether a message ends there."""
    client, wire = WebSocketClient(), b""
    for kind, payload, is_last in said:
        wire += client.ping(payload) if kind == "ping" else client.say(payload, is_last=is_last)
    return wire


@given(SAID, st.data())
def test_payloads_are_one_stream_however_the_wire_is_cut(
    said: list[tuple[str, bytes, bool]], data: st.DataObject
) -> None:
    """WEBSOCKET-10, WEBSOCKET-13"""
    stream, back, is_closed = heard(data.draw(cut(framed(said))))
    assert stream == b"".join(payload for kind, payload, _ in said if kind == "say")
    pings = [payload for kind, payload, _ in said if kind == "ping"]
    assert WebSocketClient().heard(back) == pings
    assert not is_closed


BYTES = st.one_of(
    st.binary(max_size=400),
    st.builds(  # a header that is none, or one that is not all there
        lambda first, size, more: bytes([first, 0x80 | size]) + more,
        st.sampled_from([0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0xC2]),
        st.integers(0, 127),
        st.binary(max_size=300),
    ),
)


@given(SAID, BYTES, st.data())
def test_any_bytes_are_taken_or_end_the_connection_however_they_are_cut(
    said: list[tuple[str, bytes, bool]], rest: bytes, data: st.DataObject
) -> None:
    """WEBSOCKET-12, WEBSOCKET-14"""
    whole = framed(said) + rest
    stream, back, is_closed = heard(data.draw(cut(whole)))
    as_one, back_then, was_closed = heard([whole])
    assert (stream, is_closed) == (as_one, was_closed)
    assert told(back) == told(back_then)


def told(back: bytes) -> list[bytes | int]:
    """Of text that is no UTF-8 but in its end, the beginning may be refused for being text."""
    return [1003 if one == 1007 else one for one in WebSocketClient().heard(back)]
