"""Composing a message: what a sender's document says, checked, and what the hub adds to it.

Source: docs/spec/messages.md, MESSAGE-1 to MESSAGE-3.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

import msgspec

from affinage.domain.errors import Invalid, Malformed, MessageTooLarge, Missing
from affinage.domain.members import member_text
from affinage.domain.messages import Ack, Message
from affinage.domain.moments import Millis, millis
from affinage.domain.values import JsonObject, JsonValue, is_object

MAX_SIZE: Final = 65_536
"""Bytes of a body and its properties, the system's included."""

MAX_PROPERTIES: Final = 12_288
"""Bytes of UTF-8 in the names and values of all properties: so they fit a topic however encoded."""

MAX_MESSAGE_ID: Final = 128
"""Characters."""

MIN_TTL_S: Final = 60
MAX_TTL_S: Final = 172_800
"""Seconds for which a message may wait."""

TTL_S: Final = 3_600
"""Seconds for which one waits where nothing is said."""

BODIES: Final = ("body", "bodyBase64", "payload")
"""How a body may be said: as text, as bytes, as JSON."""


def composed(document: JsonObject, *, to: str, message_id: str, at: Millis) -> Message:
    """The message that a document asks for.

    Args:
        document: as in MESSAGE-1.
        to: where it goes, and what it is called if the document does not say: ``message_id``.

    Raises:
        Missing, Malformed, Invalid, MessageTooLarge: what the message says.
    """
    message = Message(
        message_id=member_text(document, "messageId") or message_id,
        body=_body(document),
        expires_at=_expiry(document, at),
        properties=_properties(document.get("properties")),
        ack=_ack(document.get("ack")),
        to=member_text(document, "to") or to,
        correlation_id=member_text(document, "correlationId"),
        user_id=member_text(document, "userId"),
        content_type=member_text(document, "contentType") or _implied(document, "application/json"),
        content_encoding=member_text(document, "contentEncoding") or _implied(document, "utf-8"),
    )
    if len(message.message_id) > MAX_MESSAGE_ID:
        found = len(message.message_id)
        raise Invalid(f"messageId has {found} of {MAX_MESSAGE_ID} characters")
    _check_size(message)
    return message


def _check_size(message: Message) -> None:
    properties = _properties_bytes(message)
    if properties > MAX_PROPERTIES:
        raise MessageTooLarge(f"the properties take {properties} of {MAX_PROPERTIES} bytes")
    if (size := len(message.body) + properties) > MAX_SIZE:
        raise MessageTooLarge(f"the message takes {size} of {MAX_SIZE} bytes")


def _properties_bytes(message: Message) -> int:
    system = (
        *(message.message_id, message.to, message.correlation_id, message.user_id),
        *(message.content_type, message.content_encoding),
    )
    texts = (*system, *message.properties, *message.properties.values())
    return sum(len(text.encode()) for text in texts if text)


def _body(document: JsonObject) -> bytes:
    given = [name for name in BODIES if name in document]
    if not given:
        raise Missing(f"a message needs a body: one of {', '.join(BODIES)}")
    if len(given) > 1:
        raise Invalid(f"a message has one body, not {' and '.join(given)}")
    value = document[given[0]]
    if given == ["payload"]:
        return msgspec.json.encode(value)
    if not isinstance(value, str):
        raise Malformed(f"{given[0]} must be a string")
    return value.encode() if given == ["body"] else _bytes(value)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("bodyBase64 must be base64") from None


def _expiry(document: JsonObject, at: Millis) -> Millis:
    ttl, expiry = document.get("ttlSeconds"), document.get("expiry")
    if ttl is not None and expiry is not None:
        raise Invalid("a message has one end, not ttlSeconds and expiry")
    if expiry is not None:
        return at + _admitted("expiry, in seconds from now,", (_moment(expiry) - at) // 1000) * 1000
    if ttl is None:
        return at + TTL_S * 1000
    if not isinstance(ttl, int) or isinstance(ttl, bool):
        raise Malformed("ttlSeconds must be a whole number")
    return at + _admitted("ttlSeconds", ttl) * 1000


def _admitted(what: str, seconds: int) -> int:
    if not MIN_TTL_S <= seconds <= MAX_TTL_S:
        raise Invalid(f"{what} is {seconds}: it must be from {MIN_TTL_S} to {MAX_TTL_S}")
    return seconds


def _moment(value: JsonValue) -> Millis:
    """A moment in ISO 8601; without an offset it is UTC."""
    if not isinstance(value, str):
        raise Malformed("expiry must be a string")
    try:
        moment = datetime.fromisoformat(value)
        return millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except ValueError:
        raise Malformed("expiry must be a moment, as in 2026-01-31T18:00:00Z") from None


def _properties(value: JsonValue) -> dict[str, str]:
    if value is None:
        return {}
    if not is_object(value):
        raise Malformed("properties must be an object of strings")
    return {_named(name): _valued(name, one) for name, one in value.items()}


def _named(name: str) -> str:
    if not name or name.startswith(("$.", "iothub-")):
        raise Invalid(f"{name[:40]!r} cannot be a property: such names are the hub's own")
    return name


def _valued(name: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        raise Malformed(f"the property {name[:40]!r} must be a string")
    return value


def _ack(value: JsonValue) -> Ack:
    for ack in Ack:
        if value == ack:
            return ack
    if value is None:
        return Ack.NONE
    raise Invalid(f"ack must be one of {', '.join(Ack)}")


def _implied(document: JsonObject, value: str) -> str | None:
    """What a JSON payload says of itself."""
    return value if "payload" in document else None
