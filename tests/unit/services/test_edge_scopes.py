"""services/edge_scopes.py, as it is asked over HTTPS."""

import asyncio

import pytest

from affinage.domain.errors import Forbidden
from affinage.domain.principal import Principal
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection
from affinage.services import edge_scopes
from affinage.services.edge_scopes import EdgeScopes
from fakes.device_requests import asked
from fakes.edge import (
    EDGE,
    NESTED,
    NESTED_ONE,
    SYNC,
    assert_refused,
    names,
    nested,
    one,
    plant,
    sync,
)
from fakes.hub import running_hub
from fakes.life import OWNER, itself, key_of
from fakes.looped import looped
from fakes.vault import OpenVault


@looped
async def test_an_edge_device_is_told_of_itself_and_its_children() -> None:
    """DEVICE-41: and of nobody else's."""
    async with running_hub() as hub:
        await plant(hub)
        answer = await sync(hub, deviceCount=100, continuationToken="")
        assert names(answer) == ["top", "leaf", "low", "leaf/valve"]
        assert answer.json()["continuationLink"] is None
        assert names(await sync(hub, by="other")) == ["other", "theirs"]
        assert names(await sync(hub, by="low")) == ["low", "deep"]


@looped
async def test_who_left_a_scope_is_told_of_no_more() -> None:
    """DEVICE-41"""
    async with running_hub() as hub:
        await plant(hub)
        other = (await hub.get("/devices/other"))["deviceScope"]
        assert "leaf" in names(await sync(hub))
        moved = {"deviceId": "leaf", "deviceScope": other}
        await hub.put("/devices/leaf", moved, headers={"If-Match": "*"})
        assert names(await sync(hub)) == ["top", "low"]
        assert names(await sync(hub, by="other")) == ["other", "leaf", "theirs", "leaf/valve"]


@looped
async def test_an_edge_device_made_anew_has_no_children() -> None:
    """DEVICE-44: its scope is another."""
    async with running_hub() as hub:
        await plant(hub)
        await hub.ask("DELETE", "/devices/top", headers={"If-Match": "*"})
        await hub.device("top", **EDGE)
        assert names(await sync(hub)) == ["top"]
        assert_refused(await one(hub, "leaf"), 400)
        assert_refused(await nested(hub, NESTED, authChain="low;top"), 401)


@looped
async def test_children_are_found_by_bitmaps() -> None:
    """DEVICE-41: not by looking at every device, and those who come and go are told of rightly."""
    async with running_hub() as hub:
        await plant(hub)
        scope = (await sync(hub)).json()["devices"][0]["deviceScope"]
        whose = parse_condition(f"parentScopes[0] = '{scope}'")
        for _ in range(50):
            await asyncio.sleep(0)
        assert hub.fleet.tally(Collection.DEVICES, whose) == 2
        await hub.device("late", deviceScope=scope)
        await hub.ask("DELETE", "/devices/low", headers={"If-Match": "*"})
        assert names(await sync(hub)) == ["top", "late", "leaf", "leaf/valve"]


@looped
async def test_a_page_ends_at_many_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEVICE-42: but has one child at least."""
    monkeypatch.setattr(edge_scopes, "MAX_IDENTITIES", 1)
    async with running_hub() as hub:
        await plant(hub)
        first = await sync(hub)
        assert names(first) == ["top", "leaf", "leaf/valve"]
        assert first.json()["continuationLink"]


@looped
async def test_one_identity_is_told_with_its_device() -> None:
    """DEVICE-41"""
    async with running_hub() as hub:
        await plant(hub)
        assert names(await one(hub, "leaf")) == ["leaf"]
        assert names(await one(hub, "leaf", "valve")) == ["leaf", "leaf/valve"]
        assert names(await one(hub, "top")) == ["top"]


@pytest.mark.parametrize("target", ["theirs", "other", "alone", "deep", "nobody"])
@looped
async def test_a_stranger_is_told_of_as_is_nobody(target: str) -> None:
    """DEVICE-44: whether there is one is not told, nor any of its modules."""
    async with running_hub() as hub:
        await plant(hub)
        for module in ("", "$edgeHub"):
            answer = await one(hub, target, module)
            assert_refused(answer, 400)
            path = f"{target}/{module}".rstrip("/")
            assert answer.json()["ErrorMessage"] == f"{path} is not in the scope of top"
        assert_refused(await one(hub, "leaf", "missing"), 400)


@looped
async def test_an_edge_device_asks_for_those_below_it() -> None:
    """DEVICE-43"""
    async with running_hub() as hub:
        await plant(hub)
        assert names(await nested(hub, NESTED, authChain="low;top")) == ["low", "deep"]
        asking = {"authChain": "low/$edgeHub;low;top", "targetDeviceId": "deep"}
        assert names(await nested(hub, NESTED_ONE, **asking)) == ["deep"]
        asking = {"authChain": "top", "targetDeviceId": "deep"}
        assert names(await nested(hub, NESTED_ONE, **asking)) == ["deep"]
        asking = {"authChain": "top", "targetDeviceId": "low", "targetModuleId": "$edgeAgent"}
        assert (await nested(hub, NESTED_ONE, **asking)).json()["modules"][0]["deviceId"] == "low"


@pytest.mark.parametrize(
    ("by", "chain"),
    [
        ("low", "top;low"),
        ("top", "other;top"),
        ("other", "low;top;other"),
        ("top", "leaf;top"),
        ("top", "nobody;top"),
    ],
)
@looped
async def test_a_claimed_chain_opens_nothing(by: str, chain: str) -> None:
    """DEVICE-44: who is below whom is the registry's to say."""
    async with running_hub() as hub:
        await plant(hub)
        assert_refused(await nested(hub, NESTED, by=by, authChain=chain), 401)
        for target in ("leaf", "deep", "theirs", "top"):
            asking = {"authChain": chain, "targetDeviceId": target}
            assert_refused(await nested(hub, NESTED_ONE, by=by, **asking), 401)


@pytest.mark.parametrize("target", ["leaf", "top", "theirs", "alone", "nobody"])
@looped
async def test_nobody_is_told_of_who_is_not_below_him(target: str) -> None:
    """DEVICE-44: an edge device neither of its parent nor of its neighbour, by whoever asks."""
    async with running_hub() as hub:
        await plant(hub)
        asking = {"authChain": "low;top", "targetDeviceId": target}
        assert_refused(await nested(hub, NESTED_ONE, **asking), 400)


@looped
async def test_only_an_edge_devices_own_hub_asks() -> None:
    """DEVICE-40: not its agent, nor another module, nor a module that is only called so."""
    async with running_hub() as hub:
        await plant(hub)
        for by in ("top/$edgeAgent", "leaf/valve"):
            assert_refused(await asked(hub, "GET", f"~/{SYNC}", by=by), 401)
        own = f"/devices/top/modules/$edgeHub/{SYNC}"
        for by in ("top", "low/$edgeHub", "other/$edgeHub", "top/$edgeAgent"):
            assert (await asked(hub, "GET", own, by=by)).status_code == 401
        assert (await hub.client.get(own)).status_code == 401


@pytest.mark.parametrize("policy", ["device", "iothubowner"])
@looped
async def test_a_policy_is_told_no_keys(policy: str) -> None:
    """DEVICE-40: one that may connect devices may not read the registry by it."""
    async with running_hub() as hub:
        await plant(hub)
        path = f"/devices/top/modules/$edgeHub/{SYNC}"
        assert_refused(await hub.ask("GET", path, policy=policy), 401)


@pytest.mark.parametrize(
    "by", [OWNER, itself("top"), itself("low/$edgeHub"), itself("leaf/$edgeHub")]
)
@looped
async def test_nobody_asks_in_the_name_of_another(by: Principal) -> None:
    """DEVICE-40: whatever the door has let through."""
    async with running_hub() as hub:
        await plant(hub)
        scopes, top = EdgeScopes(hub.fleet, OpenVault()), key_of("top/$edgeHub")
        with pytest.raises(Forbidden):
            await scopes.page(top, by=by)
        with pytest.raises(Forbidden):
            await scopes.one(top, key_of("leaf"), by=by)
        assert (await scopes.one(top, key_of("leaf"), by=itself("top/$edgeHub"))).devices
