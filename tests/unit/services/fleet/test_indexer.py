"""Bitmaps built beside the writes: whatever comes first, they end as if built afresh."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.domain.query.syntax import Collection, Path
from affinage.services.fleet import bitmaps as limits
from affinage.services.fleet.batch import Batch
from affinage.services.fleet.bitmaps import Bitmaps
from affinage.services.fleet.indexer import (
    LOOK_S,
    MAX_PATHS,
    SLICE,
    SPARE_S,
    UNUSED_S,
    Indexer,
)
from affinage.services.fleet.unit import Change
from fakes.commits import Commits, configuration, configuring, deleting, device, putting
from fakes.looped import looped

RING: Final[Path] = ("tags", "ring")
PATHS: Final[list[Path]] = [RING, ("tags", "ring", "v"), ("tags", "list", 0), ("tags", "n")]
DEVICES: Final = Collection.DEVICES


async def turn(times: int = 4) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@looped
async def test_what_was_there_before_is_entered_and_then_the_path_is_complete() -> None:
    hub = Commits()
    hub.run(*[putting(device(f"d{number}", {"ring": "a"}, "m")) for number in range(SLICE + 1)])
    indexer = Indexer(hub.memory, hub.clock)
    running = asyncio.ensure_future(indexer.run())
    indexer.want(DEVICES, [RING])
    indexer.want(DEVICES, [RING])
    indexer.want(Collection.MODULES, [("moduleId",)])
    bitmaps = hub.memory.bitmaps[DEVICES]
    await asyncio.sleep(0)
    assert bitmaps.path(RING) is None
    await turn()
    found, modules = bitmaps.path(RING), hub.memory.bitmaps[Collection.MODULES].path(("moduleId",))
    assert found
    assert modules
    assert len(found.equal("a")) == len(modules.equal("m")) == SLICE + 1
    running.cancel()


@looped
async def test_it_is_building_until_the_last_path_is_complete() -> None:
    hub = Commits()
    hub.run(putting(device("d")))
    indexer = Indexer(hub.memory, hub.clock)
    assert not indexer.is_building
    indexer.want(DEVICES, PATHS)
    assert indexer.is_building
    running = asyncio.ensure_future(indexer.run())
    await turn()
    assert not indexer.is_building
    running.cancel()


@looped
async def test_there_are_only_so_many_paths_unless_a_condition_needs_them() -> None:
    hub = Commits()
    indexer, bitmaps = Indexer(hub.memory, hub.clock), hub.memory.bitmaps[DEVICES]
    indexer.want(DEVICES, [("tags", f"t{number}") for number in range(MAX_PATHS + 1)])
    assert len(bitmaps.paths) == MAX_PATHS
    indexer.want(DEVICES, [RING])
    assert RING not in bitmaps.paths
    indexer.hold("one", [(DEVICES, RING)])
    assert RING in bitmaps.paths


@asynccontextmanager
async def indexing(hub: Commits) -> AsyncIterator[Indexer]:
    indexer = Indexer(hub.memory, hub.clock)
    running = asyncio.ensure_future(indexer.run())
    yield indexer
    running.cancel()


async def pass_time(hub: Commits, seconds: float) -> None:
    for _ in range(int(seconds / LOOK_S)):
        hub.clock.advance(LOOK_S)
        await turn()


@looped
async def test_a_path_that_nobody_uses_for_an_hour_is_dropped() -> None:
    hub = Commits()
    async with indexing(hub) as indexer:
        indexer.want(DEVICES, PATHS)
        await pass_time(hub, UNUSED_S - LOOK_S)
        indexer.want(DEVICES, PATHS[:1])
        indexer.use(DEVICES, PATHS[1:2])
        await pass_time(hub, LOOK_S)
        assert set(hub.memory.bitmaps[DEVICES].paths) == set(PATHS[:2])
        assert (indexer.figures().paths, indexer.figures().dropped) == (2, 2)


@looped
async def test_to_use_a_path_that_is_not_there_changes_nothing() -> None:
    hub = Commits()
    async with indexing(hub) as indexer:
        indexer.use(DEVICES, PATHS)
        await pass_time(hub, 2 * UNUSED_S)
        assert (hub.memory.bitmaps[DEVICES].paths, indexer.figures().dropped) == ({}, 0)


@looped
async def test_what_is_held_stays_and_rests_for_an_hour_once_it_is_not() -> None:
    hub = Commits()
    async with indexing(hub) as indexer:
        paths = hub.memory.bitmaps[DEVICES].paths
        indexer.hold("one", [(DEVICES, RING)], [(DEVICES, RING), (DEVICES, PATHS[3])])
        await pass_time(hub, 2 * UNUSED_S)
        assert set(paths) == {RING, PATHS[3]}
        indexer.hold("one", ())
        await pass_time(hub, UNUSED_S - LOOK_S)
        assert set(paths) == {RING, PATHS[3]}
        await pass_time(hub, LOOK_S)
        assert not paths


@looped
async def test_when_all_are_taken_the_longest_unused_makes_room_if_it_rests() -> None:
    hub = Commits()
    paths = hub.memory.bitmaps[DEVICES].paths
    many: list[Path] = [("tags", f"t{number}") for number in range(MAX_PATHS)]
    async with indexing(hub) as indexer:
        indexer.want(Collection.MODULES, [RING])
        indexer.want(DEVICES, many)
        await turn()
        hub.clock.advance(SPARE_S)
        indexer.want(DEVICES, [many[0]])
        indexer.want(DEVICES, [RING])
        assert (RING in paths, many[0] in paths, many[1] in paths) == (True, True, False)
        assert len(paths) == MAX_PATHS
        assert hub.memory.bitmaps[Collection.MODULES].follows(RING)


@looped
async def test_a_path_that_is_refused_is_tried_again_after_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_VALUES", 1)
    hub = Commits()
    hub.run(*[putting(device(name, {"ring": name})) for name in ("a", "b")])
    async with indexing(hub) as indexer:
        indexer.hold("one", [(DEVICES, RING)])
        await turn()
        assert hub.memory.bitmaps[DEVICES].refused == {RING}
        hub.run(deleting("b"))
        await pass_time(hub, UNUSED_S - LOOK_S)
        assert hub.memory.bitmaps[DEVICES].refused == {RING}
        await pass_time(hub, LOOK_S)
        found = hub.memory.bitmaps[DEVICES].path(RING)
        assert found
        assert list(found.equal("a")) == [1]


STATUS: Final[Path] = ("configurations", "one", "status")


@looped
async def test_the_status_of_a_configuration_that_nobody_carries_is_complete_at_once() -> None:
    hub = Commits()
    hub.run(putting(device("d")))
    Indexer(hub.memory, hub.clock).want(DEVICES, [STATUS])
    bitmaps = hub.memory.bitmaps[DEVICES]
    assert bitmaps.path(STATUS) is not None
    hub.run(configuring(configuration("one")), Change(lambda _: None, sweep={"d": "one"}))
    found = bitmaps.path(STATUS)
    assert found
    assert list(found.equal("Applied")) == [1]


@looped
async def test_the_status_of_one_that_is_carried_is_looked_for() -> None:
    hub = Commits()
    hub.run(configuring(configuration("one")), putting(device("d")))
    indexer, bitmaps = Indexer(hub.memory, hub.clock), hub.memory.bitmaps[DEVICES]
    running = asyncio.ensure_future(indexer.run())
    indexer.want(DEVICES, [STATUS])
    assert bitmaps.path(STATUS) is None
    await turn()
    found = bitmaps.path(STATUS)
    assert found
    assert list(found.equal("Applied")) == [1]
    running.cancel()


def shown(bitmaps: Bitmaps) -> dict[Path, Any]:
    """What is held, empty sets left out."""
    return {
        path: (bitmaps.paths[path].defined, bitmaps.paths[path].values) for path in bitmaps.paths
    }


def fresh(hub: Commits) -> dict[Path, Any]:
    """What bitmaps built at this moment hold."""
    bitmaps, memory = Bitmaps(), hub.memory
    for path in memory.bitmaps[DEVICES].paths:
        bitmaps.watch(path)
    for number in memory.bitmaps[DEVICES].everything:
        row = memory.row(DEVICES, number)
        assert row
        bitmaps.see(row, number, bitmaps.paths)
    return shown(bitmaps)


Step: TypeAlias = tuple[Any, ...]
values = st.sampled_from([None, 1, 1.0, True, "1", {}, {"v": 1}, ["x"], [["x"]]])
names = st.integers(0, 2 * SLICE).map("d{:03}".format)
tags = st.fixed_dictionaries({}, optional={"ring": values, "list": values, "n": values})
steps = st.one_of(
    st.tuples(st.just("tag"), names, tags),
    st.tuples(st.just("again"), names, tags),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("want"), st.sampled_from(PATHS)),
    st.tuples(st.just("turn")),
    st.tuples(st.just("commit")),
)


def take(hub: Commits, indexer: Indexer, batch: Batch, step: Step) -> None:
    match step:
        case ("want", path):
            indexer.want(DEVICES, [path])
        case ("tag", name, given) if batch.find(name):
            hub.tag(batch, name, **given)
        case ("again", name, given):
            batch.run(lambda _: deleting(name))
            clean = {key: value for key, value in given.items() if value is not None}
            batch.run(lambda _: putting(device(name, clean)))
        case ("delete", name):
            batch.run(lambda _: deleting(name))
        case _:
            pass


@given(st.lists(steps, min_size=4, max_size=30))
def test_built_between_any_writes_they_are_as_if_built_afresh(history: list[Step]) -> None:
    """Paths are wanted while a commit is decided and before it is followed, too."""

    @looped
    async def live() -> None:
        hub = Commits()
        made = [device(f"d{number:03}", {"ring": "a"}) for number in range(2 * SLICE)]
        hub.run(*map(putting, made))
        indexer, batch = Indexer(hub.memory, hub.clock), hub.batch()
        running = asyncio.ensure_future(indexer.run())
        for step in history:
            take(hub, indexer, batch, step)
            if step[0] == "turn":
                await asyncio.sleep(0)
            if step[0] == "commit":
                hub.commit(batch)
                batch = hub.batch()
        hub.commit(batch)
        await turn(8)
        assert shown(hub.memory.bitmaps[DEVICES]) == fresh(hub)
        running.cancel()

    live()
