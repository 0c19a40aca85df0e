"""frontends/service_api/contents.py."""

from typing import Any

import pytest

from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.reconciling import whole


async def apply(hub: Hub, device: str, content: object) -> Any:
    path = f"/devices/{device}/applyConfigurationContent"
    return await hub.ask("POST", path, {"modulesContent": content})


async def modules(hub: Hub, device: str = "gw") -> dict[str, str | None]:
    """Who manages each module."""
    listed = await hub.get(f"/devices/{device}/modules")
    return {module["moduleId"]: module["managedBy"] for module in listed}


def manifest(*names: str, **own: Any) -> dict[str, Any]:
    return {"$edgeAgent": {"properties.desired": whole(*names)}, **own}


@looped
async def test_the_modules_of_an_edge_device_are_set() -> None:
    """SERVICE-74, EDGE-16. Three modules, then four, the first custom one gone."""
    async with running_hub() as hub:
        await hub.device("gw", capabilities={"iotEdge": True})
        answer = await apply(hub, "gw", manifest("first"))
        assert (answer.status_code, answer.content) == (204, b"")
        assert await modules(hub) == {"$edgeAgent": None, "$edgeHub": None, "first": "IotEdge"}
        second = manifest("listed", "written", written={"properties.desired": {"x": 1}})
        assert (await apply(hub, "gw", second)).status_code == 204
        assert {*await modules(hub)} == {"$edgeAgent", "$edgeHub", "listed", "written"}
        twin = await hub.get("/twins/gw/modules/written")
        assert (twin["properties"]["desired"]["x"], "configurations" in twin) == (1, False)


@looped
async def test_content_of_the_device_itself_is_written_once() -> None:
    """SERVICE-74, EDGE-15"""
    async with running_hub() as hub:
        await hub.device("d")
        content = {"deviceContent": {"properties.desired.mode": "eco"}}
        answer = await hub.ask("POST", "/devices/d/applyConfigurationContent/", content)
        assert answer.status_code == 204
        twin = await hub.get("/twins/d")
        assert (twin["properties"]["desired"]["mode"], "configurations" in twin) == ("eco", False)
        assert await hub.get("/configurations") == []


@pytest.mark.parametrize(
    ("device", "content", "status", "name"),
    [
        ("nobody", {}, 404, "DeviceNotFound"),
        ("d", {"modulesContent": manifest("m")}, 400, "InvalidOperation"),
        ("d", {"moduleContent": {"properties.desired.a": 1}}, 400, "InvalidConfigurationContent"),
        ("d", {"deviceContent": {"tags.a": 1}}, 400, "InvalidConfigurationContent"),
        ("d", {"deviceContent": 7}, 400, "InvalidConfigurationContent"),
        ("gw", {"modulesContent": {"m": {}}}, 400, "InvalidConfigurationContent"),
        ("gw", [], 400, "IotHubFormatError"),
    ],
)
@looped
async def test_what_cannot_be_applied_changes_nothing(
    device: str, content: object, status: int, name: str
) -> None:
    """SERVICE-74, EDGE-17"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.device("gw", capabilities={"iotEdge": True})
        before = (
            (await hub.query("SELECT * FROM devices.modules")).json(),
            await hub.get("/twins/d"),
        )
        answer = await hub.ask("POST", f"/devices/{device}/applyConfigurationContent", content)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (status, name)
        after = (await hub.query("SELECT * FROM devices.modules")).json(), await hub.get("/twins/d")
        assert after == before
