"""Retiring and replacing devices, in a hub."""

from typing import Any

import pytest

from affinage.domain.errors import (
    CannotReplace,
    DeviceNotFound,
    Forbidden,
    Invalid,
    Missing,
    Unavailable,
)
from affinage.domain.principal import Right
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped


async def furnished(life: Life) -> None:
    """Two devices in a ring with a module each, and what shall be so on both."""
    await life.create("a", "b", "a/m", "b/m", tags={"ring": "x"})
    await life.configure("one", "tags.ring = 'x'")
    await life.settle()


async def retire(life: Life, name: str = "a", reason: str = "") -> Any:
    return await life.replacing.retire(name, reason, by=OWNER)


async def seen(life: Life) -> list[list[str]]:
    """Who is found by a condition, and without one."""
    everybody = [row.key.path async for row in life.fleet.rows(Collection.DEVICES, None)]
    modules = [row.key.path async for row in life.fleet.rows(Collection.MODULES, None)]
    return [await life.found("tags.ring = 'x'"), everybody, modules]


@looped
async def test_a_retired_device_is_in_no_target_set_and_its_history_stays() -> None:
    """REPLACE-1 to REPLACE-3"""
    async with living() as life:
        await furnished(life)
        await life.report("a", fw=1)
        shown = await retire(life, reason="scrapped")
        assert (shown["status"], shown["statusReason"]) == ("disabled", "scrapped")
        assert await seen(life) == [["b"], ["b"], ["b/m"]]
        device = life.fleet.device("a")
        assert (device.carried, life.desired("a"), life.fleet.carriers("one")) == ({}, {}, 1)
        assert device.twin.reported.values == {"fw": 1}
        assert (await life.registry.get(key_of("a"), by=OWNER))["status"] == "disabled"
        assert await life.registry.statistics(by=OWNER) == {
            "total": 2,
            "enabled": 1,
            "disabled": 1,
        }
        assert life.queries.tally(parse_query("SELECT * FROM devices WHERE tags.ring = 'x'")) == 1


@looped
async def test_its_connections_end() -> None:
    """REPLACE-1"""
    async with living() as life:
        await furnished(life)
        doors = {name: Door() for name in ("a", "a/m", "b")}
        for name, door in doors.items():
            await life.sessions.attach(key_of(name), door, clean=True, by=itself(name))
        await retire(life)
        assert [bool(door.closed) for door in doors.values()] == [True, True, False]


@looped
async def test_what_is_written_to_it_and_configured_later_does_not_bring_it_back() -> None:
    """REPLACE-2"""
    async with living() as life:
        await furnished(life)
        await retire(life)
        await life.tag("a", ring="x", more=1)
        await life.configure("two", "*", also=1)
        await life.settle()
        assert await seen(life) == [["b"], ["b"], ["b/m"]]
        assert life.desired("a") == {}
        assert [life.fleet.faults(number) for number in (1, 2)] == [[], []]


@looped
async def test_a_retired_device_is_one_after_a_restart() -> None:
    """REPLACE-2"""
    async with living() as life:
        await furnished(life)
        await retire(life)
    async with living(life) as again:
        assert await seen(again) == [["b"], ["b"], ["b/m"]]
        assert [one["deviceId"] for one in (await again.replacing.retired(by=OWNER)).rows] == ["a"]
        assert [again.fleet.faults(number) for number in (1, 2)] == [[], []]
        await again.delete("a")
        assert (await again.replacing.retired(by=OWNER)).rows == []
        await again.create("a", tags={"ring": "x"})
        assert await again.found("tags.ring = 'x'") == ["a", "b"]


@pytest.mark.parametrize("by_registry", [False, True])
@looped
async def test_a_restored_device_is_at_once_what_its_configurations_want(by_registry: bool) -> None:
    """REPLACE-4"""
    async with living() as life:
        await furnished(life)
        await retire(life)
        if by_registry:
            await life.registry.put(key_of("a"), {"status": "enabled"}, if_match="*", by=OWNER)
        else:
            await life.replacing.restore("a", by=OWNER)
        assert await seen(life) == [["a", "b"], ["a", "b"], ["a/m", "b/m"]]
        assert (life.desired("a"), life.fleet.carriers("one")) == ({"who": "one"}, 2)
        assert life.fleet.faults(1) == []
        assert (await life.replacing.retired(by=OWNER)).rows == []


@looped
async def test_retired_devices_come_in_pages_by_id() -> None:
    """REPLACE-3"""
    async with living() as life:
        await furnished(life)
        for name in ("b", "a"):
            await retire(life, name)
        first = await life.replacing.retired(limit=1, by=OWNER)
        assert ([one["deviceId"] for one in first.rows], first.continuation) == (["a"], "a")
        last = await life.replacing.retired(after="a", by=OWNER)
        assert ([one["deviceId"] for one in last.rows], last.continuation) == (["b"], None)
        with pytest.raises(Invalid, match="page of 0"):
            await life.replacing.retired(limit=0, by=OWNER)


@looped
async def test_who_takes_the_place_is_reconciled_in_the_same_unit() -> None:
    """REPLACE-10, REPLACE-11"""
    async with living() as life:
        await furnished(life)
        await life.desire("a", plain=1)
        await life.create("n")
        door = Door()
        await life.sessions.attach(key_of("n"), door, clean=True, by=itself("n"))
        shown: Any = await life.replacing.replace("a", "n", by=OWNER)
        assert (shown["old"]["statusReason"], shown["new"]["status"]) == (
            *("replaced by n",),
            "enabled",
        )
        assert life.desired("n") == {"plain": 1, "who": "one"}
        assert [event.patch for event in door.told] == [{"plain": 1}, {"who": "one"}]
        assert await seen(life) == [["b", "n"], ["b", "n"], ["b/m", "n/m"]]
        assert life.stored()["n"].modules["m"].number


@looped
async def test_a_device_that_is_retired_already_can_be_replaced() -> None:
    """REPLACE-11"""
    async with living() as life:
        await furnished(life)
        await retire(life)
        await life.create("n")
        await life.replacing.replace("a", "n", by=OWNER)
        assert life.desired("n") == {"who": "one"}


@looped
async def test_what_cannot_be_changes_nothing() -> None:
    """REPLACE-10, REPLACE-12"""
    async with living() as life:
        await furnished(life)
        await life.create("n")
        before = life.stored()
        with pytest.raises(CannotReplace, match="b cannot replace a: it has tags"):
            await life.replacing.replace("a", "b", by=OWNER)
        with pytest.raises(DeviceNotFound, match="no device x"):
            await life.replacing.replace("a", "x", by=OWNER)
        with pytest.raises(Missing):
            await life.replacing.replace("a", "", by=OWNER)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.replacing.replace("a", "n", by=OWNER)
        assert (life.stored(), await life.found("tags.ring = 'x'")) == (before, ["a", "b"])


@looped
async def test_who_may_write_the_registry_may_retire() -> None:
    """REPLACE-14"""
    async with living() as life:
        await furnished(life)
        writer = policy(Right.REGISTRY_WRITE)
        reader = policy(Right.REGISTRY_READ | Right.SERVICE_CONNECT)
        assert await life.replacing.retire("a", by=writer)
        assert await life.replacing.restore("a", by=writer)
        assert (await life.replacing.retired(by=reader)).rows == []
        for refused in (
            life.replacing.retire("a", by=reader),
            life.replacing.restore("a", by=reader),
            life.replacing.replace("a", "b", by=reader),
            life.replacing.replace("a", "b", by=writer),
            life.replacing.retired(by=policy(Right.SERVICE_CONNECT)),
        ):
            with pytest.raises(Forbidden):
                await refused


@looped
async def test_who_is_below_an_edge_device_stays_below_the_one_that_was_replaced() -> None:
    """REPLACE-13"""
    async with living() as life:
        await life.create("old", "new", edge=True)
        scope = life.fleet.device("old").identity.device_scope
        body: JsonObject = {"deviceScope": scope}
        await life.registry.put(key_of("leaf"), body, if_match=None, by=OWNER)
        await life.replacing.replace("old", "new", by=OWNER)
        assert life.fleet.device("leaf").identity.parent_scopes == (scope,)
