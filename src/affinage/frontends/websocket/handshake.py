"""What a request for a WebSocket is answered: the upgrade, or why there is none.

Pure: a request's parts in, bytes for the wire out. Which path may be asked is decided elsewhere.

Source: RFC 6455 §4.2, WEBSOCKET-1 to WEBSOCKET-5.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wsproto.utilities import generate_accept_token

SUBPROTOCOL: Final = b"mqtt"
"""The only one that is spoken; MQTT 3.1.1 §6 demands that clients name it."""

VERSION: Final = b"13"

KEY_BYTES: Final = 16
"""That a client makes up for its request. RFC 6455 §4.1."""

Headers = Iterable[tuple[bytes, bytes]]
"""Names in lower case, as they came."""


@dataclass(frozen=True, slots=True)
class Answer:
    wire: bytes
    is_upgrade: bool
    """The connection speaks WebSocket from now on; else it is to be closed."""


def answer(method: bytes, http: str, headers: Headers, always: Headers = ()) -> Answer:
    """Agree to ``mqtt`` without extensions, or say what is missing.

    Args:
        http: the version of HTTP, as ``1.1``.
        headers: of the request.
        always: headers that every answer has.
    """
    asked = _joined(headers)
    if asked.get(b"sec-websocket-version") != VERSION:
        known = (b"sec-websocket-version", VERSION)
        return _refused(b"426 Upgrade Required", b"WebSocket 13 is spoken.", [*always, known])
    if lack := _lack(method, http, asked):
        return _refused(b"400 Bad Request", lack, always)
    token = generate_accept_token(asked[b"sec-websocket-key"])
    agreed = [  # in the spelling that some clients look for, letter by letter
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", token),
        (b"Sec-WebSocket-Protocol", SUBPROTOCOL),
    ]
    return Answer(_head(b"101 Switching Protocols", [*always, *agreed]), is_upgrade=True)


def _lack(method: bytes, http: str, asked: dict[bytes, bytes]) -> bytes | None:
    """What makes the request none that can be agreed to, for a person to read."""
    offered = {name.strip() for name in asked.get(b"sec-websocket-protocol", b"").split(b",")}
    if (method, http) != (b"GET", "1.1"):
        return b"A WebSocket is asked for by GET, over HTTP/1.1."
    if not _is_key(asked.get(b"sec-websocket-key", b"")):
        return b"Sec-WebSocket-Key must be 16 bytes in base64."
    if SUBPROTOCOL in offered:
        return None
    if b"AMQPWSB10" in offered:
        return b"AMQP is not spoken: choose MQTT over WebSocket, whose subprotocol is mqtt."
    return b"Sec-WebSocket-Protocol must offer mqtt."


def _is_key(text: bytes) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False


def _joined(headers: Headers) -> dict[bytes, bytes]:
    """One value for each name: RFC 9110 §5.3 says how several are one."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b",".join([found[name], value]) if name in found else value
    return found


def _refused(status: bytes, why: bytes, headers: Headers) -> Answer:
    body = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(why)),
        (b"connection", b"close"),
    ]
    return Answer(_head(status, [*headers, *body]) + why, is_upgrade=False)


def _head(status: bytes, headers: Headers) -> bytes:
    lines = [b"HTTP/1.1 " + status, *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join([*lines, b"", b""])
