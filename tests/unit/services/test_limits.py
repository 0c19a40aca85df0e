"""How often operations may be asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from affinage.domain.errors import Forbidden, Invalid, Throttled
from affinage.domain.principal import NO_RIGHTS, Kind
from affinage.domain.twin import TwinPatch
from affinage.domain.values import JsonObject
from affinage.ports.store import Key, Table
from affinage.services.limits import Limits, Operation, Rate, Rates, rates
from fakes.clock import FixedClock
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped

SCARCE: Rates = {operation: Rate(1, 10) for operation in Operation}
PRESETS = {
    ("S1", 1): (100, 100, 20, 100, 50, 20, 40, 100, 100, 10, 1000, 1000, 100, 1000, 100),
    ("S1", 10): (1000, 120, 200, 100, 50, 200, 400, 1000, 1000, 10, 1000, 1000, 120, 10_000, 1000),
    ("S2", 1): (100, 120, 20, 100, 50, 20, 120, 100, 100, 10, 1000, 1000, 120, 1000, 100),
    ("S2", 20): (
        2000,
        2400,
        400,
        200,
        100,
        400,
        2400,
        2000,
        2000,
        20,
        1000,
        1000,
        2400,
        20_000,
        2000,
    ),
    ("S3", 2): (
        *(10_000, 12_000, 2000, 1000, 500, 40, 12_288, 10_000, 10_000, 100, 1000, 1000, 12_000),
        *(100_000, 10_000),
    ),
}


@pytest.mark.parametrize(("preset", "units"), PRESETS)
def test_the_rates_are_those_of_the_tier(preset: str, units: int) -> None:
    """THROTTLE-2"""
    found = rates(preset, units)
    assert tuple(found[operation].amount for operation in Operation) == PRESETS[preset, units]


def test_a_preset_that_there_is_not_is_refused() -> None:
    with pytest.raises(Invalid, match="throttle 'S4' is none of off, S1, S2, S3"):
        rates("S4")
    with pytest.raises(Invalid, match="throttle_units 0 is not 1 or more"):
        rates("S1", 0)


def test_what_is_too_much_is_refused_until_the_bucket_has_filled() -> None:
    """THROTTLE-1, THROTTLE-4"""
    clock = FixedClock()
    limits = Limits(clock, {Operation.QUERY: Rate(2, 10)})
    for _ in range(2):
        limits.take(Operation.QUERY, OWNER)
    with pytest.raises(Throttled, match=r"of class query: of 0\.2 a second 1 cannot") as refused:
        limits.take(Operation.QUERY, OWNER)
    assert (refused.value.retry_after_s, limits.throttled[Operation.QUERY]) == (5, 1)
    limits.take(Operation.TWIN_READ, OWNER)  # another class
    clock.advance(5)
    limits.take(Operation.QUERY, OWNER)


def test_what_was_refused_is_told() -> None:
    """METRICS-1"""
    limits = Limits(FixedClock(), SCARCE)
    limits.take(Operation.QUERY, OWNER)
    with pytest.raises(Throttled):
        limits.take(Operation.QUERY, OWNER)
    [family] = limits.families()
    assert {sample.labels: sample.value for sample in family.samples if sample.value} == {
        ("query",): 1
    }


def test_the_hub_itself_takes_no_token() -> None:
    """THROTTLE-5"""
    limits = Limits(FixedClock(), SCARCE)
    for _ in range(3):
        limits.take(Operation.QUERY, replace(OWNER, kind=Kind.HUB))
    limits.take(Operation.QUERY, OWNER)


async def _patch(life: Life) -> object:
    return await life.twins.patch(key_of("d"), TwinPatch({"a": 1}), if_match=None, by=OWNER)


async def _replace(life: Life) -> object:
    return await life.twins.replace(key_of("d"), TwinPatch({"a": 1}), if_match=None, by=OWNER)


async def _bulk(life: Life) -> object:
    return await life.bulk.run([{"id": "x"}], by=OWNER)


def stored(life: Life) -> dict[Table, list[tuple[Key, bytes]]]:
    return {table: [*life.store.read(table)] for table in Table}


BODY: JsonObject = {"targetCondition": "*"}
EVERYTHING: dict[str, Callable[[Life], Awaitable[object]]] = {
    "registry get": lambda life: life.registry.get(key_of("d"), by=OWNER),
    "registry put": lambda life: life.registry.put(key_of("n"), {}, if_match=None, by=OWNER),
    "registry create": lambda life: life.create("n"),
    "registry delete": lambda life: life.delete("d"),
    "registry list": lambda life: life.registry.list_devices(1, by=OWNER),
    "registry modules": lambda life: life.registry.list_modules("d", by=OWNER),
    "registry statistics": lambda life: life.registry.statistics(by=OWNER),
    "registry connected": lambda life: life.registry.connected(by=OWNER),
    "bulk": _bulk,
    "connection": lambda life: life.sessions.attach(
        key_of("d"), Door(), clean=True, by=itself("d")
    ),
    "query": lambda life: life.queries.run("SELECT * FROM devices", by=OWNER),
    "twin get": lambda life: life.twins.get(key_of("d"), by=OWNER),
    "twin get own": lambda life: life.twins.get_own(key_of("d"), by=itself("d")),
    "twin patch": _patch,
    "twin replace": _replace,
    "twin report": lambda life: life.report("d", a=1),
    "configuration get": lambda life: life.configurations.get("one", by=OWNER),
    "configuration list": lambda life: life.configurations.list_all(by=OWNER),
    "configuration metrics": lambda life: life.configurations.metrics("one", by=OWNER),
    "configuration rows": lambda life: life.configurations.rows(
        "one", "targetedCount", after=None, limit=1, by=OWNER
    ),
    "configuration put": lambda life: life.configurations.put("n", BODY, if_match=None, by=OWNER),
    "configuration delete": lambda life: life.withdraw("one"),
    "group get": lambda life: life.groups.get("early", by=OWNER),
    "group page": lambda life: life.groups.page(by=OWNER),
    "group members": lambda life: life.groups.members("early", after=None, limit=1, by=OWNER),
    "group put": lambda life: life.group("late", "*"),
    "group delete": lambda life: life.groups.delete("early", if_match=None, by=OWNER),
    "device retire": lambda life: life.replacing.retire("d", by=OWNER),
    "device restore": lambda life: life.replacing.restore("d", by=OWNER),
    "device replace": lambda life: life.replacing.replace("d", "e", by=OWNER),
    "devices retired": lambda life: life.replacing.retired(by=OWNER),
    "configuration test": lambda life: life.configurations.test_queries(BODY, by=OWNER),
}


@pytest.mark.parametrize("what", EVERYTHING)
@looped
async def test_no_operation_escapes_and_what_is_refused_changes_nothing(what: str) -> None:
    """THROTTLE-1, THROTTLE-4: the second of each within its period is refused."""
    async with living() as furnished:
        await furnished.create("d")
        await furnished.group("early", "*")
        await furnished.configure("one", "*")
        await furnished.settle()
    async with living(life=Life(furnished, throttle=SCARCE)) as life:
        for operation in Operation:
            life.limits.take(operation, OWNER)
        before = stored(life)
        with pytest.raises(Throttled):
            await EVERYTHING[what](life)
        assert stored(life) == before


@looped
async def test_without_the_right_no_token_is_taken() -> None:
    """THROTTLE-3"""
    async with living(life=Life(throttle=SCARCE)) as life:
        await life.create("d")
        with pytest.raises(Forbidden):
            await life.queries.run("SELECT * FROM devices", by=policy(NO_RIGHTS))
        assert (await life.queries.run("SELECT * FROM devices", by=OWNER)).rows


@looped
async def test_a_bulk_request_passes_as_a_whole_or_not() -> None:
    """THROTTLE-6"""
    async with living(life=Life(throttle={Operation.REGISTRY: Rate(3, 60)})) as life:
        assert await life.bulk.run([{"id": "a"}, {"id": "b"}], by=OWNER) == []
        with pytest.raises(Throttled):
            await life.bulk.run([{"id": "c"}, {"id": "d"}], by=OWNER)
        assert life.fleet.ids(9) == ["a", "b"]


def test_who_waits_has_its_turn_behind_the_others() -> None:
    """THROTTLE-7"""
    clock = FixedClock()
    limits = Limits(clock, {Operation.TELEMETRY: Rate(2, 1)})
    assert [limits.reserve(Operation.TELEMETRY) for _ in range(4)] == [0, 0, 0.5, 1]
    clock.advance(1)
    assert limits.reserve(Operation.TELEMETRY) == 0.5
    assert limits.reserve(Operation.METHOD) == 0
