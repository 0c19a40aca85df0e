"""What a device hears from its hub, and who in its program takes it: desired, methods, messages.

Decided here: what each hearer is told and what it gives back, and which filters they need.

Source: docs/spec/mqtt.md, methods.md, messages.md.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from affinage.domain.values import JsonObject, JsonValue
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import FILTERS, Feed, messages_filter
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.topics import MethodAnswer, MethodRequest


class Invocation(NamedTuple):
    """A direct method that the hub wants run."""

    name: str
    payload: JsonValue


class Result(NamedTuple):
    """What became of it; the status is the device's to choose."""

    status: int
    payload: JsonValue = None


class Message(NamedTuple):
    """A cloud-to-device message."""

    body: bytes
    properties: Mapping[str, str | None]
    """As the topic has them: those of the system begin with ``$.``."""
    is_again: bool
    """Whether the hub has sent it before, and does not know that it came."""


OnDesired: TypeAlias = Callable[[JsonObject, int], None]
"""Told each patch of the desired properties, and the version that it leads to, in order.

It may be told one before `get_twin` has returned to its caller: keep it then, and drop it if its
version is not greater than that of the twin.
"""

OnMethod: TypeAlias = Callable[[Invocation], Result | None]
"""Runs a method, and does not wait; None leaves the hub without an answer."""

OnMessage: TypeAlias = Callable[[Message], None]
"""Takes a message: once it has returned the message is acknowledged, and never sent again. One
that the hub does not know to have come may be told twice, with the same ``$.mid``."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who takes what; None where nobody does, and nothing is subscribed to then."""

    on_desired: OnDesired
    on_method: OnMethod | None = None
    on_message: OnMessage | None = None

    def filters(self, identity: Identity) -> tuple[tuple[str, int], ...]:
        """What to subscribe to, and at which QoS."""
        wanted = [(FILTERS[Feed.TWIN_RESPONSES], 0), (FILTERS[Feed.DESIRED], 0)]
        if self.on_method:
            wanted.append((FILTERS[Feed.METHODS], 0))
        if self.on_message:
            wanted.append((messages_filter(identity), 1))
        return tuple(wanted)

    def run(self, request: MethodRequest, payload: bytes) -> Publish | None:
        """Run the method; the answer to publish, None if there is to be none.

        Raises:
            ProtocolError: the payload is not JSON.
        """
        result = self.on_method and self.on_method(Invocation(request.name, parsed(payload)))
        if result is None:
            return None
        return Publish(MethodAnswer(result.status, request.rid).topic, spelled(result.payload))

    def take(self, message: Message) -> bool:
        """Whether somebody has taken the message: it is lost if it is acknowledged unheard."""
        if self.on_message is None:
            return False
        self.on_message(message)
        return True


def parsed(payload: bytes) -> JsonValue:
    """Raises ProtocolError if it is not JSON."""
    try:
        value: JsonValue = json.loads(payload)
    except ValueError:
        raise ProtocolError("the hub sent what is not JSON") from None
    return value


def spelled(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
