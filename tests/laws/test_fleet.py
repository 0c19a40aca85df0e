"""What must hold of the fleet after any history of writes, failed commits and restarts.

The reference is slow and plain: every device read back from the store, every condition asked of
every one with `evaluate`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.errors import AffinageError
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.query.evaluate import matches
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection, Expr
from affinage.domain.row import TwinRow
from affinage.domain.twin import TwinPatch
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.configurations import Configurations
from affinage.services.counts import Counts
from affinage.services.fleet import bitmaps, codec, search
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.indexer import UNUSED_S
from affinage.services.fleet.unit import Change
from affinage.services.groups import Groups
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, Registry, makings
from affinage.services.replacing import Replacing
from affinage.services.sweeps import Sweeps
from affinage.services.twins import Twins
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.vault import OpenVault

OPERATOR = Principal(
    Kind.OPERATOR,
    "law",
    "test",
    "1",
    Right.REGISTRY_READ | Right.REGISTRY_WRITE | Right.SERVICE_CONNECT,
)
DEVICES = ["a", "b", "edge", "d"]
CONDITIONS = [
    "tags.ring = 'canary'",
    "tags.ring != 'canary' OR NOT IS_DEFINED(tags.ring)",
    "tags.n = 1",
    "tags.n >= 1 AND NOT tags.ring = 'prod'",
    "properties.reported.fw.v IN ['1', '2'] AND tags.ring = 'canary'",
    "properties.reported.fw.v = tags.ring",
    "configurations.[[one]].status = 'Applied'",
    "deviceId = 'a' OR capabilities.iotEdge = true",
    "properties.desired.$version > 1",
    "ARRAY_CONTAINS(tags.n, '1') OR IS_OBJECT(tags.ring)",
    "properties.desired.fw.v = 'two' OR IS_DEFINED(tags.n)",
    "properties.desired.ring != 'prod' OR IS_OBJECT(properties.desired.fw)",
    "GROUP('early') AND NOT tags.n = 1",
]
values = st.sampled_from([None, "canary", "prod", 1, 1.0, True, "1", {}, {"v": "1"}, ["1"]])
patches = st.fixed_dictionaries({}, optional={"ring": values, "n": values, "fw": values})
MODULES = ["a/m", "b/m", "edge/n"]
names = st.sampled_from([*DEVICES, *MODULES])
contents = st.sampled_from(
    ["properties.desired.fw", "properties.desired.fw.v", "properties.desired"]
)

Operation: TypeAlias = tuple[Any, ...]
single = st.one_of(
    st.tuples(st.just("create"), names, patches),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("tag"), names, patches),
    st.tuples(st.just("desire"), names, patches),
    st.tuples(st.just("report"), names, patches),
    st.tuples(
        st.just("configure"),
        st.sampled_from(["one", "two"]),
        st.sampled_from(CONDITIONS),
        st.integers(0, 2),
        contents,
    ),
    st.tuples(st.just("retarget"), st.sampled_from(["one", "two"]), st.sampled_from(CONDITIONS)),
    st.tuples(st.just("withdraw"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("group"), st.sampled_from(CONDITIONS[:-1])),
    st.tuples(st.sampled_from(["retire", "restore"]), st.sampled_from(DEVICES)),
    st.tuples(st.just("ask"), st.sampled_from(CONDITIONS)),
    st.tuples(st.just("wait")),
    st.tuples(st.just("fail")),
)
operations = st.one_of(
    single,
    st.tuples(
        st.just("together"),
        st.lists(st.tuples(st.integers(0, 4), single), min_size=2, max_size=6),
    ),
    st.tuples(st.just("restart")),
)


COLLECTIONS = Collection.DEVICES, Collection.MODULES
PATIENCE = 20_000
"""Turns of the loop in which every sweep has come to its end."""


class History:
    """A fleet to which operations happen, over one store that outlives restarts."""

    def __init__(self) -> None:
        self.disk_fails = False
        self.store = MemoryStore(self._sync)
        self.clock, self.ids = FixedClock(), CountingIds()

    async def _sync(self) -> None:
        await self.turn(3)  # what comes meanwhile shares the next commit
        if self.disk_fails:
            self.disk_fails = False
            raise OSError("no space left")

    async def live(self, history: list[Operation], check: Callable[[], Any]) -> None:
        """Carry out the history, life by life, with ``check`` at the end of each."""
        lives: list[list[Operation]] = [[]]
        for operation in history:
            if operation[0] == "restart":
                lives.append([])
            else:
                lives[-1].append(operation)
        for life in lives:
            await self._one_life(life, check)

    async def _one_life(self, life: list[Operation], check: Callable[[], Any]) -> None:
        made_of = makings(OpenVault(), self.ids)
        self.fleet = Fleet(self.store, self.clock, FreshModules(made_of))
        await self.fleet.open()
        self.sweeps = Sweeps(self.fleet, self.clock)
        await self.sweeps.open()
        self.registry = Registry(self.fleet, OpenVault(), self.clock, self.ids)
        self.twins = Twins(self.fleet)
        self.queries = Queries(self.fleet)
        self.counts = Counts(self.fleet, self.queries, self.clock)
        self.configurations = Configurations(self.fleet, self.queries, self.counts, self.clock)
        self.groups = Groups(self.fleet, self.queries, self.counts, self.clock)
        replacing = Replacing(self.fleet, FreshModules(made_of))
        self.retire = partial(replacing.retire, by=OPERATOR)
        self.restore = partial(replacing.restore, by=OPERATOR)
        await self.configurations.open()
        running = [
            asyncio.ensure_future(self.fleet.run()),
            asyncio.ensure_future(self.sweeps.run()),
            asyncio.ensure_future(self.counts.run()),
        ]
        for operation in life:
            await self._happen(*operation)
        self.disk_fails = False
        await self.settle()
        await check()
        for task in running:
            task.cancel()
        await asyncio.wait(running)

    async def turn(self, turns: int = 5) -> None:
        """Let the background build its bitmaps: so few rows take it a few turns of the loop."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Until no sweep is under way; those that failed are tried again after a second."""
        finished = asyncio.ensure_future(self.sweeps.finished())
        for _ in range(PATIENCE):
            if finished.done():
                return
            self.clock.advance(1)
            await asyncio.sleep(0)
        raise AssertionError("a sweep comes to no end")

    async def _happen(self, what: str, *given: Any) -> None:
        if what == "fail":
            self.disk_fails = True
            return
        with suppress(AffinageError):  # refused, or its commit failed: nothing may have changed
            await getattr(self, what)(*given)

    async def together(self, several: list[tuple[int, Operation]]) -> None:
        """Operations of several callers, each beginning some turns of the loop from now."""

        async def later(turns: int, operation: Operation) -> None:
            await self.turn(turns)
            await self._happen(*operation)

        await asyncio.gather(*(later(*one) for one in several))

    async def create(self, name: str, patch: Any) -> None:
        body: JsonObject = {"capabilities": {"iotEdge": name == "edge"}} if "/" not in name else {}
        twin = TwinPatch({key: value for key, value in patch.items() if value is not None}, {})
        await self.registry.create(TwinKey.parse(name), body, twin, by=OPERATOR)

    async def delete(self, name: str) -> None:
        await self.registry.delete(TwinKey.parse(name), if_match=None, by=OPERATOR)

    async def tag(self, name: str, patch: Any) -> None:
        change = TwinPatch(tags=patch)
        await self.twins.patch(TwinKey.parse(name), change, if_match=None, by=OPERATOR)

    async def desire(self, name: str, patch: Any) -> None:
        change = TwinPatch(desired=patch)
        await self.twins.patch(TwinKey.parse(name), change, if_match=None, by=OPERATOR)

    async def report(self, name: str, patch: Any) -> None:
        key = TwinKey.parse(name)
        device = Principal(Kind.DEVICE, name, "test", "1", Right.DEVICE_CONNECT, key)
        await self.twins.report(key, patch, by=device)

    async def configure(self, name: str, condition: str, priority: int, path: str) -> None:
        value: Any = {"v": name} if path != "properties.desired.fw.v" else name
        body: JsonObject = {
            "targetCondition": condition,
            "priority": priority,
            "content": {"deviceContent": {path: value}},
        }
        await self.configurations.put(name, body, if_match=None, by=OPERATOR)

    async def retarget(self, name: str, condition: str) -> None:
        body: JsonObject = {"targetCondition": condition}
        await self.configurations.put(name, body, if_match="*", by=OPERATOR)

    async def withdraw(self, name: str) -> None:
        await self.configurations.delete(name, if_match="*", by=OPERATOR)

    async def group(self, condition: str) -> None:
        etag = "*" if "early" in self.fleet.groups.by_name else None
        await self.groups.put("early", {"condition": condition}, if_match=etag, by=OPERATOR)

    async def ask(self, condition: str) -> None:
        for collection in COLLECTIONS:
            await self.fleet.count(collection, parse_condition(condition))
        await self.turn()

    async def wait(self) -> None:
        """So long that what nobody uses is dropped, and what was refused is tried again."""
        for _ in range(2):
            self.clock.advance(UNUSED_S)
            await self.turn()

    def selected(self, condition: str) -> set[str]:
        """The ids of the devices that a condition selects."""
        expr, rows = self.meaning(condition), self.rows(Collection.DEVICES)
        return {row.device.id for row in rows if matches(expr, row)}

    def meaning(self, condition: str) -> Expr:
        """The condition with its groups written out, as they are now."""
        return self.fleet.groups.expanded(parse_condition(condition))

    def rows(self, collection: Collection) -> list[TwinRow]:
        """In the order of pages, of all that the store has and that is not retired."""
        keys = [
            TwinKey(device.id, module)
            for device in self.stored().values()
            if device.retired_at is None
            for module in (device.modules if collection is Collection.MODULES else [None])
        ]
        return [self.fleet.row(key) for key in sorted(keys, key=lambda key: key.path.split("/"))]

    def stored(self) -> dict[str, Any]:
        """Every device as the store has it, by id."""
        devices = [codec.device(body) for _, body in self.store.read(Table.DEVICES)]
        assert len({device.id for device in devices}) == len(devices)
        return {device.id: device for device in devices}


def _beginning(patches: list[Any]) -> list[Operation]:
    """A fleet that is there and has been asked, so that what follows moves bitmaps."""
    carried = [{**patches[0], "ring": "canary"}, *patches[1:]]  # so that there is one to leave
    devices = [("create", name, patch) for name, patch in zip(DEVICES, carried, strict=False)]
    modules = [("create", name, patch) for name, patch in zip(MODULES, patches, strict=True)]
    asked = [("ask", condition) for condition in CONDITIONS]
    configured = ("configure", "one", CONDITIONS[0], 1, "properties.desired.fw")
    return [*devices, *modules, ("group", CONDITIONS[0]), *asked, configured]


histories = st.builds(
    lambda patches, history: [*_beginning(patches), *history],
    st.lists(patches, min_size=3, max_size=3),
    st.lists(operations, min_size=4, max_size=16),
)


def _asked_while_it_is_written() -> list[Operation]:
    """In each life one path is asked for the first time, at another moment of a commit."""
    history: list[Operation] = [("create", "a", {})]
    for turns in range(8):
        tag = ("tag", "a", {"ring": "canary" if turns % 2 else "prod"})
        together = [(0, tag), (turns, ("ask", CONDITIONS[0]))]
        history += [("restart",), ("together", together)]
    return history


async def _check_plan(hub: History, text: str, collection: Collection) -> None:
    condition = hub.meaning(text)
    wanted = [row.key for row in hub.rows(collection) if matches(condition, row)]
    found = [row.key async for row in hub.fleet.rows(collection, parse_condition(text))]
    assert found == wanted, text
    assert await hub.fleet.count(collection, parse_condition(text)) == len(wanted), text


@given(histories, st.sampled_from([1, 2, 50_000]))
@example(_asked_while_it_is_written(), 50_000)
def test_plan_is_evaluate(history: list[Operation], most: int) -> None:
    """For any fleet, condition and history: bitmaps find what `evaluate` finds. QUERY-26.

    Also where paths have been dropped, refused for too many values, and tried again.
    """
    hub = History()

    async def check() -> None:
        for text in [*CONDITIONS, *CONDITIONS]:  # the second time surely with bitmaps
            for collection in COLLECTIONS:
                await _check_plan(hub, text, collection)
            await hub.turn()

    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(bitmaps, "MAX_VALUES", most)
        limits.setattr(search, "_FEW", most - 1)  # so that rows are also found by walking all ids
        asyncio.run(hub.live(history, check))


@given(histories)
def test_memory_is_what_the_store_has(history: list[Operation]) -> None:
    """Nothing acknowledged is lost, and nothing refused is kept."""
    hub = History()

    async def check() -> None:
        stored = hub.stored()
        assert {name: hub.fleet.find(name) for name in DEVICES if hub.fleet.find(name)} == stored
        assert hub.fleet.ids(100) == sorted(stored)
        for configuration in hub.fleet.configurations():
            carriers = [one for one in stored.values() if configuration.id in one.carried]
            assert hub.fleet.carriers(configuration.id) == len(carriers)

    asyncio.run(hub.live(history, check))


@given(histories)
def test_a_second_reconcile_writes_nothing(history: list[Operation]) -> None:
    """When the sweeps are over, every device is dirty or as the configurations in force want it."""
    hub = History()

    async def check() -> None:
        before = {
            name: one
            for name, one in hub.stored().items()
            if one.dirty is None and one.drifted_at is None
        }
        everything = dict.fromkeys(before)
        await hub.fleet.change(lambda _: Change(lambda _: None, sweep=everything))
        assert {name: one for name, one in hub.stored().items() if name in before} == before

    asyncio.run(hub.live(history, check))


@given(histories)
def test_no_tombstone_outlives_its_sweep(history: list[Operation]) -> None:
    hub = History()

    async def check() -> None:
        rows: list[tuple[Any, bytes]] = list(hub.store.read(Table.SWEEPS))
        assert rows == []
        kept = {str(key) for key, _ in hub.store.read(Table.CONFIGURATIONS)}
        assert kept == {configuration.id for configuration in hub.fleet.configurations()}

    asyncio.run(hub.live(history, check))


@given(histories, st.sampled_from(CONDITIONS), st.integers(1, 2), st.lists(single, max_size=4))
def test_pages_have_each_row_once(
    history: list[Operation], condition: str, size: int, meanwhile: list[Operation]
) -> None:
    """In order, none twice, and none left out that was there all the time. QUERY-48."""
    hub, text = History(), f"SELECT deviceId FROM devices WHERE {condition}"

    async def check() -> None:
        found, continuation, steady = list[Any](), None, hub.selected(condition)
        for operation in [*meanwhile, *[("ask", condition)] * len(DEVICES)]:
            page = await hub.queries.run(
                text, continuation=continuation, max_rows=size, by=OPERATOR
            )
            found += [row["deviceId"] for row in page.rows]
            if (continuation := page.continuation) is None:
                break
            await hub._happen(*operation)
            steady &= hub.selected(condition)
        assert found == sorted(set(found))
        assert steady <= set(found)

    asyncio.run(hub.live(history, check))
