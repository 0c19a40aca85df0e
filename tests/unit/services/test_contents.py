"""A content applied to one device by hand, and what reconciling makes of that."""

from typing import Any

import pytest

from affinage.domain.edge import GRACE
from affinage.domain.errors import DeviceNotFound, Forbidden, Unavailable
from affinage.domain.principal import Right
from fakes.life import OWNER, Door, Life, itself, key_of, living, pass_time, policy
from fakes.looped import looped
from fakes.reconciling import whole


def of_device(**written: Any) -> Any:
    return {"deviceContent": {f"properties.desired.{name}": one for name, one in written.items()}}


def of_agent(*modules: str) -> Any:
    return {"modulesContent": {"$edgeAgent": {"properties.desired": whole(*modules)}}}


def modules(life: Life) -> set[str]:
    return {name for name in life.stored()["gw"].modules if not name.startswith("$")}


@looped
async def test_it_is_written_in_one_unit_and_told() -> None:
    """EDGE-15"""
    async with living() as life:
        await life.create("d")
        door = Door()
        await life.sessions.attach(key_of("d"), door, clean=True, by=itself("d"))
        commits = life.disk.commits
        await life.contents.apply("d", of_device(mode="eco"), by=OWNER)
        assert (life.desired("d"), life.disk.commits) == ({"mode": "eco"}, commits + 1)
        assert [told.patch for told in door.told] == [{"mode": "eco"}]


@looped
async def test_a_configuration_in_force_wins_in_the_end() -> None:
    """EDGE-18"""
    async with living() as life:
        await life.create("d")
        await life.configure("one", "*", mode="eco")
        await life.settle()
        await life.contents.apply("d", of_device(mode="full", other=1), by=OWNER)
        assert life.desired("d") == {"mode": "full", "other": 1}
        await pass_time(life, 301)
        assert life.desired("d") == {"mode": "eco", "other": 1}


@looped
async def test_the_modules_of_a_deployment_in_force_come_back() -> None:
    """EDGE-18"""
    async with living() as life:
        await life.create("gw", edge=True)
        body: Any = {"content": of_agent("theirs"), "targetCondition": "*"}
        await life.configurations.put("base", body, if_match=None, by=OWNER)
        await life.settle()
        await life.contents.apply("gw", of_agent("mine"), by=OWNER)
        assert modules(life) == {"mine"}
        await pass_time(life, 301)
        assert life.desired("gw/$edgeAgent") == whole("theirs")
        assert modules(life) == {"theirs", "mine"}
        await pass_time(life, GRACE / 1000)
        assert modules(life) == {"theirs"}


@looped
async def test_without_deployments_what_was_set_stays() -> None:
    """EDGE-16"""
    async with living() as life:
        await life.create("gw", "gw/own", edge=True)
        await life.contents.apply("gw", of_agent("mine"), by=OWNER)
        await pass_time(life, 2)
        assert modules(life) == {"own", "mine"}


@looped
async def test_what_is_refused_changes_nothing() -> None:
    async with living() as life:
        await life.create("d")
        before = life.stored()
        with pytest.raises(DeviceNotFound):
            await life.contents.apply("e", of_device(a=1), by=OWNER)
        for right in (Right.REGISTRY_READ, Right.SERVICE_CONNECT):
            with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
                await life.contents.apply("d", of_device(a=1), by=policy(right))
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.contents.apply("d", of_device(a=1), by=OWNER)
        assert life.stored() == before
