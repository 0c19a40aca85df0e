"""The topics of a hub: what a device publishes to it, and what it publishes to the device.

Each kind is a tuple that knows its ``topic``; `parse_request` reads those that a device publishes,
`parse_delivery` those that the hub publishes. Law: parsing a topic gives back what spelled it.
Topics about twins and methods name no identity: the connection does (MQTT-22).

Source: docs/spec/mqtt.md, MQTT-22 to MQTT-27.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from affinage.protocol.bags import format_bag, parse_bag
from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity

MAX_RID: Final = 128
"""Characters in a request id; the public clients send 36 at most."""

MAX_PROPERTIES: Final = 1_000
"""Properties of one message: a topic has room for 30,000, which take a hundred times its bytes."""

_INTEGER: Final = re.compile("-?[0-9]{1,18}")
_TWIN_GET: Final = "$iothub/twin/GET/?"
_TWIN_PATCH: Final = "$iothub/twin/PATCH/properties/reported/?"
_TWIN_RESPONSE: Final = "$iothub/twin/res/"
_DESIRED: Final = "$iothub/twin/PATCH/properties/desired/"
_METHOD: Final = "$iothub/methods/POST/"
_DEVICE_BOUND: Final = "/messages/devicebound/"
_METHOD_ANSWER: Final = "$iothub/methods/res/"


class TwinGet(NamedTuple):
    """Device to hub: give me my twin."""

    rid: str

    @property
    def topic(self) -> str:
        return f"{_TWIN_GET}$rid={self.rid}"


class ReportedPatch(NamedTuple):
    """Device to hub: merge the payload into my reported properties."""

    rid: str
    version: int | None = None
    """The version of the section that the device expects; None to write over any."""

    @property
    def topic(self) -> str:
        return f"{_TWIN_PATCH}$rid={self.rid}{_version(self.version)}"


class MethodAnswer(NamedTuple):
    """Device to hub: what became of a direct method."""

    status: int
    rid: str

    @property
    def topic(self) -> str:
        return f"{_METHOD_ANSWER}{self.status}/?$rid={self.rid}"


class Telemetry(NamedTuple):
    """Device to hub: a message, of which the hub reads only the properties."""

    identity: Identity
    properties: Mapping[str, str | None]

    @property
    def topic(self) -> str:
        return f"{self.identity.root}/messages/events/{format_bag(self.properties)}"

    def retained(self) -> "Telemetry":
        """The same, which says that its sender set RETAIN: nothing is retained. MQTT-58."""
        return self._replace(properties={**self.properties, "mqtt-retain": "true"})


class TwinResponse(NamedTuple):
    """Hub to device: the answer to a TwinGet or a ReportedPatch."""

    status: int
    rid: str
    version: int | None = None
    """The new version of the reported properties, if they were changed."""

    @property
    def topic(self) -> str:
        return f"{_TWIN_RESPONSE}{self.status}/?$rid={self.rid}{_version(self.version)}"


class DesiredNotification(NamedTuple):
    """Hub to device: the payload was merged into your desired properties."""

    version: int

    @property
    def topic(self) -> str:
        return f"{_DESIRED}?$version={self.version}"


class MethodRequest(NamedTuple):
    """Hub to device: run a direct method."""

    name: str
    rid: str

    @property
    def topic(self) -> str:
        return f"{_METHOD}{self.name}/?$rid={self.rid}"


class DeviceBound(NamedTuple):
    """Hub to device: a message that somebody sent to it; ``identity`` is the device's own."""

    identity: Identity
    properties: Mapping[str, str | None]

    @property
    def topic(self) -> str:
        return f"{self.identity.root}{_DEVICE_BOUND}{format_bag(self.properties)}"


Request: TypeAlias = TwinGet | ReportedPatch | MethodAnswer | Telemetry
Delivery: TypeAlias = TwinResponse | DesiredNotification | MethodRequest | DeviceBound


def parse_request(topic: str, identity: Identity) -> Request:
    """What ``identity`` asks for by publishing to ``topic``.

    Raises:
        ProtocolError: a device may not publish there, it is another identity's topic, or a message
            of more than MAX_PROPERTIES.

    Source: MQTT-22 to MQTT-27, MQTT-61.
    """
    for prefix, parse in _REQUESTS:
        if topic.startswith(prefix):
            return parse(topic.removeprefix(prefix))
    events, own = f"{identity.root}/messages/events", topic.rstrip("/")
    if own != events and not own.startswith(f"{events}/"):
        raise ProtocolError(f"{identity.client_id} may not publish to {topic[:80]!r}")
    bag = own.removeprefix(events).removeprefix("/")
    if (count := bag.count("&") + 1) > MAX_PROPERTIES:
        raise ProtocolError(f"a message of {count} of {MAX_PROPERTIES} properties")
    return Telemetry(identity, parse_bag(bag))


def parse_will(topic: str, identity: Identity, *, is_retained: bool) -> Telemetry:
    """The message that ``identity`` leaves behind, to be published to ``topic``.

    Raises:
        ProtocolError: it is no message of its own.

    Source: MQTT-17.
    """
    message = parse_request(topic, identity)
    if not isinstance(message, Telemetry):
        raise ProtocolError("a will that is not a message of the identity's own")
    return message.retained() if is_retained else message


def parse_delivery(topic: str) -> Delivery:
    """What the hub says by publishing to ``topic``.

    Raises:
        ProtocolError: a hub says nothing there.
    """
    for prefix, parse in _DELIVERIES:
        if topic.startswith(prefix):
            return parse(topic.removeprefix(prefix))
    root, bound, bag = topic.partition(_DEVICE_BOUND)
    if bound:
        return DeviceBound(_identity(root), parse_bag(bag))
    raise ProtocolError(f"a hub does not publish to {topic[:80]!r}")


def _version(version: int | None) -> str:
    return "" if version is None else f"&$version={version}"


# ── parsing: each from what follows its prefix ───────────────────────────────────────────────


def _twin_get(rest: str) -> TwinGet:
    return TwinGet(rid_of(literal(rest)))


def _reported_patch(rest: str) -> ReportedPatch:
    bag = literal(rest)
    version = bag.get("$version")
    return ReportedPatch(rid_of(bag), None if version is None else _integer(version))


def _method_answer(rest: str) -> MethodAnswer:
    status, bag = _split(rest)
    return MethodAnswer(_integer(status), rid_of(bag))


def _twin_response(rest: str) -> TwinResponse:
    status, bag = _split(rest)
    version = bag.get("$version")
    return TwinResponse(
        _integer(status), rid_of(bag), None if version is None else _integer(version)
    )


def _desired(rest: str) -> DesiredNotification:
    return DesiredNotification(_integer(literal(rest.removeprefix("?")).get("$version", "")))


def _method_request(rest: str) -> MethodRequest:
    name, bag = _split(rest)
    return MethodRequest(name, rid_of(bag))


_REQUESTS: Final[tuple[tuple[str, Callable[[str], Request]], ...]] = (
    (_TWIN_PATCH, _reported_patch),
    (_TWIN_GET, _twin_get),
    (_METHOD_ANSWER, _method_answer),
)
_DELIVERIES: Final[tuple[tuple[str, Callable[[str], Delivery]], ...]] = (
    (_TWIN_RESPONSE, _twin_response),
    (_DESIRED, _desired),
    (_METHOD, _method_request),
)


def _identity(root: str) -> Identity:
    """The identity whose own topics begin with ``root``."""
    match root.split("/"):
        case ["devices", device] if device:
            return Identity(device)
        case ["devices", device, "modules", module] if device and module:
            return Identity(device, module)
        case _:
            raise ProtocolError(f"{root[:80]!r} is no identity's")


def _split(rest: str) -> tuple[str, dict[str, str]]:
    """``value/?bag``."""
    value, _, bag = rest.partition("/?")
    return value, literal(bag)


def literal(text: str) -> dict[str, str]:
    """A bag that is read as it stands: a request id goes back byte for byte (MQTT-23)."""
    bag: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        bag.setdefault(name, value)
    return bag


def rid_of(bag: Mapping[str, str]) -> str:
    """The request id in a bag; ProtocolError if there is none, or it is too long. MQTT-23."""
    rid = bag.get("$rid")
    if not rid:
        raise ProtocolError("a request without $rid")
    if len(rid) > MAX_RID:
        raise ProtocolError(f"a $rid of {len(rid)} of {MAX_RID} characters")
    return rid


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ProtocolError(f"{text[:20]!r} in a topic is not a whole number")
    return int(text)
