"""A session of the MQTT door, without a connection: what it is sent, and what it sends."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import Connect, Decoder, Packet, Publish, encode
from affinage.protocol.mqtt.session import (
    Acknowledged,
    Connecting,
    Event,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)

CONNECT = Connect("d", "hub/d/?api-version=2021-04-12", b"token")
ANSWER = Publish("$iothub/twin/res/200/?$rid=1", b"{}")


def events(session: ServerSession, *packets: Packet) -> list[Event]:
    return list(session.receive(b"".join(map(encode, packets))))


def sent(session: ServerSession) -> list[Packet]:
    return list(Decoder().feed(session.take()))


def opened(**filters: int) -> ServerSession:
    session = ServerSession()
    events(session, CONNECT)
    session.accept(filters, session_present=False)
    session.take()
    return session


def pieces(wire: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """The bytes in order, cut at those places, each counted around the end."""
    edges = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
    return (wire[start:end] for start, end in pairwise(edges))


def decoded(wire: bytes, cuts: Iterable[int], max_size: int = 1000) -> list[object]:
    """What a decoder gives for the pieces, and whether it ends in an error."""
    decoder, given = Decoder(max_size), list[object]()
    try:
        for piece in pieces(wire, cuts):
            given.extend((type(packet), packet) for packet in decoder.feed(piece))
    except ProtocolError:
        given.append("error")
    return given


def played(
    wire: bytes, cuts: Iterable[int], code: int = 0, patience: int = 0
) -> tuple[list[object], bytes, State]:
    """What a session asks of its door, what it sends, and how it ends.

    The door decides about a CONNECT once ``patience`` more pieces are taken, and does all else at
    once. A ``code`` refuses.
    """
    session, told, waited = ServerSession(), list[object](), 0
    try:
        for piece in [*pieces(wire, cuts), *[b""] * patience]:
            told += (_done(session, event) for event in session.receive(piece))
            if session.state is State.CONNECTING and waited == patience:
                session.refuse(code) if code else session.accept({}, session_present=False)
                told += (_done(session, event) for event in session.receive(b""))
            waited += session.state is State.CONNECTING
    except ProtocolError:
        told.append("error")
    return told, session.take(), session.state


def _done(session: ServerSession, event: Event) -> object:
    """The event without its ticket, which is finished."""
    match event:
        case Requested(ticket, request, payload):
            session.finish(ticket, ANSWER)
            return request, payload
        case Subscribing(ticket, filters):
            session.finish(ticket)
            return filters
        case Unsubscribing(ticket, gone):
            session.finish(ticket)
            return gone
        case Connecting() | Acknowledged() | Leaving():
            return event
