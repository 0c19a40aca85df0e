"""Finding rows: what bitmaps say for sure, what `evaluate` decides, in which order."""

import asyncio

import pytest
from msgspec.structs import replace

from affinage.domain.names import TwinKey
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection, Path
from affinage.services.fleet import search
from fakes.commits import Commits, configuration, configuring, deleting, device, putting
from fakes.looped import looped

RING: Path = ("tags", "ring")
BY_RING = parse_condition("tags.ring = 'a'")
BY_SIZE = parse_condition("tags.size > 1")


@pytest.fixture
def hub() -> Commits:
    return Commits()


def peopled(hub: Commits, count: int, *, one_in: int = 2) -> list[str]:
    """Devices made in no order, of which one in so many is in the ring; those, sorted."""
    names = sorted(f"d{number:04}" for number in range(count))
    rings = {name: "a" if at % one_in == 0 else "b" for at, name in enumerate(names)}
    hub.run(*[putting(device(name, {"ring": rings[name]})) for name in reversed(names)])
    return [name for name in names if rings[name] == "a"]


async def found(hub: Commits, after: str | None = None) -> list[str]:
    behind = None if after is None else TwinKey(after)
    rows = search.rows(hub.memory, Collection.DEVICES, BY_RING, behind)
    return [row.key.path async for row in rows]


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize("one_in", [1, 2, 50])
@looped
async def test_rows_come_by_id_with_and_without_bitmaps(
    one_in: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW", few)
    plain, indexed = Commits(), Commits()
    indexed.watch(RING)
    count = 3 * search.SLICE + 1
    for hub in (plain, indexed):
        wanted = peopled(hub, count, one_in=one_in)
        assert await found(hub) == wanted
        assert await found(hub, wanted[-1]) == []
        assert await found(hub, wanted[0]) == wanted[1:]
        assert await found(hub, "") == wanted


@looped
async def test_bitmaps_narrow_down_and_leave_the_rest_to_evaluate() -> None:
    hub = Commits()
    hub.watch(RING)
    peopled(hub, 6)
    memory = hub.memory
    sure, maybe = search.narrowed(memory, Collection.DEVICES, BY_RING)
    assert (len(sure), len(maybe)) == (3, 0)
    sure, maybe = search.narrowed(memory, Collection.DEVICES, BY_SIZE)
    assert (len(sure), len(maybe)) == (0, 6)
    sure, maybe = search.narrowed(memory, Collection.DEVICES, None)
    assert (len(sure), len(maybe)) == (6, 0)


@looped
async def test_what_is_narrowed_down_is_a_copy() -> None:
    hub = Commits()
    hub.watch(RING)
    peopled(hub, 2)
    sure, _ = search.narrowed(hub.memory, Collection.DEVICES, BY_RING)
    sure.clear()
    assert await found(hub) == ["d0000"]


@looped
async def test_counting_is_finding() -> None:
    for watched in ([], [RING]):
        hub = Commits()
        hub.watch(*watched)
        wanted = peopled(hub, search.SLICE + 5)
        memory = hub.memory
        assert await search.count(memory, Collection.DEVICES, BY_RING) == len(wanted)
        assert await search.count(memory, Collection.DEVICES, None) == search.SLICE + 5
        assert await search.count(memory, Collection.DEVICES, BY_SIZE) == 0


def test_a_tally_looks_at_no_row() -> None:
    for watched in ([], [RING]):
        hub = Commits()
        hub.watch(*watched)
        wanted = len(peopled(hub, 6)) if watched else None
        peopled(hub, 6)
        assert search.tally(hub.memory, Collection.DEVICES, BY_RING) == wanted
        assert search.tally(hub.memory, Collection.DEVICES, None) == 6
        assert search.tally(hub.memory, Collection.DEVICES, BY_SIZE) is None


@looped
async def test_a_long_search_lets_others_on_and_answers_as_it_then_is() -> None:
    hub = Commits()
    wanted = peopled(hub, 2 * search.SLICE, one_in=1)
    finding = asyncio.ensure_future(found(hub))
    await asyncio.sleep(0)
    hub.run(deleting(wanted[-1]), putting(device("d9999", {"ring": "a"})))
    assert wanted[-1] not in await finding


@looped
async def test_modules_come_by_device_then_by_module() -> None:
    hub = Commits()
    hub.run(putting(device("b", None, "z", "a")), putting(device("a", None, "$m")))
    rows = search.rows(hub.memory, Collection.MODULES, None)
    assert [row.key.path async for row in rows] == ["a/$m", "b/a", "b/z"]
    rows = search.rows(hub.memory, Collection.MODULES, None, TwinKey("b", "a"))
    assert [row.key.path async for row in rows] == ["b/z"]


def reached(hub: Commits, name: str) -> list[str | None]:
    return [hub.memory.id_at(number) for number in search.reached(hub.memory, name)]


def test_a_configuration_reaches_whom_it_is_carried_by_and_whom_it_may_match(hub: Commits) -> None:
    hub.watch(RING)
    one = configuration("one", "tags.ring = 'a'")
    hub.run(putting(device("met", {"ring": "a"}), device("other", {"ring": "b"})))
    hub.run(configuring(one))
    assert reached(hub, "one") == ["met"]
    assert reached(hub, "nothing") == []
    hub.run(putting(device("carrier", {"ring": "a"})))
    hub.run(configuring(configuration("one", "")))
    assert reached(hub, "one") == ["carrier"]


def test_a_configuration_of_modules_reaches_their_devices(hub: Commits) -> None:
    hub.run(putting(device("d", None, "m", "n"), device("e")))
    of_modules = replace(
        configuration("one"),
        content={"moduleContent": {"properties.desired.x": 1}},
        target_condition="FROM devices.modules WHERE moduleId = 'm'",
    )
    hub.run(configuring(of_modules))
    assert reached(hub, "one") == ["d"]


def test_every_change_reaches_the_devices_that_are_dirty(hub: Commits) -> None:
    hub.watch(RING)
    flips = configuration("flips", "NOT IS_DEFINED(properties.desired.x)", x=1)
    hub.watch(("properties", "desired", "x"))
    hub.run(configuring(flips), putting(device("d")))
    assert hub.device("d").dirty
    hub.run(configuring(configuration("one", "tags.ring = 'a'", generation=2)))
    assert reached(hub, "one") == ["d"]
