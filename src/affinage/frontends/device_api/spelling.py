"""Headers and properties: how HTTP spells what a topic's bag says over MQTT.

Decided here: the names and encodings. Not here: what may be said, which is the services'.

Source: DEVICE-11, DEVICE-12, DEVICE-20, DEVICE-24.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from affinage.domain.errors import Invalid
from affinage.domain.messages import Ack
from affinage.domain.moments import iso
from affinage.services.locks import Received

APP: Final = "iothub-app-"
"""What the name of a header begins with that is a property of its sender's own."""

MAX_PROPERTIES: Final = 100
"""Properties of one message that came by request."""

SYSTEM: Final = {
    "iothub-messageid": "$.mid",
    "iothub-correlationid": "$.cid",
    "iothub-userid": "$.uid",
    "iothub-to": "$.to",
    "iothub-contenttype": "$.ct",
    "iothub-contentencoding": "$.ce",
    "iothub-expiry": "$.exp",
    "iothub-outputname": "$.on",
    "iothub-creation-time-utc": "$.ctime",
    "iothub-interface-id": "$.ifid",
    "iothub-message-schema": "$.schema",
    "dt-subject": "$.sub",
}
"""The headers that are properties of the system."""

_PRINTABLE: Final = re.compile(r"[ -~]*")
_IN_NAMES: Final = "!#$&'*+^`|"
"""What may stand in the name of a header beside what `quote` lets stand."""


def told(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The properties that headers say; Invalid if they are too many."""
    return _counted({name: text for name, text in map(_told, headers) if name})


def named(given: Mapping[str, str]) -> dict[str, str]:
    """The properties that a batch names, as `told`; a name that no header has is its own."""
    return _counted({_name(name) or name: text for name, text in given.items()})


def _counted(found: dict[str, str]) -> dict[str, str]:
    if len(found) > MAX_PROPERTIES:
        raise Invalid(f"the message has {len(found)} of {MAX_PROPERTIES} properties")
    return found


def headers(received: Received) -> Iterator[tuple[str, str]]:
    """What is said of a message that a device is given."""
    message = received.message
    system = {
        "etag": f'"{received.token}"',
        "iothub-messageid": message.message_id,
        "iothub-to": message.to,
        "iothub-correlationid": message.correlation_id,
        "iothub-userid": message.user_id,
        "iothub-contenttype": message.content_type,
        "iothub-contentencoding": message.content_encoding,
        "iothub-ack": None if message.ack is Ack.NONE else str(message.ack),
        "iothub-sequencenumber": str(message.number),
        "iothub-enqueuedtime": iso(message.enqueued_at),
        "iothub-expiry": iso(message.expires_at),
        "iothub-deliverycount": str(message.deliveries - 1),
    }
    yield from ((name, _value(text)) for name, text in system.items() if text is not None)
    for name, text in message.properties.items():
        yield f"{APP}{quote(name, safe=_IN_NAMES)}", _value(text)


def _told(header: tuple[str, str]) -> tuple[str, str]:
    name, text = header
    return _name(name), _text(text)


def _name(header: str) -> str:
    """The property that a header is; empty if it is none."""
    lower = header.lower()
    if lower.startswith(APP):
        return header[len(APP) :]
    return SYSTEM.get(lower, "")


def _text(text: str) -> str:
    """The value of a header, which HTTP has as bytes: UTF-8 if it is any."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _value(text: str) -> str:
    if _PRINTABLE.fullmatch(text):
        return text
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="
