"""Twins as back ends write them and devices report: who may, what is refused, what is durable."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from affinage.domain.errors import (
    AffinageError,
    DeviceNotFound,
    EtagMismatch,
    Forbidden,
    Invalid,
    ModuleNotFound,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from affinage.domain.principal import Right
from affinage.domain.row import TwinRow
from affinage.domain.twin import TwinPatch, etag_text
from fakes.life import OWNER, Life, itself, key_of, living, policy
from fakes.looped import looped

KEY = key_of("d")


async def patch(life: Life, if_match: str | None = None, **desired: Any) -> TwinRow:
    return await life.twins.patch(KEY, TwinPatch(desired=desired), if_match=if_match, by=OWNER)


async def report(life: Life, expected: int | None = None, **reported: Any) -> int:
    return await life.twins.report(KEY, reported, expected=expected, by=itself("d"))


@looped
async def test_a_patch_is_merged_and_gives_back_the_twin_as_it_is_then() -> None:
    """TWIN-4"""
    async with living() as life:
        await life.create("d", desired={"x": 1})
        found = await patch(life, y=2)
        assert found.twin.desired.values == {"x": 1, "y": 2}
        assert found == await life.twins.get(KEY, by=OWNER)
        assert life.stored()["d"].twin == found.twin


@looped
async def test_the_answer_holds_what_configurations_made_of_it() -> None:
    async with living() as life:
        await life.create("d")
        await life.configure("one", "tags.ring = 'a'")
        change = TwinPatch({"ring": "a"})
        found = await life.twins.patch(KEY, change, if_match=None, by=OWNER)
        assert found.twin.desired.values == {"who": "one"}
        assert found.twin.statuses == {"one": "Applied"}


@looped
async def test_a_replacement_leaves_nothing_of_what_was_there() -> None:
    """TWIN-11"""
    async with living() as life:
        await life.create("d", "d/m", tags={"a": 1}, desired={"x": 1})
        key = key_of("d/m")
        change = TwinPatch({"b": 2}, {"y": 2})
        found = await life.twins.replace(key, change, if_match=None, by=OWNER)
        assert (found.twin.tags, found.twin.desired.values) == ({"b": 2}, {"y": 2})
        assert life.stored()["d"].twin.tags == {"a": 1}


@looped
async def test_an_etag_guards_patch_and_replacement() -> None:
    """TWIN-13"""
    async with living() as life:
        await life.create("d")
        stale, before = etag_text(99), life.stored()
        for write in (life.twins.patch, life.twins.replace):
            with pytest.raises(EtagMismatch):
                await write(KEY, TwinPatch({"a": 1}), if_match=stale, by=OWNER)
        assert life.stored() == before
        found = await life.twins.get(KEY, by=OWNER)
        await patch(life, etag_text(found.twin.etag), x=1)


@looped
async def test_of_two_writers_with_one_etag_exactly_one_wins() -> None:
    """TWIN-13"""
    async with living() as life:
        await life.create("d")
        etag = etag_text((await life.twins.get(KEY, by=OWNER)).twin.etag)
        both = [patch(life, etag, x=1), patch(life, etag, x=2)]
        found = await asyncio.gather(*both, return_exceptions=True)
        assert [isinstance(one, EtagMismatch) for one in found] == [False, True]
        assert life.desired("d") == {"x": 1}


@looped
async def test_a_patch_of_nothing_writes_nothing() -> None:
    async with living() as life:
        await life.create("d")
        commits, before = life.disk.commits, life.stored()
        change = TwinPatch(UNSET, UNSET)
        await life.twins.patch(KEY, change, if_match=None, by=OWNER)
        assert (life.stored(), life.disk.commits) == (before, commits)


@pytest.mark.parametrize(
    ("values", "error"),
    [({"a.b": 1}, Invalid), ({f"k{n}": "x" * 4000 for n in range(9)}, TooLarge)],
)
@looped
async def test_what_is_refused_changes_nothing(
    values: dict[str, Any], error: type[AffinageError]
) -> None:
    async with living() as life:
        await life.create("d", desired={"x": 1})
        before = life.stored()
        with pytest.raises(error):
            await patch(life, **values)
        with pytest.raises(error):
            await report(life, **values)
        assert life.stored() == before


@looped
async def test_a_device_sees_values_and_versions_and_nothing_else() -> None:
    """TWIN-21"""
    async with living() as life:
        await life.create("d", "d/m", tags={"secret": 1}, desired={"x": 1})
        await report(life, y=2)
        assert await life.twins.get_own(KEY, by=itself("d")) == {
            "desired": {"x": 1, "$version": 1},
            "reported": {"y": 2, "$version": 2},
        }
        assert await life.twins.get_own(key_of("d/m"), by=itself("d/m")) == {
            "desired": {"x": 1, "$version": 1},
            "reported": {"$version": 1},
        }


@looped
async def test_a_report_is_merged_and_answered_with_its_version() -> None:
    """TWIN-14"""
    async with living() as life:
        await life.create("d")
        assert [await report(life, a=1), await report(life, b=2)] == [2, 3]
        assert life.stored()["d"].twin.reported.values == {"a": 1, "b": 2}
        with pytest.raises(VersionMismatch, match="is at 3, not 2"):
            await report(life, expected=2, c=3)
        assert await report(life, expected=3, a=None) == 4


@looped
async def test_nobody_reads_or_reports_as_another() -> None:
    """ACCESS-6"""
    async with living() as life:
        await life.create("d", "d/m")
        for name, by in (("d", "d/m"), ("d/m", "d"), ("d", "e")):
            with pytest.raises(Forbidden):
                await life.twins.get_own(key_of(name), by=itself(by))
            with pytest.raises(Forbidden):
                await life.twins.report(key_of(name), {}, by=itself(by))
        with pytest.raises(Forbidden):
            await life.twins.get_own(KEY, by=OWNER)


@looped
async def test_back_ends_need_service_connect() -> None:
    """ACCESS-7"""
    async with living() as life:
        await life.create("d")
        twins, change = life.twins, TwinPatch({"a": 1})
        for by in (policy(Right.REGISTRY_READ | Right.REGISTRY_WRITE), itself("d")):
            for asked in (
                twins.get(KEY, by=by),
                twins.patch(KEY, change, if_match=None, by=by),
                twins.replace(KEY, change, if_match=None, by=by),
            ):
                with pytest.raises(Forbidden, match="SERVICE_CONNECT"):
                    await asked
        found = await twins.get(KEY, by=policy(Right.SERVICE_CONNECT))
        assert found.key == KEY


@looped
async def test_what_is_not_there_is_not_found() -> None:
    async with living() as life:
        await life.create("d")
        for name, error in (("e", DeviceNotFound), ("d/m", ModuleNotFound)):
            key, change = key_of(name), TwinPatch({"a": 1})
            for asked in (
                life.twins.get(key, by=OWNER),
                life.twins.patch(key, change, if_match=None, by=OWNER),
                life.twins.get_own(key, by=itself(name)),
                life.twins.report(key, {}, by=itself(name)),
            ):
                with pytest.raises(error):
                    await asked


@looped
async def test_what_is_not_durable_has_not_happened() -> None:
    async with living() as life:
        await life.create("d")
        life.disk.fails = True
        for write in (patch(life, x=1), report(life, x=1)):
            with pytest.raises(Unavailable):
                await write
        assert life.desired("d") == {}
        assert life.fleet.row(KEY).twin.reported.version == 1
