"""services/own_modules.py."""

import pytest

from affinage.domain.errors import DeviceNotOnline, Forbidden, ModuleNotFound
from affinage.domain.method import MethodRequest
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.services.own_modules import OwnModules
from fakes.life import OWNER, itself, key_of, living
from fakes.looped import looped

MODULE = key_of("d/m")
REQUEST = MethodRequest("stop", b"null", 5, 0)


@looped
async def test_a_device_has_its_modules_in_hand() -> None:
    """DEVICE-30"""
    async with living() as life:
        await life.create("d")
        own, by = OwnModules(life.registry, life.methods), itself("d")
        made = await own.put(MODULE, {}, if_match=None, by=by)
        assert await own.list_all("d", by=by) == [made] == [await own.get(MODULE, by=by)]
        await own.delete(MODULE, if_match="*", by=by)
        with pytest.raises(ModuleNotFound):
            await own.get(MODULE, by=by)


@pytest.mark.parametrize("by", [OWNER, itself("e"), itself("d/m")])
@looped
async def test_nobody_else_has(by: Principal) -> None:
    """DEVICE-30"""
    async with living() as life:
        await life.create("d", "e", "d/m")
        own = OwnModules(life.registry, life.methods)
        for refused in (
            own.list_all("d", by=by),
            own.get(MODULE, by=by),
            own.put(MODULE, {}, if_match="*", by=by),
            own.delete(MODULE, if_match="*", by=by),
        ):
            with pytest.raises(Forbidden):
                await refused


@pytest.mark.parametrize("by", [OWNER, itself("d"), itself("e/m")])
@looped
async def test_methods_are_asked_for_among_neighbours(by: Principal) -> None:
    """DEVICE-32"""
    async with living() as life:
        await life.create("d", "d/m", "d/n")
        own = OwnModules(life.registry, life.methods)
        for key in (TwinKey("d"), key_of("d/n")):
            with pytest.raises(Forbidden):
                await own.invoke(key, REQUEST, by=by)
            with pytest.raises(DeviceNotOnline):
                await own.invoke(key, REQUEST, by=itself("d/m"))
