"""Named groups: who may change them, what names them, and what a change sweeps."""

from typing import Any

import pytest

from affinage.domain import groups as named
from affinage.domain.errors import (
    EtagMismatch,
    Forbidden,
    GroupExists,
    GroupInUse,
    GroupNotFound,
    Invalid,
    InvalidTargetCondition,
    TooLarge,
    TooManyGroups,
    Unavailable,
    UnknownGroup,
)
from affinage.domain.principal import Right
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services import groups
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped

CONTENT: JsonObject = {"deviceContent": {"properties.desired.who": "one"}}


async def get(life: Life, name: str = "early") -> Any:
    return await life.groups.get(name, by=OWNER)


async def delete(life: Life, name: str = "early", if_match: str | None = None) -> None:
    await life.groups.delete(name, if_match=if_match, by=OWNER)


def who(life: Life) -> list[object]:
    return [life.desired(name).get("who") for name in life.fleet.ids(100)]


async def furnished(life: Life) -> None:
    """Devices in two rings, a group of the first, and a configuration of that group."""
    await life.create("a", tags={"ring": "a"})
    await life.create("b", tags={"ring": "b"})
    await life.group("early", "tags.ring = 'a'")
    await life.configure("one", "GROUP('early')")
    await life.settle()


@looped
async def test_a_group_is_shown_with_who_names_it_and_how_many_are_in_it() -> None:
    """GROUP-9"""
    async with living() as life:
        await furnished(life)
        await life.group("all", "NOT GROUP('early')")
        shown = await get(life)
        assert shown["namedBy"] == {"configurations": ["one"], "groups": ["all"]}
        assert (shown["count"], shown["by"]) == (1, "index")
        assert (await get(life, "all"))["namedBy"] == {"configurations": [], "groups": []}


@looped
async def test_groups_come_in_pages_by_name() -> None:
    """GROUP-9, NATIVE-6"""
    async with living() as life:
        for name in ("c", "a", "b"):
            await life.group(name, "*")
        first = await life.groups.page(limit=2, by=OWNER)
        assert ([one["name"] for one in first.rows], first.continuation) == (["a", "b"], "b")
        last = await life.groups.page(after="b", limit=2, by=OWNER)
        assert ([one["name"] for one in last.rows], last.continuation) == (["c"], None)
        with pytest.raises(Invalid, match="page of 0 rows"):
            await life.groups.page(limit=0, by=OWNER)


@looped
async def test_its_members_are_whoever_meets_its_condition_now() -> None:
    """GROUP-10"""
    async with living() as life:
        await furnished(life)
        await life.tag("b", ring="a")
        page = await life.groups.members("early", after=None, limit=1, by=OWNER)
        assert [row["deviceId"] for row in page.rows] == ["a"]
        rest = await life.groups.members("early", after=page.continuation, limit=9, by=OWNER)
        assert ([row["deviceId"] for row in rest.rows], rest.continuation) == (["b"], None)


@looped
async def test_editing_a_group_is_editing_every_configuration_that_names_it() -> None:
    """GROUP-6"""
    async with living() as life:
        await furnished(life)
        await life.group("outer", "GROUP('early')")
        await life.configure("two", "GROUP('outer')", priority=1)
        await life.configure("three", "tags.ring = 'x'", priority=2)
        await life.settle()
        before = {one.id: one.etag for one in life.fleet.configurations()}
        await life.group("early", "tags.ring = 'b'", again=True)
        await life.settle()
        after = {one.id: one.etag - before[one.id] for one in life.fleet.configurations()}
        assert after == {"one": 1, "two": 1, "three": 0}
        assert (who(life), life.keys(Table.SWEEPS)) == ([None, "two"], [])


@looped
async def test_the_text_of_a_target_condition_stays_as_it_was_written() -> None:
    """GROUP-4"""
    async with living() as life:
        await furnished(life)
        await life.group("early", "*", again=True)
        shown: Any = await life.configurations.get("one", by=OWNER)
        assert shown["targetCondition"] == "GROUP('early')"
        text = shown["systemMetrics"]["queries"]["targetedCount"]
        assert len((await life.queries.run(text, by=OWNER)).rows) == 2


@looped
async def test_a_hub_that_stops_while_it_sweeps_a_group_goes_on_with_it() -> None:
    """GROUP-6"""
    async with living() as life:
        await furnished(life)
        await life.group("early", "tags.ring = 'b'", again=True)
        assert life.keys(Table.SWEEPS) == ["one"]
    async with living(life) as again:
        await again.settle()
        assert (who(again), again.keys(Table.SWEEPS)) == ([None, "one"], [])
        await again.create("c", tags={"ring": "b"})
        assert who(again) == [None, "one", "one"]


@looped
async def test_another_description_sweeps_nothing() -> None:
    """GROUP-6"""
    async with living() as life:
        await furnished(life)
        etag = (await get(life))["etag"]
        body: JsonObject = {"condition": "tags.ring = 'a'", "description": "first"}
        changed = await life.groups.put("early", body, if_match=etag, by=OWNER)
        assert (changed["description"], life.keys(Table.SWEEPS)) == ("first", [])


@looped
async def test_without_an_etag_it_is_new_and_with_one_it_is_that() -> None:
    """GROUP-8"""
    async with living() as life:
        with pytest.raises(GroupNotFound):
            await life.group("early", "*", again=True)
        made = await life.group("early", "*")
        with pytest.raises(GroupExists):
            await life.group("early", "*")
        await life.group("early", "tags.a = 1", again=True)
        for write in (
            life.groups.put("early", made, if_match=str(made["etag"]), by=OWNER),
            delete(life, if_match=str(made["etag"])),
        ):
            with pytest.raises(EtagMismatch):
                await write


@looped
async def test_what_is_named_is_not_deleted_and_says_by_whom() -> None:
    """GROUP-7"""
    async with living() as life:
        await furnished(life)
        await life.group("outer", "GROUP('early')")
        with pytest.raises(GroupInUse, match="named by configuration one, group outer"):
            await delete(life)
        await delete(life, "outer")
        await life.withdraw("one")
        await delete(life)
        assert life.keys(Table.GROUPS) == []
        with pytest.raises(GroupNotFound):
            await delete(life)


@looped
async def test_what_cannot_be_asked_is_no_group_and_changes_nothing() -> None:
    """GROUP-3"""
    async with living() as life:
        await furnished(life)
        with pytest.raises(UnknownGroup):
            await life.group("late", "GROUP('nobody')")
        with pytest.raises(Invalid, match="would name itself"):
            await life.group("early", "GROUP('early')", again=True)
        with pytest.raises(InvalidTargetCondition, match="no group nobody"):
            await life.configure("two", "GROUP('nobody')")
        with pytest.raises(InvalidTargetCondition, match="no group nobody"):
            await life.retarget("one", "GROUP('nobody')")
        assert life.keys(Table.GROUPS) == ["early"]
        assert (await get(life))["condition"] == "tags.ring = 'a'"


@looped
async def test_a_group_does_not_grow_beyond_what_those_who_name_it_can_bear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GROUP-5"""
    monkeypatch.setattr(named, "MAX_NODES", 12)
    async with living() as life:
        await furnished(life)
        await life.retarget("one", "GROUP('early') OR GROUP('early')")
        with pytest.raises(TooLarge, match=r"configuration one: .* 15 of 12 parts"):
            await life.group("early", "tags.ring = 'a' AND tags.b = 1", again=True)
        assert (await get(life))["condition"] == "tags.ring = 'a'"


@looped
async def test_a_hub_has_only_so_many_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """GROUP-2"""
    monkeypatch.setattr(groups, "MAX_GROUPS", 1)
    async with living() as life:
        await life.group("a", "*")
        with pytest.raises(TooManyGroups, match="1 of 1 groups"):
            await life.group("b", "*")


@looped
async def test_what_is_not_durable_is_no_group() -> None:
    async with living() as life:
        await furnished(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.group("early", "*", again=True)
        life.disk.fails = False
        assert (await get(life))["condition"] == "tags.ring = 'a'"
        await life.settle()
        assert who(life) == ["one", None]


@looped
async def test_who_reads_configurations_reads_groups_and_who_writes_them_writes_these() -> None:
    """GROUP-11"""
    async with living() as life:
        await furnished(life)
        reader, service = policy(Right.REGISTRY_READ), policy(Right.SERVICE_CONNECT)
        for by in (reader, service):
            assert await life.groups.get("early", by=by)
            assert (await life.groups.page(by=by)).rows
        assert (await life.groups.members("early", after=None, limit=1, by=service)).rows
        for refused in (
            life.groups.members("early", after=None, limit=1, by=reader),
            life.groups.put("b", {"condition": "*"}, if_match=None, by=service),
            life.groups.delete("early", if_match=None, by=service),
            life.groups.get("early", by=policy(Right.DEVICE_CONNECT)),
            life.groups.page(by=policy(Right.DEVICE_CONNECT)),
        ):
            with pytest.raises(Forbidden):
                await refused


@looped
async def test_a_group_that_is_not_there_is_not_found() -> None:
    """GROUP-9"""
    async with living() as life:
        for asked in (get(life), life.groups.members("early", after=None, limit=1, by=OWNER)):
            with pytest.raises(GroupNotFound, match="no group early"):
                await asked
