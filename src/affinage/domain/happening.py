"""What the feed tells: telemetry, and what happens to twins, devices, connections and the hub.

Decided here: what an event is, and how it is shown. Not here: when there is one, where it is kept.

Source: docs/spec/events.md.
"""

import base64
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from affinage.domain.errors import TooLarge
from affinage.domain.moments import Millis, iso
from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject

MAX_TELEMETRY: Final = 262_144
"""Bytes of a message's body and properties."""

SYSTEM: Final[Mapping[str, str]] = {
    "$.mid": "message-id",
    "$.cid": "correlation-id",
    "$.uid": "user-id",
    "$.to": "to",
    "$.ct": "content-type",
    "$.ce": "content-encoding",
    "$.exp": "absolute-expiry-time",
    "$.on": "iothub-outputname",
    "$.ctime": "iothub-creation-time-utc",
    "$.sub": "dt-subject",
    "$.ifid": "iothub-interface-id",
    "$.schema": "iothub-message-schema",
    "$.diagid": "Diagnostic-Id",
    "$.diagctx": "Correlation-Context",
}
"""What a device may say as system properties, and how the feed names them. EVENT-2."""

STAMPED: Final = frozenset({"$.cdid", "$.cmid"})
"""What the hub alone says: a device that says it is not heard. EVENT-3."""

MESSAGE_TYPE: Final = "iothub-MessageType"
"""The application property that the hub gives to a will, and takes from any other. EVENT-15."""

Properties = Mapping[str, str | None]


class Kind(StrEnum):
    TELEMETRY = "telemetry"
    """A message of a device or module."""
    TWIN = "twin"
    """A back end or a configuration has changed a twin; or a device reported, if that is told."""
    DEVICE = "device"
    """An identity was made, changed or deleted."""
    CONNECTION = "connection"
    """An identity has connected, or disconnected."""
    HUB = "hub"
    """The hub has started, or could not keep events."""


class Happening(Struct, frozen=True, array_like=True, gc=False):
    """One event, as it is kept."""

    kind: str
    at: Millis
    device: str = ""
    module: str | None = None
    told: dict[str, Any] = {}
    """The members that its kind has."""
    payload: bytes = b""
    """Of telemetry."""

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits, about."""
        return len(self.payload) + 500


def telemetry(
    key: TwinKey,
    properties: Properties,
    payload: bytes,
    stamps: Properties,
    *,
    is_will: bool = False,
    at: Millis,
) -> Happening:
    """The event of a device's message.

    Args:
        properties: as the topic has them, system and application alike.
        stamps: what the hub says of the sender.
        is_will: whether the device left it for the case that it is lost.

    Raises:
        TooLarge: body and properties take more than MAX_TELEMETRY bytes.

    Source: EVENT-1 to EVENT-4, EVENT-15.
    """
    size = len(payload) + said(properties)
    if size > MAX_TELEMETRY:
        raise TooLarge(f"the message of {key.path} takes {size} of {MAX_TELEMETRY} bytes")
    system = {
        SYSTEM.get(name, name): value
        for name, value in properties.items()
        if name.startswith("$.") and name not in STAMPED
    }
    own = {
        name: value
        for name, value in properties.items()
        if not name.startswith("$.") and name != MESSAGE_TYPE
    }
    told = {
        "properties": own | {MESSAGE_TYPE: "Will"} if is_will else own,
        "systemProperties": {**system, **stamps},
    }
    return Happening(Kind.TELEMETRY, at, key.device, key.module, told, payload)


def said(properties: Properties) -> int:
    """How much the names and values of properties take."""
    return sum(len(name) + len(value or "") for name, value in properties.items())


def document(offset: int, one: Happening) -> JsonObject:
    """The event as the feed shows it. Source: EVENT-5."""
    named = {"deviceId": one.device or None, "moduleId": one.module}
    shown = {
        "offset": offset,
        "kind": one.kind,
        "at": iso(one.at),
        **{name: value for name, value in named.items() if value is not None},
        **one.told,
    }
    if one.kind == Kind.TELEMETRY:
        shown["bodyIs"], shown["body"] = _body(one)
    return shown


def _body(one: Happening) -> tuple[str, Any]:
    """How the body is shown, and the body: JSON as JSON, text as text, the rest in base64."""
    kind = one.told["systemProperties"].get("content-type") or ""
    if kind.partition(";")[0].strip().lower() == "application/json":
        try:
            return "json", msgspec.json.decode(one.payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # it says so, and is not
    try:
        return "text", one.payload.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(one.payload).decode()
