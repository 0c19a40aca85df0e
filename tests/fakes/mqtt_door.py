"""What stands around the MQTT door in its tests: a wire in memory, five services, and time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from affinage.domain.errors import Unauthorized
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.provisioning.registration import Status
from affinage.domain.twin import DesiredChanged
from affinage.domain.values import JsonObject, JsonValue, is_object, merge
from affinage.frontends.mqtt.connection import MqttConnection
from affinage.frontends.mqtt.needs import Connection, Needs
from affinage.protocol.mqtt.packets import Connect, Decoder, Packet, encode
from affinage.services.provisioning.arrivals import Answer, Arrival
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.mqtt_wire import FakeTimer, Wire

HOST: Final = "hub.test"
TOKEN: Final = "the right one"
KEY: Final = TwinKey("pump-1")


@dataclass(frozen=True)
class FakeProof:
    principal: Principal
    expires_at_s: int | None


@dataclass
class FakeAccess:
    """Lets in who names HOST and has TOKEN."""

    failure: Exception | None = None
    expires_at_s: int | None = None
    chains: list[Sequence[bytes]] = field(default_factory=list)

    def device(
        self,
        key: TwinKey,
        host: str,
        token: str | None,
        *,
        chain: Sequence[bytes] = (),
        request_id: str,
    ) -> FakeProof:
        self.chains.append(chain)
        if self.failure:
            raise self.failure
        if (host, token) != (HOST, TOKEN):
            raise Unauthorized(f"{key.path}: unknown, or not proven")
        rights = Right.DEVICE_CONNECT
        who = Principal(Kind.DEVICE, key.path, "mqtt", request_id, rights, scope=key)
        return FakeProof(who, self.expires_at_s)


class Gate:
    """Where work waits while it is shut; `failure` is what whoever passes meets."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._opened.set()
        self.failure: Exception | None = None

    def shut(self) -> None:
        self._opened.clear()

    def open(self) -> None:
        self._opened.set()

    async def passed(self) -> None:
        await self._opened.wait()
        if self.failure:
            raise self.failure


class FakeSessions:
    def __init__(self) -> None:
        self.models: dict[TwinKey, str] = {}
        self.products: dict[TwinKey, str] = {}
        self.gate = Gate()
        self.connections: dict[TwinKey, Connection] = {}
        self.filters: dict[TwinKey, dict[str, int]] = {}
        self.ready_again: list[TwinKey] = []
        """Whoever was let in, or has subscribed to more, in order."""

    def ready(self, key: TwinKey, *, by: Principal) -> None:
        by.require_self(key)
        self.ready_again.append(key)

    async def attach(
        self,
        key: TwinKey,
        connection: Connection,
        *,
        clean: bool,
        model_id: str = "",
        product: str = "",
        by: Principal,
    ) -> Mapping[str, int] | None:
        by.require_self(key)
        await self.gate.passed()
        if older := self.connections.pop(key, None):
            older.close("taken over")
        self.connections[key] = connection
        self.models[key], self.products[key] = model_id, product
        if clean:
            self.filters.pop(key, None)
        return self.filters.get(key)

    async def detach(self, key: TwinKey, connection: Connection, *, by: Principal) -> None:
        by.require_self(key)
        await self.gate.passed()
        if self.connections.get(key) is connection:
            del self.connections[key]

    async def subscribe(self, key: TwinKey, filters: Mapping[str, int], *, by: Principal) -> None:
        by.require_self(key)
        added = {**self.filters.get(key, {}), **filters}
        await self.gate.passed()
        self.filters[key] = added

    async def unsubscribe(self, key: TwinKey, filters: Iterable[str], *, by: Principal) -> None:
        by.require_self(key)
        kept = {name: qos for name, qos in self.filters[key].items() if name not in filters}
        await self.gate.passed()
        self.filters[key] = kept

    def tell(self, patch: JsonObject, version: int, key: TwinKey = KEY) -> None:
        """Desired properties have changed."""
        self.connections[key].desired_changed(DesiredChanged(key, patch, version))


class FakeTwins:
    """One twin; what is reported is in it from the commit on, which `gate` may hold up."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.reported: JsonObject = {}
        self.version = 1
        self.commits: list[list[JsonObject]] = []
        self.expected: list[int | None] = []
        self._queue: list[tuple[JsonObject, asyncio.Future[int]]] = []

    async def get_own(self, key: TwinKey, *, by: Principal) -> JsonObject:
        by.require_self(key)
        if self.gate.failure:
            raise self.gate.failure
        reported = {**self.reported, "$version": self.version}
        return {"desired": {"$version": 1}, "reported": reported}

    def report(
        self, key: TwinKey, change: JsonObject, *, expected: int | None = None, by: Principal
    ) -> asyncio.Future[int]:
        by.require_self(key)
        self.expected.append(expected)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((change, answer))
        return asyncio.ensure_future(self._committed(answer))

    async def _committed(self, answer: asyncio.Future[int]) -> int:
        await self.gate.passed()
        self._commit()
        return await answer

    def _commit(self) -> None:
        queue, self._queue = self._queue, []
        if queue:
            self.commits.append([change for change, _ in queue])
        for change, answer in queue:
            merged = merge(self.reported, change)
            assert is_object(merged)
            self.reported, self.version = merged, self.version + 1
            answer.set_result(self.version)


class FakeMethods:
    """Writes down what it is answered."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, int, bytes]] = []

    def answer(self, key: TwinKey, rid: str, status: int, payload: bytes, *, by: Principal) -> None:
        by.require_self(key)
        self.answers.append((rid, status, payload))


class FakeMessages:
    """Writes down what is completed."""

    def __init__(self) -> None:
        self.completed: list[int] = []

    def complete(self, key: TwinKey, number: int, *, by: Principal) -> None:
        by.require_self(key)
        self.completed.append(number)


class FakeTelemetry:
    """Writes down what it is sent; kept once `gate` is open."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.refusal: Exception | None = None
        self.sent: list[tuple[dict[str, str | None], bytes]] = []
        self.wills: list[tuple[dict[str, str | None], bytes]] = []
        """Those among them that a lost client left behind."""
        self.waits: list[float] = []
        """How long each of the next messages has to wait for its turn."""

    def turn_s(self, *, by: Principal) -> float:
        return self.waits.pop(0) if self.waits else 0.0

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
        assert is_due
        by.require_self(key)
        if self.refusal:
            raise self.refusal
        self.sent.append((dict(properties), payload))
        if is_will:
            self.wills.append(self.sent[-1])
        return asyncio.ensure_future(self.gate.passed())


class FakeRegistrations:
    """Begins operation `5.1` for who has TOKEN; it ends as soon as it is asked for."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.failure: Exception | None = None
        self.came: list[Arrival] = []
        self.payloads: list[JsonValue] = []

    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer:
        await self._judged(arrival)
        self.payloads.append(payload)
        return Answer("5.1", Status.ASSIGNING, retry_after_s=3)

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer:
        await self._judged(arrival)
        return Answer(operation_id, Status.ASSIGNED, {"deviceId": arrival.registration_id})

    async def _judged(self, arrival: Arrival) -> None:
        self.came.append(arrival)
        await self.gate.passed()
        if self.failure:
            raise self.failure
        if arrival.token != TOKEN:
            raise Unauthorized(f"enrollment {arrival.registration_id} has another key")


class Client:
    """The far end of one connection."""

    def __init__(self, door: "Door", chain: list[bytes] | None) -> None:
        self.wire = Wire(chain)
        self.connection = MqttConnection(door.needs)
        self.connection.connection_made(self.wire)
        self._decoder = Decoder()
        self._lost = False

    async def send(self, *packets: Packet) -> list[Packet]:
        """Send all in one piece; what has come by the time the hub rests."""
        self.connection.data_received(b"".join(map(encode, packets)))
        return await self.received()

    async def received(self) -> list[Packet]:
        """What has come since the last time, when the hub rests."""
        for _ in range(20):
            await asyncio.sleep(0)
        sent, self.wire.sent = self.wire.sent, b""
        return list(self._decoder.feed(sent))

    def drop(self) -> None:
        """The network breaks, or the closed transport says so."""
        if not self._lost:
            self._lost = self.wire.is_closed = True
            self.connection.connection_lost(None)


class Door:
    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.clock = FixedClock()
        self.timer = FakeTimer(self.clock)
        self.access, self.sessions = FakeAccess(), FakeSessions()
        self.twins, self.methods = FakeTwins(), FakeMethods()
        self.telemetry = FakeTelemetry()
        self.messages = FakeMessages()
        self.registrations = FakeRegistrations()
        self.needs = Needs(
            access=self.access,
            sessions=self.sessions,
            twins=self.twins,
            methods=self.methods,
            telemetry=self.telemetry,
            registrations=self.registrations,
            messages=self.messages,
            clock=self.clock,
            ids=CountingIds(),
            timer=self.timer,
            tasks=tasks,
        )

    def call(self, chain: list[bytes] | None = None) -> Client:
        return Client(self, chain)

    async def connected(self, *filters: str, **connect: Any) -> Client:
        """A client that was let in, with these filters stored."""
        if filters:
            self.sessions.filters[KEY] = dict.fromkeys(filters, 0)
        client = self.call()
        await client.send(hello(**connect))
        return client


def hello(**connect: Any) -> Connect:
    """The CONNECT of pump-1 that will be let in, unless said otherwise."""
    usual = {"username": f"{HOST}/pump-1/?api-version=2021-04-12", "password": TOKEN.encode()}
    return Connect(**{"client_id": "pump-1", **usual, **connect})


@asynccontextmanager
async def a_door() -> AsyncIterator[Door]:
    async with asyncio.TaskGroup() as tasks:
        yield Door(tasks)
