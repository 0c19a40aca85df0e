"""frontends/device_api/modules.py."""

import asyncio

import pytest

from affinage.domain.names import TwinKey
from fakes.device_requests import asked
from fakes.hub import Hub, running_hub
from fakes.life import Door, itself
from fakes.looped import looped

VALVE = "/devices/pump-1/modules/valve"
NEW = {"moduleId": "valve", "deviceId": "pump-1", "managedBy": "IotEdge"}


@looped
async def test_a_device_makes_reads_changes_and_deletes_its_modules() -> None:
    """DEVICE-30"""
    async with running_hub() as hub:
        await hub.device()
        made = await asked(hub, "PUT", VALVE, json=NEW)
        assert made.status_code == 200
        key = made.json()["authentication"]["symmetricKey"]["primaryKey"]
        read = (await asked(hub, "GET", VALVE)).json()
        assert (read["managedBy"], read["authentication"]["symmetricKey"]["primaryKey"]) == (
            *("IotEdge",),
            key,
        )
        [listed] = (await asked(hub, "GET", "/devices/pump-1/modules")).json()
        assert listed == read
        changed = await asked(hub, "PUT", VALVE, json=NEW, headers={"If-Match": "*"})
        assert changed.json()["etag"] != read["etag"]
        gone = await asked(hub, "DELETE", VALVE, headers={"If-Match": "*"})
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await asked(hub, "GET", VALVE)).json()["Message"].startswith("ErrorCode:ModuleNot")


@looped
async def test_what_a_device_changes_is_in_the_audit_log_under_its_name() -> None:
    """DEVICE-31"""
    async with running_hub() as hub:
        await hub.device()
        await asked(hub, "PUT", VALVE, json=NEW)
        newest = (await hub.get("/affinage/v1/audit"))["entries"][0]
        assert (newest["action"], newest["subject"]) == ("module.create", "pump-1/valve")
        actor = newest["actor"]
        assert (actor["kind"], actor["name"], actor["door"]) == ("device", "pump-1", "https")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@looped
async def test_another_devices_modules_are_not_a_devices(method: str) -> None:
    """DEVICE-30"""
    async with running_hub() as hub:
        await hub.device()
        await hub.device("pump-2")
        answer = await asked(hub, method, VALVE, by="pump-2", json=NEW)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (
            *(401,),
            "IotHubUnauthorized",
        )


async def _asked_for_a_method(hub: Hub, device: str, by: str) -> tuple[int, str]:
    answer = await asked(
        hub,
        "POST",
        f"/twins/{device}/methods",
        by=by,
        headers={"x-ms-edge-moduleId": by},
        json={"methodName": "stop", "responseTimeoutInSeconds": 5, "connectTimeoutInSeconds": 0},
    )
    return answer.status_code, answer.text


@looped
async def test_a_module_asks_only_its_own_device_for_methods() -> None:
    """DEVICE-32"""
    async with running_hub() as hub:
        for name in ("pump-1", "pump-2"):
            await hub.device(name)
        await hub.put(VALVE, {})
        status, text = await _asked_for_a_method(hub, "pump-1", by="pump-1/valve")
        assert (status, "404103" in text) == (404, True)
        assert (await _asked_for_a_method(hub, "pump-2", by="pump-1/valve"))[0] == 401


@looped
async def test_a_module_is_told_what_its_device_answers() -> None:
    """DEVICE-32"""
    async with running_hub() as hub:
        await hub.device()
        await hub.put(VALVE, {})
        key, door = TwinKey("pump-1"), Door(takes={"stop"})
        await hub.sessions.attach(key, door, clean=False, by=itself("pump-1"))
        asking = asyncio.ensure_future(_asked_for_a_method(hub, "pump-1", by="pump-1/valve"))
        for _ in range(20):
            await asyncio.sleep(0)
        [(_, rid, _)] = door.asked
        hub.services.methods.answer(key, rid, 200, b'{"done": 1}', by=itself("pump-1"))
        assert await asking == (200, '{"status":200,"payload":{"done":1}}')
