"""Digital twins: read, written and commanded."""

from typing import Any

import pytest

from affinage.domain.digital_twin import steps
from affinage.domain.errors import (
    DeviceNotFound,
    DeviceNotOnline,
    EtagMismatch,
    Forbidden,
    InvalidPatchValue,
    TooLarge,
)
from affinage.domain.method import MethodRequest
from affinage.domain.principal import Right
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped


def add(path: str, value: Any) -> Any:
    return {"op": "add", "path": path, "value": value}


async def patch(life: Life, *asked: Any, if_match: str | None = None) -> str:
    wanted = steps([*asked])
    return await life.digital_twins.patch("d", wanted, if_match=if_match, by=OWNER)


async def connect(life: Life) -> Door:
    door = Door()
    await life.sessions.attach(key_of("d"), door, clean=True, by=itself("d"))
    return door


@looped
async def test_a_patch_is_written_in_one_unit_and_told() -> None:
    """DIGITAL-8, DIGITAL-9"""
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        commits = life.disk.commits
        etag = await patch(life, add("/rate", 5), add("/fan/mode", "eco"))
        shown, read = await life.digital_twins.get("d", by=OWNER)
        assert (etag, life.disk.commits) == (read, commits + 1)
        assert [told.patch for told in door.told] == [
            {"rate": 5, "fan": {"__t": "c", "mode": "eco"}}
        ]
        metadata: Any = shown["$metadata"]
        assert metadata["rate"]["desiredValue"] == 5


@looped
async def test_another_etag_is_refused() -> None:
    """DIGITAL-9"""
    async with living() as life:
        await life.create("d")
        etag = await patch(life, add("/rate", 5))
        await patch(life, add("/rate", 6), if_match=etag)
        with pytest.raises(EtagMismatch):
            await patch(life, add("/rate", 7), if_match=etag)
        assert life.desired("d") == {"rate": 6}


@looped
async def test_what_no_twin_may_hold_is_refused_as_a_whole() -> None:
    """DIGITAL-7, DIGITAL-8"""
    async with living() as life:
        await life.create("d")
        before = life.stored()
        for bad in (add("/a.b", 1), add("/b", "x" * 4097), add("/b", 2**52)):
            with pytest.raises(InvalidPatchValue):
                await patch(life, add("/a", 1), bad)
        with pytest.raises(TooLarge):
            await patch(life, *(add(f"/f{n}", "x" * 4000) for n in range(9)))
        assert life.stored() == before


@looped
async def test_no_steps_change_nothing() -> None:
    async with living() as life:
        await life.create("d")
        before = life.stored()
        await patch(life)
        assert life.stored() == before


@looped
async def test_a_command_is_a_direct_method() -> None:
    """DIGITAL-10"""
    async with living() as life:
        await life.create("d")
        with pytest.raises(DeviceNotOnline):
            await life.digital_twins.command("d", MethodRequest("stop"), by=OWNER)


@looped
async def test_digital_twins_need_the_right_to_connect() -> None:
    """ACCESS-7"""
    async with living() as life:
        await life.create("d")
        by, twins = policy(Right.REGISTRY_WRITE), life.digital_twins
        for asked in (
            twins.get("d", by=by),
            twins.patch("d", [], if_match=None, by=by),
            twins.command("d", MethodRequest("stop"), by=by),
        ):
            with pytest.raises(Forbidden, match="SERVICE_CONNECT"):
                await asked
        with pytest.raises(DeviceNotFound):
            await twins.get("e", by=OWNER)
