"""One life of a hub's services, over a memory store that outlives it and a disk that may fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.allowance import GENEROUS, Allowance
from affinage.domain.device import Device
from affinage.domain.messages import Message
from affinage.domain.names import TwinKey
from affinage.domain.policy import ALL_RIGHTS
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection
from affinage.domain.twin import DesiredChanged, TwinPatch
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.access import Access
from affinage.services.audit import Audit
from affinage.services.authorities import Authorities
from affinage.services.bulk import Bulk
from affinage.services.configurations import Configurations
from affinage.services.contents import Contents
from affinage.services.counts import Counts
from affinage.services.digital_twins import DigitalTwins
from affinage.services.feedback import FeedbackShelf
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet
from affinage.services.groups import Groups
from affinage.services.jobs.book import Book
from affinage.services.jobs.ground import Ground
from affinage.services.jobs.jobs import Jobs
from affinage.services.jobs.runner import Runner
from affinage.services.keys import Keys
from affinage.services.limits import Limits, Rates
from affinage.services.messages import Messages
from affinage.services.methods import Methods
from affinage.services.policies import Policies
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, Registry, makings
from affinage.services.replacing import Replacing
from affinage.services.sessions import Sessions
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Tending
from affinage.services.twins import Twins
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.vault import OpenVault

OWNER: Final = Principal(Kind.POLICY, "iothubowner", "test", "1", ALL_RIGHTS)
HOSTS: Final = ("hub.test", "127.0.0.1")
TURNS: Final = 8
"""Of the loop: enough for a commit without a disk, its answers, and bitmaps for a few rows."""


def policy(rights: Right) -> Principal:
    """Somebody with these rights."""
    return Principal(Kind.POLICY, "some", "test", "1", rights)


def itself(name: str) -> Principal:
    """The identity ``device`` or ``device/module``."""
    key = key_of(name)
    return Principal(Kind.DEVICE, name, "test", "1", Right.DEVICE_CONNECT, scope=key)


def key_of(name: str) -> TwinKey:
    return TwinKey.parse(name)


class Disk:
    """Stands where a store waits for its disk: a test may have it fail, or hold it."""

    def __init__(self) -> None:
        self.fails = False
        self.commits = 0
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        """Let no commit end."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def sync(self) -> None:
        self.commits += 1
        await self._free.wait()
        if self.fails:
            raise OSError("no space left")


@dataclass(eq=False)
class Door:
    """A connection that writes down what it is told."""

    told: list[DesiredChanged] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    heard_at: float = 0.0
    takes: set[str] = field(default_factory=set)
    """The methods that it subscribed to."""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, request id and payload."""

    def invoke(self, name: str, rid: str, payload: bytes) -> bool:
        if name in self.takes:
            self.asked.append((name, rid, payload))
        return name in self.takes

    quality: int | None = None
    """At which it takes messages; None if it does not."""
    delivered: list[Message] = field(default_factory=list)

    @property
    def takes_messages(self) -> bool:
        return self.quality is not None

    def deliver(self, message: Message) -> int | None:
        if self.takes_messages:
            self.delivered.append(message)
        return self.quality

    def desired_changed(self, change: DesiredChanged) -> None:
        self.told.append(change)

    def close(self, reason: str) -> None:
        self.closed.append(reason)


class Life:
    """What a test does and sees; the operations are the owner's, named ``device[/module]``."""

    def __init__(
        self,
        before: "Life | None" = None,
        allowance: Allowance | None = None,
        throttle: Rates | None = None,
    ) -> None:
        given = GENEROUS if before is None else before.allowance
        self.allowance: Allowance = given if allowance is None else allowance
        self.disk: Disk = Disk() if before is None else before.disk
        self.store: MemoryStore = MemoryStore(self.disk.sync) if before is None else before.store
        self.clock: FixedClock = FixedClock() if before is None else before.clock
        self.ids: CountingIds = CountingIds() if before is None else before.ids
        self.vault = OpenVault()
        self.identities = FreshModules(makings(self.vault, self.ids))
        self.fleet = Fleet(self.store, self.clock, self.identities, self.allowance)
        self.limits = Limits(self.clock, throttle)
        self.audit = Audit(self.fleet, self.clock, max_entries=50)
        self.policies = Policies(self.fleet, self.vault, self.ids, self.limits)
        self.authorities = Authorities(self.fleet, self.clock, self.ids, self.limits)
        self.access = Access(
            self.fleet,
            self.policies,
            self.authorities,
            self.vault,
            clock=self.clock,
            hosts=HOSTS,
        )
        self.registry = Registry(self.fleet, self.vault, self.clock, self.ids, self.limits)
        self.bulk = Bulk(Registry(self.fleet, self.vault, self.clock, self.ids), self.limits)
        made_of = makings(self.vault, self.ids)
        self.keys_anew = Keys(self.fleet, self.vault, made_of, self.limits)
        self.contents = Contents(self.fleet, self.identities, self.limits)
        self.twins = Twins(self.fleet, self.limits)
        self.sessions = Sessions(self.fleet, self.clock, self.limits)
        self.methods = Methods(self.fleet, self.sessions, self.clock, self.ids, self.limits)
        self.digital_twins = DigitalTwins(self.fleet, self.methods, self.limits)
        self.shelf = FeedbackShelf(self.fleet, self.clock, self.ids, self.limits)
        self.messages = Messages(
            self.fleet, self.sessions, self.shelf, self.clock, self.ids, limits=self.limits
        )
        self.book = Book(self.fleet)
        self.jobs = Jobs(self.fleet, self.book, self.clock, self.limits, max_active=3)
        ground = Ground(self.fleet, self.clock, self.limits)
        self.runner = Runner(ground, self.book, self.jobs, self.methods.invoke, max_active=3)
        self.queries = Queries(self.fleet, self.limits, self.book.rows)
        self.sweeps = Sweeps(self.fleet, self.clock)
        self.tending = Tending(self.fleet, self.clock)
        self.counts = Counts(self.fleet, self.queries, self.clock)
        self.configurations = Configurations(
            self.fleet, self.queries, self.counts, self.clock, limit=5, limits=self.limits
        )
        self.replacing = Replacing(self.fleet, self.identities, self.limits)
        self.groups = Groups(self.fleet, self.queries, self.counts, self.clock, self.limits)

    async def create(self, *names: str, **twin: Any) -> None:
        """New identities; ``tags`` and ``desired`` of their twins, and ``edge`` devices."""
        body: JsonObject = {"capabilities": {"iotEdge": twin.pop("edge", False)}}
        begun = TwinPatch(twin.get("tags", {}), twin.get("desired", {}))
        for name in names:
            await self.registry.create(key_of(name), body, begun, by=OWNER)

    async def delete(self, name: str) -> None:
        await self.registry.delete(key_of(name), if_match=None, by=OWNER)

    async def tag(self, name: str, **tags: Any) -> None:
        await self.twins.patch(key_of(name), TwinPatch(tags), if_match=None, by=OWNER)

    async def desire(self, name: str, **desired: Any) -> None:
        change = TwinPatch(desired=desired)
        await self.twins.patch(key_of(name), change, if_match=None, by=OWNER)

    async def report(self, name: str, **reported: Any) -> None:
        await self.twins.report(key_of(name), reported, by=itself(name))

    async def configure(
        self, name: str, condition: str, priority: int = 0, **written: Any
    ) -> JsonObject:
        """A new configuration that writes these names of desired, ``who=name`` if none."""
        content: JsonObject = {
            f"properties.desired.{path}": value
            for path, value in (written or {"who": name}).items()
        }
        body: JsonObject = {
            "targetCondition": condition,
            "priority": priority,
            "content": {"deviceContent": content},
        }
        return await self.configurations.put(name, body, if_match=None, by=OWNER)

    async def deploy(self, name: str, condition: str, *modules: str) -> None:
        """A new edge deployment that starts these modules."""
        started: JsonObject = {
            f"properties.desired.modules.{module}": {"settings": {}} for module in modules
        }
        own: JsonObject = {module: {"properties.desired": {"x": 1}} for module in modules}
        content: JsonObject = {"modulesContent": {"$edgeAgent": started, **own}}
        body: JsonObject = {"content": content, "targetCondition": condition}
        await self.configurations.put(name, body, if_match=None, by=OWNER)

    async def retarget(self, name: str, condition: str) -> JsonObject:
        body: JsonObject = {"targetCondition": condition}
        return await self.configurations.put(name, body, if_match="*", by=OWNER)

    async def group(self, name: str, condition: str, *, again: bool = False) -> JsonObject:
        """A new group, or a group changed."""
        body: JsonObject = {"condition": condition}
        return await self.groups.put(name, body, if_match="*" if again else None, by=OWNER)

    async def withdraw(self, name: str) -> None:
        await self.configurations.delete(name, if_match="*", by=OWNER)

    async def found(self, condition: str, collection: Collection = Collection.DEVICES) -> list[str]:
        """Which rows match."""
        rows = self.fleet.rows(collection, parse_condition(condition))
        return [row.key.path async for row in rows]

    def desired(self, name: str) -> JsonObject:
        return self.fleet.row(key_of(name)).twin.desired.values

    def stored(self) -> dict[str, Device]:
        """Every device as the store has it, by id."""
        devices = [codec.device(body) for _, body in self.store.read(Table.DEVICES)]
        return {device.id: device for device in devices}

    def keys(self, table: Table) -> list[str]:
        return [str(key) for key, _ in self.store.read(table)]

    async def turn(self, times: int = TURNS) -> None:
        """Let everybody else go on."""
        for _ in range(times):
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Return once no sweep is under way."""
        await self.turn()
        await self.sweeps.finished()


@asynccontextmanager
async def living(before: Life | None = None, life: Life | None = None) -> AsyncIterator[Life]:
    """A hub's services, running; over the store of the life before, if it is given."""
    life = life or Life(before)
    await life.fleet.open()
    async with asyncio.TaskGroup() as tasks:
        fleet, sweeps, sessions = life.fleet, life.sweeps, life.sessions
        loops = [fleet.run(), sweeps.run(), life.tending.run(), sessions.run()]
        loops.append(life.messages.run())
        running = [tasks.create_task(loop) for loop in loops]
        running.append(tasks.create_task(life.counts.run()))
        await life.policies.open()
        await life.authorities.open()
        await life.sweeps.open()
        await life.configurations.open()
        await life.sessions.open()
        await life.messages.open()
        life.book.open()
        await life.runner.open()
        running.append(tasks.create_task(life.runner.run()))
        yield life
        for task in running:
            task.cancel()


async def pass_time(life: Life, seconds: float) -> None:
    """Second by second, so that every loop gets its turns."""
    for _ in range(int(seconds)):
        life.clock.advance(1)
        await life.turn(12)
