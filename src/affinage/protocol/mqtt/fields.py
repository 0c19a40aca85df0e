"""The fields that MQTT packets are made of: numbers, strings, sizes, packet ids.

A reader takes ``data[at:end]``, which is what is left of one body, and gives the value and where
the next field begins. A writer gives bytes.

Source: OASIS MQTT 3.1.1, sections 1.5, 2.2.3 and 2.3.1.
"""

# ruff: noqa: PLR2004  (the numbers of a wire format are its text)

from typing import Final

from affinage.protocol.errors import ProtocolError

MAX_BODY: Final = 268_435_455
"""Bytes after the fixed header: what four digits of seven bits can say."""

MAX_STRING: Final = 65_535
"""Bytes in a topic, a client id, or any other string, in UTF-8."""

MAX_LIST: Final = 16_384
"""Bytes of a SUBSCRIBE or UNSUBSCRIBE, in which fifty of the longest filters have room. MQTT-62."""


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """The size that starts at ``at``; if it is not all there, 0 and a place beyond the end."""
    size = 0
    for digit, byte_ in enumerate(data[at : at + 4]):
        size |= (byte_ & 127) << 7 * digit
        if byte_ < 128:
            return size, at + digit + 1
    if len(data) - at >= 4:
        raise ProtocolError("a size of more than 4 digits")
    return 0, len(data) + 1


def byte(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at >= end:
        raise ProtocolError("a packet ends before its fields do")
    return data[at], at + 1


def number(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at + 2 > end:
        raise ProtocolError("a packet ends before its fields do")
    return data[at] << 8 | data[at + 1], at + 2


def binary(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    size, at = number(data, at, end)
    if at + size > end:
        raise ProtocolError("a packet ends before its fields do")
    return data[at : at + size], at + size


def string(data: bytes, at: int, end: int) -> tuple[str, int]:
    text, at = binary(data, at, end)
    return text_of(text), at


def topic_filter(data: bytes, at: int, end: int) -> tuple[str, int]:
    text, at = string(data, at, end)
    if not text:
        raise ProtocolError("a filter is empty")  # [4.7.3-1]
    return text, at


def text_of(encoded: bytes) -> str:
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise ProtocolError("a string is not UTF-8") from None  # [1.5.3-1]
    if "\0" in text:
        raise ProtocolError("a string holds U+0000")  # [1.5.3-2]
    return text


def packet_id_at(data: bytes, at: int, end: int) -> int:
    packet_id, _ = number(data, at, end)
    if not packet_id:
        raise ProtocolError("a packet id of 0")  # [2.3.1-1]
    return packet_id


def request_id(flags: int, data: bytes, at: int, end: int) -> tuple[int, int]:
    if flags != 2:
        raise ProtocolError("a SUBSCRIBE or UNSUBSCRIBE without its flags")  # [3.8.1-1], [3.10.1-1]
    if end - at > MAX_LIST:
        raise ProtocolError(f"a SUBSCRIBE or UNSUBSCRIBE of {end - at} of {MAX_LIST} bytes")
    return packet_id_at(data, at, end), at + 2


def sized(value: bytes) -> bytes:
    if len(value) > MAX_STRING:
        raise ProtocolError(f"a field of {len(value)} of {MAX_STRING} bytes")
    return len(value).to_bytes(2) + value


def framed(first: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes((first, size)) + body
    if size > MAX_BODY:
        raise ProtocolError(f"a packet of {size} of {MAX_BODY} bytes")
    header = bytearray((first,))
    while size > 127:
        header.append(size & 127 | 128)
        size >>= 7
    header.append(size)
    return bytes(header) + body
