"""A session of the MQTT door, without a connection: what it is sent, and what it sends."""

from affinage.protocol.mqtt.packets import Connect, Decoder, Packet, encode
from affinage.protocol.mqtt.session import Event, ServerSession

CONNECT = Connect("d", "hub/d/?api-version=2021-04-12", b"token")


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
