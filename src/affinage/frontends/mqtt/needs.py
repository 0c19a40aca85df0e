"""What this door asks of the hub: seven services, the time, and somewhere to run its work."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import structlog

from affinage.domain.messages import Message
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.twin import DesiredChanged
from affinage.domain.values import JsonObject, JsonValue
from affinage.frontends.mqtt.figures import MqttFigures
from affinage.frontends.mqtt.turns import Turns
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.provisioning.arrivals import Answer, Arrival

_log: Final = structlog.get_logger(__name__)


class Proof(Protocol):
    """Somebody proved who it is."""

    @property
    def principal(self) -> Principal: ...

    @property
    def expires_at_s(self) -> int | None:
        """Seconds since 1970; None where the proof does not expire."""
        ...


class Access(Protocol):
    def device(
        self,
        key: TwinKey,
        host: str,
        token: str | None,
        *,
        chain: Sequence[bytes] = (),
        request_id: str,
    ) -> Proof: ...


class Connection(Protocol):
    """How the hub reaches a connected identity; no method waits or raises."""

    @property
    def heard_at(self) -> float: ...

    def desired_changed(self, change: DesiredChanged) -> None: ...

    def invoke(self, name: str, rid: str, payload: bytes) -> bool:
        """Ask the client to run a method; False if it has not subscribed to it."""
        ...

    @property
    def takes_messages(self) -> bool: ...

    def deliver(self, message: Message) -> int | None:
        """Send a message; the QoS at which it went, None if the client has not subscribed."""
        ...

    def close(self, reason: str) -> None: ...


class Sessions(Protocol):
    async def attach(
        self,
        key: TwinKey,
        connection: Connection,
        *,
        clean: bool,
        model_id: str = "",
        product: str = "",
        by: Principal,
    ) -> Mapping[str, int] | None: ...

    def ready(self, key: TwinKey, *, by: Principal) -> None:
        """The client can be told what it has subscribed to, from now on."""
        ...

    async def detach(self, key: TwinKey, connection: Connection, *, by: Principal) -> None: ...

    async def subscribe(
        self, key: TwinKey, filters: Mapping[str, int], *, by: Principal
    ) -> None: ...

    async def unsubscribe(self, key: TwinKey, filters: Iterable[str], *, by: Principal) -> None: ...


class Twins(Protocol):
    async def get_own(self, key: TwinKey, *, by: Principal) -> JsonObject: ...

    def report(
        self, key: TwinKey, change: JsonObject, *, expected: int | None = None, by: Principal
    ) -> asyncio.Future[int]:
        """Queue the change at once: so changes are made in the order of the calls."""
        ...


class Methods(Protocol):
    def answer(self, key: TwinKey, rid: str, status: int, payload: bytes, *, by: Principal) -> None:
        """What became of a method; nobody may wait for it any more."""
        ...


class Messages(Protocol):
    def complete(self, key: TwinKey, number: int, *, by: Principal) -> None:
        """The client has that message of its queue; never waits and never raises."""
        ...


class Telemetry(Protocol):
    def turn_s(self, *, by: Principal) -> float:
        """The seconds to wait before a message may be sent; it is the caller's turn then."""
        ...

    def send(
        self,
        key: TwinKey,
        properties: Mapping[str, str | None],
        payload: bytes,
        *,
        is_will: bool = False,
        is_due: bool = False,
        by: Principal,
    ) -> asyncio.Future[None]:
        """Queue a message at once; done when it is durable, in the order of the calls."""
        ...


class Registrations(Protocol):
    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer:
        """Begin to assign a device to a hub; durable when it returns."""
        ...

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer:
        """How far that is, or what came of it."""
        ...


class Alarm(Protocol):
    def cancel(self) -> None: ...


class Timer(Protocol):
    """The part of an event loop that calls back later."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Alarm: ...


@dataclass(frozen=True, slots=True)
class Needs:
    access: Access
    sessions: Sessions
    twins: Twins
    methods: Methods
    messages: Messages
    telemetry: Telemetry
    registrations: Registrations
    clock: Clock
    ids: Ids
    timer: Timer
    tasks: asyncio.TaskGroup
    """Runs the work of every connection."""
    figures: MqttFigures = field(default_factory=MqttFigures)
    turns: WeakValueDictionary[TwinKey, Turns] = field(default_factory=WeakValueDictionary)
    """Of each identity that is connected, or has left something to be done."""

    def turns_of(self, key: TwinKey) -> Turns:
        """Those of all connections of an identity: what an older one said comes first. MQTT-40."""
        return self.turns.setdefault(key, Turns())

    def spawn(
        self, work: Coroutine[Any, Any, None], close: Callable[[str], object]
    ) -> asyncio.Task[None] | None:
        """Start ``work``, after all that was started before; None if the hub is stopping.

        Work lets no exception out. If it does, that is a fault of ours, and its connection is to
        ``close``: no other notices.
        """
        contained = _contained(work, close)
        try:
            return self.tasks.create_task(contained)
        except RuntimeError:  # the group has ended, or is about to
            contained.close()
            work.close()
            return None


async def _contained(work: Coroutine[Any, Any, None], close: Callable[[str], object]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  # the outermost place of a connection's work
        _log.exception("failed")
        close("a fault of the hub")
