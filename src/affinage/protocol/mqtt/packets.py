"""MQTT 3.1.1 control packets: bytes to typed packets and back, for both ends of a connection.

Everything about the form of one packet is decided here; which packet may come when is decided in
`session.py`. PUBREC, PUBREL and PUBCOMP are not spoken: nobody here offers QoS 2 (MQTT-6).

Source: OASIS MQTT 3.1.1; the numbers in brackets, as [3.3.1-4], are its normative statements.
"""

# ruff: noqa: PLR2004  (the numbers of a wire format are its text)

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from affinage.protocol.errors import ProtocolError as ProtocolError
from affinage.protocol.mqtt.fields import (
    MAX_BODY,
    MAX_STRING,
    binary,
    byte,
    framed,
    number,
    packet_id_at,
    read_size,
    request_id,
    sized,
    string,
    text_of,
    topic_filter,
)

LEVEL: Final = 4
"""The protocol level of MQTT 3.1.1."""

REFUSED_FILTER: Final = 0x80
"""The code in a SUBACK for a filter that was not granted."""


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """Of another ``level`` than 4 nothing but the level is read: the rest may mean anything."""

    client_id: str
    username: str | None = None
    password: bytes | None = None
    keep_alive_s: int = 60
    clean: bool = False
    will: Will | None = None
    level: int = LEVEL


@dataclass(frozen=True, slots=True)
class Connack:
    session_present: bool
    code: int
    """0 accepted, 1 bad level, 2 bad client id, 3 unavailable, 4 bad password, 5 unauthorized."""


class Publish(NamedTuple):
    """A tuple, because it is made for each message: half the cost of a frozen dataclass."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    packet_id: int = 0
    """1…65535; 0 where ``qos`` is 0."""
    dup: bool = False
    retain: bool = False


class Puback(NamedTuple):
    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    packet_id: int
    filters: tuple[tuple[str, int], ...]
    """Each filter with the QoS asked for, in the order sent; never empty."""


@dataclass(frozen=True, slots=True)
class Suback:
    packet_id: int
    codes: tuple[int, ...]
    """Per filter, in its order: the QoS granted, or REFUSED_FILTER."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsuback:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pingreq:
    pass


@dataclass(frozen=True, slots=True)
class Pingresp:
    pass


@dataclass(frozen=True, slots=True)
class Disconnect:
    pass


Packet: TypeAlias = (
    Connect
    | Connack
    | Publish
    | Puback
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)


def encode(packet: Packet) -> bytes:
    """Spell ``packet``; law: decoding gives it back.

    Raises:
        ProtocolError: a string takes more than MAX_STRING bytes, or the body more than MAX_BODY.
    """
    return _WRITE[type(packet)](packet)


class Decoder:
    """Turns a stream of bytes, cut anywhere, into packets.

    Args:
        max_size: how many bytes a packet may announce after its fixed header.
    """

    __slots__ = ("_kept", "_needed", "max_size")

    def __init__(self, max_size: int = MAX_BODY) -> None:
        self.max_size = max_size
        """May be raised between two packets."""
        self._kept = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that ``data`` completes, in order; iterate to the end.

        The time taken is linear in the bytes fed, however they are cut.

        Raises:
            ProtocolError: after the good packets before it, a malformed one, or one that announces
                more than ``max_size``, which is refused before its body is there. The decoder
                must not be fed again.
        """
        if self._kept:
            self._kept += data
            if len(self._kept) < self._needed:
                return
            data = bytes(self._kept)
            self._kept.clear()
        at, length, needed = 0, len(data), 2
        while length - at >= 2:
            size, body = data[at + 1], at + 2
            if size > 127:
                size, body = read_size(data, at + 1)
            if size > self.max_size:
                raise ProtocolError(f"a packet of {size} of {self.max_size} bytes")
            end = body + size
            if end > length:
                needed = end - at
                break
            first = data[at]
            yield _READ[first >> 4](first & 15, data, body, end)
            at = end
        self._kept += data[at:]
        self._needed = needed


# ── reading: each from data[at:end], which is one whole body ──────────────────────────────────


def _read_publish(flags: int, data: bytes, at: int, end: int) -> Publish:
    qos, named, packet_id = flags >> 1 & 3, at + 2, 0
    named_to = named + (data[at] << 8 | data[at + 1]) if named <= end else end + 1
    payload = named_to + 2 if qos else named_to
    if payload > end:
        raise ProtocolError("a PUBLISH ends before its topic does")
    topic = text_of(data[named:named_to])
    if not topic or "#" in topic or "+" in topic:
        raise ProtocolError("a PUBLISH needs a topic without wildcards")  # [3.3.2-2], [4.7.3-1]
    if qos:
        packet_id = data[named_to] << 8 | data[named_to + 1]
        if not packet_id or qos == 3:
            raise ProtocolError("a PUBLISH of QoS 3, or with a packet id of 0")  # [3.3.1-4]
    elif flags & 8:
        raise ProtocolError("a PUBLISH of QoS 0 is a duplicate")  # [3.3.1-2]
    return Publish(topic, data[payload:end], qos, packet_id, flags & 8 != 0, flags & 1 != 0)


def _only_packet_id(make: type[Puback | Unsuback]) -> Callable[[int, bytes, int, int], Packet]:
    def read(flags: int, data: bytes, at: int, end: int) -> Packet:
        if flags or end - at != 2:
            raise ProtocolError("an acknowledgement is not just a packet id")
        return make(packet_id_at(data, at, end))

    return read


def _read_connect(flags: int, data: bytes, at: int, end: int) -> Connect:
    if flags:
        raise ProtocolError("a CONNECT has flags in its header")
    name, at = string(data, at, end)
    level, at = byte(data, at, end)
    if _LEVELS.get(name) != level:
        if name not in _LEVELS:
            raise ProtocolError("a CONNECT of another protocol than MQTT")  # [3.1.2-1]
        return Connect("", level=level)
    bits, at = byte(data, at, end)
    keep_alive_s, at = number(data, at, end)
    client_id, at = string(data, at, end)
    will, at = _read_will(bits, data, at, end)
    username, at = string(data, at, end) if bits & 0x80 else (None, at)
    password, at = binary(data, at, end) if bits & 0x40 else (None, at)
    if bits & 1 or at != end or (password is not None and username is None):
        raise ProtocolError("the flags of a CONNECT do not fit its body")  # [3.1.2-3], [3.1.2-22]
    return Connect(client_id, username, password, keep_alive_s, bits & 2 != 0, will)


def _read_will(bits: int, data: bytes, at: int, end: int) -> tuple[Will | None, int]:
    qos = bits >> 3 & 3
    if not bits & 4:
        if bits & 0x38:
            raise ProtocolError("a CONNECT qualifies a will that it does not have")  # [3.1.2-11]
        return None, at
    if qos == 3:
        raise ProtocolError("a will of QoS 3")  # [3.1.2-14]
    topic, at = string(data, at, end)
    payload, at = binary(data, at, end)
    return Will(topic, payload, qos, bits & 0x20 != 0), at


def _read_connack(flags: int, data: bytes, at: int, end: int) -> Connack:
    if flags or end - at != 2 or data[at] > 1 or data[at + 1] > 5:
        raise ProtocolError("a CONNACK with reserved values")
    return Connack(data[at] == 1, data[at + 1])


def _read_subscribe(flags: int, data: bytes, at: int, end: int) -> Subscribe:
    packet_id, at = request_id(flags, data, at, end)
    filters = []
    while at < end:
        text, at = topic_filter(data, at, end)
        qos, at = byte(data, at, end)
        if qos > 2:
            raise ProtocolError("a SUBSCRIBE asks for a QoS above 2")  # [3.8.3-4]
        filters.append((text, qos))
    if not filters:
        raise ProtocolError("a SUBSCRIBE without a filter")  # [3.8.3-3]
    return Subscribe(packet_id, tuple(filters))


def _read_suback(flags: int, data: bytes, at: int, end: int) -> Suback:
    packet_id = packet_id_at(data, at, end)
    codes = tuple(data[at + 2 : end])
    if flags or not codes or not _SUBACK_CODES.issuperset(codes):
        raise ProtocolError("a SUBACK with reserved values")  # [3.9.3-2]
    return Suback(packet_id, codes)


def _read_unsubscribe(flags: int, data: bytes, at: int, end: int) -> Unsubscribe:
    packet_id, at = request_id(flags, data, at, end)
    filters = []
    while at < end:
        text, at = topic_filter(data, at, end)
        filters.append(text)
    if not filters:
        raise ProtocolError("an UNSUBSCRIBE without a filter")  # [3.10.3-2]
    return Unsubscribe(packet_id, tuple(filters))


def _empty(packet: Packet) -> Callable[[int, bytes, int, int], Packet]:
    def read(flags: int, data: bytes, at: int, end: int) -> Packet:
        if flags or at != end:
            raise ProtocolError(f"a {type(packet).__name__.upper()} is not empty")
        return packet

    return read


def _unknown(flags: int, data: bytes, at: int, end: int) -> Packet:
    raise ProtocolError("a packet of QoS 2, or of a reserved type")


_LEVELS: Final = {"MQTT": LEVEL, "MQIsdp": None}  # MQTT 3.1 called itself MQIsdp
_SUBACK_CODES: Final = frozenset({0, 1, 2, REFUSED_FILTER})
_READ: Final[tuple[Callable[[int, bytes, int, int], Packet], ...]] = (
    _unknown,
    _read_connect,
    _read_connack,
    _read_publish,
    _only_packet_id(Puback),
    _unknown,
    _unknown,
    _unknown,
    _read_subscribe,
    _read_suback,
    _read_unsubscribe,
    _only_packet_id(Unsuback),
    _empty(Pingreq()),
    _empty(Pingresp()),
    _empty(Disconnect()),
    _unknown,
)


# ── writing ──────────────────────────────────────────────────────────────────────────────────


def _write_publish(packet: Publish) -> bytes:
    topic, payload, qos, packet_id, dup, retain = packet
    named = topic.encode()
    if len(named) > MAX_STRING:
        raise ProtocolError(f"a topic of {len(named)} of {MAX_STRING} bytes")
    body = len(named).to_bytes(2) + named + (packet_id.to_bytes(2) if qos else b"") + payload
    return framed(0x30 | dup << 3 | qos << 1 | retain, body)


def _write_puback(packet: Puback) -> bytes:
    return b"\x40\x02" + packet.packet_id.to_bytes(2)


def _write_connect(packet: Connect) -> bytes:
    will = packet.will
    bits = packet.clean << 1 | (packet.username is not None) << 7
    bits |= (packet.password is not None) << 6
    body = packet.keep_alive_s.to_bytes(2) + sized(packet.client_id.encode())
    if will:
        bits |= 4 | will.qos << 3 | will.retain << 5
        body += sized(will.topic.encode()) + sized(will.payload)
    if packet.username is not None:
        body += sized(packet.username.encode())
    if packet.password is not None:
        body += sized(packet.password)
    return framed(0x10, b"\0\x04MQTT" + bytes((packet.level, bits)) + body)


def _write_connack(packet: Connack) -> bytes:
    return bytes((0x20, 2, packet.session_present, packet.code))


def _write_subscribe(packet: Subscribe) -> bytes:
    filters = (sized(text.encode()) + bytes((qos,)) for text, qos in packet.filters)
    return framed(0x82, packet.packet_id.to_bytes(2) + b"".join(filters))


def _write_suback(packet: Suback) -> bytes:
    return framed(0x90, packet.packet_id.to_bytes(2) + bytes(packet.codes))


def _write_unsubscribe(packet: Unsubscribe) -> bytes:
    filters = (sized(text.encode()) for text in packet.filters)
    return framed(0xA2, packet.packet_id.to_bytes(2) + b"".join(filters))


def _write_unsuback(packet: Unsuback) -> bytes:
    return b"\xb0\x02" + packet.packet_id.to_bytes(2)


_WRITE: Final[dict[type, Callable[[Any], bytes]]] = {
    Publish: _write_publish,
    Puback: _write_puback,
    Connect: _write_connect,
    Connack: _write_connack,
    Subscribe: _write_subscribe,
    Suback: _write_suback,
    Unsubscribe: _write_unsubscribe,
    Unsuback: _write_unsuback,
    Pingreq: lambda _: b"\xc0\0",
    Pingresp: lambda _: b"\xd0\0",
    Disconnect: lambda _: b"\xe0\0",
}
