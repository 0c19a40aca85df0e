"""A fleet of edge devices: two gateways, one below the other, strangers, and whoever is below."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from fakes.device_requests import asked
from fakes.hub import Hub

SYNC: Final = "devicesAndModulesInDeviceScope"
ONE: Final = "deviceAndModuleInDeviceScope"
NESTED: Final = "devicesAndModulesInTargetDeviceScope"
NESTED_ONE: Final = "getDeviceAndModuleOnBehalfOf"

EDGE: Final[Mapping[str, Any]] = {"capabilities": {"iotEdge": True}}


async def plant(hub: Hub) -> None:
    """`top` is above `leaf`, with a module, and `low`, that above `deep`; `other` has `theirs`."""
    top = await hub.device("top", **EDGE)
    other = await hub.device("other", **EDGE)
    low = await hub.device("low", **EDGE, parentScopes=[top["deviceScope"]])
    await hub.device("leaf", deviceScope=top["deviceScope"])
    await hub.put("/devices/leaf/modules/valve", {})
    await hub.device("deep", deviceScope=low["deviceScope"])
    await hub.device("theirs", deviceScope=other["deviceScope"])
    await hub.device("alone")


async def sync(hub: Hub, by: str = "top", **params: Any) -> httpx.Response:
    return await asked(hub, "GET", f"~/{SYNC}", by=f"{by}/$edgeHub", params=params)


async def one(hub: Hub, device: str, module: str = "", by: str = "top") -> httpx.Response:
    target = {"targetDeviceId": device, "targetModuleId": module}
    return await asked(hub, "GET", f"~/{ONE}", by=f"{by}/$edgeHub", params=target)


async def nested(hub: Hub, what: str, by: str = "top", **body: Any) -> httpx.Response:
    return await asked(hub, "POST", f"~/{what}", by=f"{by}/$edgeHub", json=body)


def names(answer: httpx.Response) -> list[str]:
    """Devices, then modules; without those of the system."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    modules = [f"{one['deviceId']}/{one['moduleId']}" for one in body["modules"]]
    devices = [one["deviceId"] for one in body["devices"]]
    return [*devices, *(name for name in modules if "$" not in name)]


def assert_refused(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"ErrorMessage", "Message", "ExceptionMessage"}
