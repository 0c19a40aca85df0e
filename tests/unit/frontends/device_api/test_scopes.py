"""frontends/device_api/scopes.py"""

from typing import Any, Final

import pytest

from fakes.device_requests import asked, token
from fakes.edge import (
    NESTED,
    NESTED_ONE,
    ONE,
    SYNC,
    assert_refused,
    names,
    nested,
    plant,
    sync,
)
from fakes.hub import running_hub
from fakes.looped import looped

OF_DEVICE: Final = (
    *("deviceId", "generationId", "status", "authentication"),
    *("capabilities", "deviceScope", "parentScopes"),
)
OF_MODULE: Final = ("moduleId", "deviceId", "generationId", "authentication")


@looped
async def test_what_it_is_told_has_their_keys() -> None:
    """DEVICE-41"""
    async with running_hub() as hub:
        await plant(hub)
        body, leaf = (await sync(hub)).json(), await hub.get("/devices/leaf")
        assert body["devices"][1] == {name: leaf[name] for name in OF_DEVICE}
        valve = await hub.get("/devices/leaf/modules/valve")
        assert {name: valve[name] for name in OF_MODULE} in body["modules"]
        assert valve["authentication"]["symmetricKey"]["primaryKey"]


@looped
async def test_pages_are_followed_by_their_links() -> None:
    """DEVICE-42"""
    async with running_hub() as hub:
        await plant(hub)
        first = await sync(hub, deviceCount=1, **{"api-version": "2018-08-30-preview"})
        assert names(first) == ["top", "leaf", "leaf/valve"]
        link = first.json()["continuationLink"]
        assert link.startswith(f"/devices/top/modules/%24edgeHub/{SYNC}?deviceCount=1&")
        assert link.endswith("&api-version=2018-08-30-preview")
        second = await asked(hub, "GET", link, by="top/$edgeHub")
        assert names(second) == ["low"]
        assert second.json()["continuationLink"] is None


@looped
async def test_a_nested_page_is_continued_by_its_token() -> None:
    """DEVICE-42, DEVICE-43"""
    async with running_hub() as hub:
        await plant(hub)
        chain: dict[str, Any] = {"authChain": "top", "pageSize": 1}
        first = await nested(hub, NESTED, **chain, continuationLink="")
        assert names(first) == ["top", "leaf", "leaf/valve"]
        link = first.json()["continuationLink"]
        assert names(await nested(hub, NESTED, **chain, continuationLink=link)) == ["low"]


@looped
async def test_a_disabled_edge_device_is_told_nothing() -> None:
    """DEVICE-40"""
    async with running_hub() as hub:
        await plant(hub)
        proof = await token(hub, "top/$edgeHub")
        await hub.put("/devices/top", {"status": "disabled"}, headers={"If-Match": "*"})
        path = f"/devices/top/modules/$edgeHub/{SYNC}"
        answer = await hub.client.get(path, headers={"Authorization": proof})
        assert (answer.status_code, "devices" in answer.json()) == (403, False)


@pytest.mark.parametrize(
    "params",
    [
        *({"deviceCount": count} for count in ("0", "-1", "9" * 10)),
        *({"continuationToken": token} for token in ("!", "////", "YS9i", "/w==")),
    ],
)
@looped
async def test_what_is_no_page_is_refused(params: dict[str, str]) -> None:
    """DEVICE-42, DEVICE-45"""
    async with running_hub() as hub:
        await plant(hub)
        assert_refused(await sync(hub, **params), 400)


@pytest.mark.parametrize(
    "body",
    [
        *({"authChain": chain} for chain in (None, 1, "", ";top", "a b")),
        *({"authChain": "top", "pageSize": size} for size in (0, True, "1", 1.5)),
        {"authChain": "top", "continuationLink": 1},
    ],
)
@looped
async def test_what_is_no_request_is_refused(body: dict[str, Any]) -> None:
    """DEVICE-45"""
    async with running_hub() as hub:
        await plant(hub)
        assert_refused(await nested(hub, NESTED, **body), 400)


@pytest.mark.parametrize(
    "body", [{}, {"targetDeviceId": 1}, {"targetDeviceId": "leaf", "targetModuleId": 1}]
)
@looped
async def test_who_names_nobody_is_refused(body: dict[str, Any]) -> None:
    """DEVICE-45"""
    async with running_hub() as hub:
        await plant(hub)
        assert_refused(await nested(hub, NESTED_ONE, authChain="top", **body), 400)
        assert_refused(await asked(hub, "GET", f"~/{ONE}", by="top/$edgeHub"), 400)
