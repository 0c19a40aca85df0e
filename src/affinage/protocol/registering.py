"""What a device says that wants to be provisioned: its user name, its topics, its one filter.

It speaks MQTT as any device does, but to the provisioning service: to register, and to ask what
has become of it. Who it is and whether it may come is not decided here.

Source: docs/spec/registering.md, REGISTER-1 to REGISTER-9.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self, TypeAlias
from urllib.parse import quote, unquote

from affinage.protocol.bags import Bag, format_bag, parse_bag
from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity, Username
from affinage.protocol.topics import literal, rid_of

ANSWERS: Final = "$dps/registrations/res/#"
"""The one filter that a registering device may subscribe to. REGISTER-5."""

MAX_REGISTRATION: Final = 128
"""Characters in a registration id."""

MAX_OPERATION: Final = 128
"""Characters in the id of an operation."""

_REGISTER: Final = "$dps/registrations/PUT/iotdps-register/?"
_POLL: Final = "$dps/registrations/GET/iotdps-get-operationstatus/?"
_ANSWER: Final = "$dps/registrations/res/"
_SEGMENT: Final = "registrations"
_SEGMENTS: Final = (3, 4)
_NUMBER: Final = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Registrant:
    """Who a registering device says it is."""

    scope: str
    """The id scope of the provisioning service that it means."""
    registration: str
    """As sent: keys are derived from that, and tokens name it."""
    properties: Bag
    """As ``api-version`` and ``ClientVersion``; names as sent."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``scope/registrations/id[/properties]``.

        Raises:
            ProtocolError: it is something else.

        Source: REGISTER-1.
        """
        scope, *rest = text.split("/")
        if not scope or rest[:1] != [_SEGMENT] or len(rest) + 1 not in _SEGMENTS or not rest[1]:
            raise ProtocolError("a user name is not scope/registrations/id[/properties]")
        if len(rest[1]) > MAX_REGISTRATION:
            raise ProtocolError(f"a registration id of {len(rest[1])} of {MAX_REGISTRATION}")
        bag = rest[2] if rest[2:] else ""
        return cls(scope, rest[1], parse_bag(bag.removeprefix("?")))

    @property
    def text(self) -> str:
        bag = format_bag(self.properties)
        return f"{self.scope}/{_SEGMENT}/{self.registration}/{bag}"

    @property
    def identity(self) -> Identity:
        """What its client id names."""
        return Identity(self.registration)

    @property
    def resource(self) -> str:
        """What its token names."""
        return f"{self.scope}/{_SEGMENT}/{self.registration}"


def read_name(text: str, client_id: str) -> Username | Registrant:
    """Who a CONNECT is from: of a hub's devices, or one that wants to be.

    The client id decides, for a device may be called ``registrations``: only who registers has the
    one that the user name has behind that.

    Raises:
        ProtocolError: it is neither.

    Source: REGISTER-1, REGISTER-2.
    """
    segments = text.split("/")
    if len(segments) in _SEGMENTS and segments[1:3] == [_SEGMENT, client_id]:
        return Registrant.parse(text)
    return Username.parse(text)


class Register(NamedTuple):
    """Device to hub: assign me to a hub, by what the payload says."""

    rid: str

    @property
    def topic(self) -> str:
        return f"{_REGISTER}$rid={self.rid}"


class Poll(NamedTuple):
    """Device to hub: what has become of my registration?"""

    rid: str
    operation: str

    @property
    def topic(self) -> str:
        return f"{_POLL}$rid={self.rid}&operationId={quote(self.operation, safe='')}"


class RegistrationAnswer(NamedTuple):
    """Hub to device: the answer to a Register or a Poll."""

    status: int
    rid: str
    retry_after_s: int | None = None
    """When to ask again; None if there is nothing more to ask."""

    @property
    def topic(self) -> str:
        # REGISTER-7: clients split the topic at each `$`, so there are these two alone.
        after = "" if self.retry_after_s is None else f"&retry-after={self.retry_after_s}"
        return f"{_ANSWER}{self.status}/?$rid={self.rid}{after}"


Ask: TypeAlias = Register | Poll


def parse_ask(topic: str, _: Identity) -> Ask:
    """What a registering device asks for by publishing to ``topic``.

    Raises:
        ProtocolError: it may not publish there.

    Source: REGISTER-4, REGISTER-6.
    """
    for prefix, parse in _ASKS:
        if topic.startswith(prefix):
            return parse(literal(topic.removeprefix(prefix)))
    raise ProtocolError(f"a registering device may not publish to {topic[:80]!r}")


def parse_answer(topic: str) -> RegistrationAnswer:
    """What the hub answers a registering device by publishing to ``topic``; ProtocolError."""
    status, _, rest = topic.removeprefix(_ANSWER).partition("/?")
    if not topic.startswith(_ANSWER) or not _NUMBER.fullmatch(status):
        raise ProtocolError(f"a hub answers no registration on {topic[:80]!r}")
    bag = literal(rest)
    after = bag.get("retry-after", "")
    seconds = int(after) if _NUMBER.fullmatch(after) else None
    return RegistrationAnswer(int(status), rid_of(bag), seconds)


def _register(bag: dict[str, str]) -> Register:
    return Register(rid_of(bag))


def _poll(bag: dict[str, str]) -> Poll:
    operation = unquote(bag.get("operationId", ""))
    if not 1 <= len(operation) <= MAX_OPERATION:
        raise ProtocolError(f"an operationId of {len(operation)} characters, of {MAX_OPERATION}")
    return Poll(rid_of(bag), operation)


_ASKS: Final[tuple[tuple[str, Callable[[dict[str, str]], Ask]], ...]] = (
    (_REGISTER, _register),
    (_POLL, _poll),
)
