"""The registry: identities made, changed, listed and deleted, and who may."""

import asyncio
from typing import Any

import pytest

from affinage.domain.errors import (
    DeviceExists,
    DeviceNotFound,
    EtagMismatch,
    Forbidden,
    Invalid,
    InvalidDeviceScope,
    ModuleExists,
    ModuleNotFound,
    SystemModule,
    TooManyModules,
    Unavailable,
)
from affinage.domain.etags import etag_text
from affinage.domain.names import TwinKey
from affinage.domain.principal import Right
from affinage.domain.registration import MAX_MODULES
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.registry import FreshModules, makings
from fakes.ids import CountingIds
from fakes.life import OWNER, Life, itself, key_of, living, policy
from fakes.looped import looped
from fakes.vault import OpenVault


async def get(life: Life, name: str) -> Any:
    return await life.registry.get(key_of(name), by=OWNER)


async def put(life: Life, name: str, if_match: str | None = None, **body: Any) -> Any:
    return await life.registry.put(key_of(name), body, if_match=if_match, by=OWNER)


async def delete(life: Life, name: str, if_match: str | None = None) -> None:
    await life.registry.delete(key_of(name), if_match=if_match, by=OWNER)


@looped
async def test_a_put_without_an_etag_creates_and_shows_what_it_made() -> None:
    """IDENTITY-17"""
    async with living() as life:
        for name in ("d", "d/m"):
            made = await put(life, name)
            assert made == await get(life, name)
            keys = made["authentication"]["symmetricKey"]
            assert len({*keys.values()}) == 2
        assert [module["moduleId"] for module in await life.registry.list_modules("d", by=OWNER)]


@looped
async def test_what_exists_is_not_created_again() -> None:
    """IDENTITY-17"""
    async with living() as life:
        await life.create("d", "d/m")
        before = life.stored()
        for name, error in (("d", DeviceExists), ("d/m", ModuleExists)):
            with pytest.raises(error):
                await put(life, name)
        assert life.stored() == before


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_a_put_with_the_right_etag_or_any_changes(name: str) -> None:
    """IDENTITY-17, IDENTITY-18"""
    async with living() as life:
        await life.create("d", "d/m")
        etag = (await get(life, name))["etag"]
        second = (await put(life, name, etag))["etag"]
        third = (await put(life, name, "*"))["etag"]
        assert len({etag, second, third}) == 3
        assert (await get(life, name))["etag"] == third


@pytest.mark.parametrize("name", ["d", "d/m"])
@pytest.mark.parametrize("stale", ["", "AAAA", etag_text(1)])
@looped
async def test_another_etag_is_refused_and_nothing_changes(name: str, stale: str) -> None:
    """IDENTITY-18"""
    async with living() as life:
        await life.create("d", "d/m")
        before = life.stored()
        with pytest.raises(EtagMismatch, match=f"identity '{name}'"):
            await put(life, name, stale, status="disabled")
        with pytest.raises(EtagMismatch):
            await delete(life, name, stale)
        assert life.stored() == before


@looped
async def test_of_two_writers_with_one_etag_exactly_one_wins() -> None:
    """IDENTITY-18"""
    async with living() as life:
        etag = (await put(life, "d"))["etag"]
        both = [put(life, "d", etag, statusReason=text) for text in "ab"]
        found = await asyncio.gather(*both, return_exceptions=True)
        assert [isinstance(one, EtagMismatch) for one in found] == [False, True]
        assert (await get(life, "d"))["statusReason"] == "a"


@looped
async def test_what_does_not_exist_is_neither_changed_nor_deleted() -> None:
    async with living() as life:
        await life.create("d")
        for name, error in (
            ("e", DeviceNotFound),
            ("e/m", DeviceNotFound),
            ("d/m", ModuleNotFound),
        ):
            for attempt in (put(life, name, "*"), delete(life, name), get(life, name)):
                with pytest.raises(error):
                    await attempt
        with pytest.raises(DeviceNotFound):
            await put(life, "e/m")
        with pytest.raises(DeviceNotFound):
            await life.registry.list_modules("e", by=OWNER)


@looped
async def test_a_device_goes_with_its_twin_and_its_modules() -> None:
    """IDENTITY-19"""
    async with living() as life:
        await life.create("d", "d/m", tags={"ring": "a"})
        await delete(life, "d", (await get(life, "d"))["etag"])
        assert life.stored() == {}
        with pytest.raises(DeviceNotFound):
            await life.twins.get(key_of("d/m"), by=OWNER)


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_made_again_it_has_a_new_generation_and_a_new_twin(name: str) -> None:
    """IDENTITY-19"""
    async with living() as life:
        await life.create("d")
        if name != "d":
            await life.create(name)
        await life.tag(name, ring="a")
        before = await get(life, name)
        await delete(life, name, "*")
        after = await put(life, name)
        assert after["generationId"] > before["generationId"]
        assert after["authentication"] != before["authentication"]
        twin = await life.twins.get(key_of(name), by=OWNER)
        assert (twin.twin.tags, twin.twin.version) == ({}, 2)


@looped
async def test_system_modules_are_not_deleted() -> None:
    async with living() as life:
        await life.create("gw", edge=True)
        with pytest.raises(SystemModule, match=r"gw/\$edgeAgent"):
            await delete(life, "gw/$edgeAgent")
        with pytest.raises(ModuleNotFound):
            await delete(life, "gw/$other")


@looped
async def test_a_module_goes_alone() -> None:
    async with living() as life:
        await life.create("d", "d/m", "d/n")
        await delete(life, "d/m")
        assert set(life.stored()["d"].modules) == {"n"}


@looped
async def test_a_new_identity_begins_with_the_twin_that_it_is_given() -> None:
    async with living() as life:
        await life.create("d", "d/m", tags={"ring": "a"}, desired={"x": 1})
        await life.configure("one", "tags.ring = 'a'")
        for name in ("d", "d/m"):
            twin = (await life.twins.get(key_of(name), by=OWNER)).twin
            assert (twin.tags["ring"], twin.desired.values["x"]) == ("a", 1)


@looped
async def test_devices_are_listed_by_id_and_at_most_so_many() -> None:
    async with living() as life:
        await life.create(*"cab")
        for limit, wanted in ((2, "ab"), (0, "abc"), (1000, "abc"), (1001, "abc"), (-1, "abc")):
            listed: Any = await life.registry.list_devices(limit, by=OWNER)
            assert [device["deviceId"] for device in listed] == [*wanted]


@looped
async def test_modules_are_listed_in_the_order_of_their_creation() -> None:
    async with living() as life:
        await life.create("d", "d/z", "d/a")
        listed: Any = await life.registry.list_modules("d", by=OWNER)
        assert [module["moduleId"] for module in listed] == ["z", "a"]


@looped
async def test_statistics_count_who_is_enabled_and_who_is_connected() -> None:
    async with living() as life:
        await life.create(*"abc")
        await put(life, "b", "*", status="disabled")
        shown = await life.registry.statistics(by=OWNER)
        assert shown == {"total": 3, "enabled": 2, "disabled": 1}
        assert await life.registry.connected(by=OWNER) == 0


@looped
async def test_a_device_is_put_below_an_edge_device_that_exists() -> None:
    async with living() as life:
        await life.create("gw", edge=True)
        await life.create("d")
        scope = (await get(life, "gw"))["deviceScope"]
        assert (await put(life, "e", deviceScope=scope))["parentScopes"] == [scope]
        wrong = scope.replace(scope[-1], "x")
        for other in (wrong, "ms-azure-iot-edge://d-1", "ms-azure-iot-edge://nobody-1"):
            with pytest.raises(InvalidDeviceScope):
                await put(life, "f", deviceScope=other)


@looped
async def test_identities_are_read_and_written_with_their_rights() -> None:
    """ACCESS-7"""
    reader, service = policy(Right.REGISTRY_READ), policy(Right.SERVICE_CONNECT)
    async with living() as life:
        await life.create("d")
        registry = life.registry
        assert await registry.get(key_of("d"), by=reader)
        assert await registry.get(key_of("d"), by=policy(Right.REGISTRY_WRITE))
        for by in (service, itself("d")):
            for read in (
                registry.get(key_of("d"), by=by),
                registry.list_devices(1, by=by),
                registry.list_modules("d", by=by),
                registry.statistics(by=by),
            ):
                with pytest.raises(Forbidden, match="REGISTRY_READ"):
                    await read


@looped
async def test_who_may_only_read_writes_nothing() -> None:
    """ACCESS-7"""
    async with living() as life:
        await life.create("d")
        registry, before = life.registry, life.stored()
        for by in (policy(Right.REGISTRY_READ), policy(Right.SERVICE_CONNECT), itself("d")):
            for write in (
                registry.put(key_of("e"), {}, if_match=None, by=by),
                registry.put(key_of("d"), {}, if_match="*", by=by),
                registry.create(key_of("e"), {}, by=by),
                registry.delete(key_of("d"), if_match=None, by=by),
            ):
                with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
                    await write
        assert life.stored() == before


@looped
async def test_bad_input_and_a_failed_commit_change_nothing() -> None:
    async with living() as life:
        await life.create("d")
        before = life.stored()
        with pytest.raises(Invalid):
            await put(life, "d", "*", status="asleep")
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await put(life, "d", "*")
        assert (life.stored(), life.fleet.find("d")) == (before, before["d"])


@looped
async def test_an_edge_device_with_all_its_modules_can_still_be_changed() -> None:
    """IDENTITY-16. Modules that were leaving filled it, so that it could not even be disabled."""
    async with living() as life:
        await life.create("gw", edge=True)
        modules: dict[str, Any] = {f"m{n}": {"settings": {}} for n in range(MAX_MODULES - 2)}
        for name, priority in (("old", 1), ("new", 2)):
            named = {f"{name}-{module}": body for module, body in modules.items()}
            agent: JsonObject = {"properties.desired": whole(named)}
            body: JsonObject = {
                "content": {"modulesContent": {"$edgeAgent": agent}},
                "targetCondition": "*",
                "priority": priority,
            }
            await life.configurations.put(name, body, if_match=None, by=OWNER)
            await life.settle()
        assert len(life.stored()["gw"].modules) == 2 * MAX_MODULES - 2
        assert (await put(life, "gw", "*", status="disabled"))["status"] == "disabled"


def whole(modules: JsonObject) -> JsonObject:
    """A whole `$edgeAgent` desired with these modules."""
    system: JsonObject = {"edgeAgent": {}, "edgeHub": {}}
    return {"schemaVersion": "1.1", "runtime": {}, "systemModules": system, "modules": modules}


@looped
async def test_deployments_make_no_more_modules_than_anybody_may() -> None:
    """IDENTITY-16, EDGE-10"""
    async with living() as life:
        await life.create("gw", edge=True)
        for number in range(MAX_MODULES - 2):
            await life.create(f"gw/m{number}")
        with pytest.raises(TooManyModules, match="51 of 50"):
            await life.create("gw/other")
        agent: JsonObject = {"properties.desired.modules.other": {}}
        body: JsonObject = {
            "content": {"modulesContent": {"$edgeAgent": agent}},
            "targetCondition": "*",
        }
        await life.configurations.put("one", body, if_match=None, by=OWNER)
        await life.settle()
        dirty = life.stored()["gw"].dirty
        assert dirty
        assert "51 of 50 modules" in dirty.error


@looped
async def test_presence_is_no_part_of_a_device_made_again() -> None:
    async with living() as life:
        await life.create("d")
        assert (await get(life, "d"))["connectionState"] == "Disconnected"
        assert life.keys(Table.PRESENCE) == []


def test_modules_of_deployments_get_identities_of_their_own() -> None:
    fresh = FreshModules(makings(OpenVault(), CountingIds()))
    one, other = (fresh.fresh(TwinKey("gw", name)) for name in "ab")
    assert one.managed_by == "IotEdge"
    assert one.credentials.primary_key
    assert one.credentials.primary_key.startswith(b"sealed ")
    assert (one.generation < other.generation, one.credentials != other.credentials) == (True, True)
