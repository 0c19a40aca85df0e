"""frontends/service_api/identities.py."""

import pytest

from affinage.domain.device import Presence
from affinage.domain.names import TwinKey
from affinage.services.fleet.unit import Change
from fakes.hub import running_hub
from fakes.looped import looped


@looped
async def test_a_put_creates_once() -> None:
    """SERVICE-12, SERVICE-30, IDENTITY-17"""
    async with running_hub() as hub:
        first = await hub.ask("PUT", "/devices/pump-1", {"deviceId": "pump-1", "etag": "*"})
        again = await hub.ask("PUT", "/devices/pump-1", {"deviceId": "pump-1", "etag": "*"})
        assert (first.status_code, again.status_code) == (200, 409)
        assert again.headers["iothub-errorcode"] == "DeviceAlreadyExists"
        assert again.json()["Message"].startswith("ErrorCode:DeviceAlreadyExists;")


@pytest.mark.parametrize("form", ["*", '"*"', '"{}"', "{}", 'W/"{}"', '"old", "{}"', 'x, "*"'])
@looped
async def test_every_spelling_of_an_etag_changes(form: str) -> None:
    """SERVICE-10, SERVICE-11, SERVICE-13"""
    async with running_hub() as hub:
        etag = (await hub.device())["etag"]
        change = {"deviceId": "pump-1", "status": "disabled"}
        changed = await hub.put("/devices/pump-1", change, etag=form.format(etag))
        assert changed["status"] == "disabled"
        stale = await hub.ask("PUT", "/devices/pump-1", change, etag=f'"{etag}"')
        assert (stale.status_code, stale.headers["iothub-errorcode"]) == (412, "PreconditionFailed")


@pytest.mark.parametrize("etag", ['""', "", None])
@looped
async def test_an_empty_etag_creates(etag: str | None) -> None:
    """SERVICE-12, SERVICE-13"""
    async with running_hub() as hub:
        assert (await hub.ask("PUT", "/devices/a", {}, etag=etag)).status_code == 200
        ignored = {"If-None-Match": "*"}
        again = await hub.ask("PUT", "/devices/a", {}, etag=etag, headers=ignored)
        assert again.status_code == 409


@looped
async def test_a_change_of_what_does_not_exist_is_refused() -> None:
    """SERVICE-11"""
    async with running_hub() as hub:
        no_device = await hub.ask("PUT", "/devices/a", {}, etag="*")
        assert no_device.headers["iothub-errorcode"] == "DeviceNotFound"
        no_home = await hub.ask("PUT", "/devices/a/modules/m", {})
        assert no_home.headers["iothub-errorcode"] == "DeviceNotFound"
        await hub.device("a")
        no_module = await hub.ask("PUT", "/devices/a/modules/m", {}, etag="*")
        assert no_module.headers["iothub-errorcode"] == "ModuleNotFound"


@looped
async def test_only_a_device_shows_its_etag_in_a_header() -> None:
    """SERVICE-31"""
    async with running_hub() as hub:
        device = await hub.ask("PUT", "/devices/a", {})
        assert device.headers["etag"] == f'"{device.json()["etag"]}"'
        assert (await hub.ask("GET", "/devices/a")).headers["etag"] == device.headers["etag"]
        module = await hub.ask("PUT", "/devices/a/modules/m", {})
        assert "etag" not in module.headers
        assert "etag" not in (await hub.ask("GET", "/devices")).headers
        assert "etag" not in (await hub.ask("GET", "/twins/a")).headers


@looped
async def test_a_device_without_keys_is_given_two() -> None:
    """IDENTITY-6"""
    async with running_hub() as hub:
        empty = {"type": "sas", "symmetricKey": {"primaryKey": "", "secondaryKey": ""}}
        keys = (await hub.device(authentication=empty))["authentication"]["symmetricKey"]
        assert len({keys["primaryKey"], keys["secondaryKey"], ""}) == 3


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": "AB" * 20}},
        {"type": "certificateAuthority"},
    ],
)
@looped
async def test_both_kinds_of_credentials_are_always_shown(asked: dict[str, object]) -> None:
    """IDENTITY-2, IDENTITY-5"""
    async with running_hub() as hub:
        shown = (await hub.device(authentication=asked))["authentication"]
        assert shown["type"] == asked["type"]
        assert shown["symmetricKey"] == {"primaryKey": None, "secondaryKey": None}
        assert set(shown["x509Thumbprint"]) == {"primaryThumbprint", "secondaryThumbprint"}


@looped
async def test_an_edge_device_has_its_modules_and_its_children() -> None:
    """IDENTITY-10 to IDENTITY-12, SERVICE-33"""
    async with running_hub() as hub:
        scope = (await hub.device("gate-1", capabilities={"iotEdge": True}))["deviceScope"]
        names = [module["moduleId"] for module in await hub.get("/devices/gate-1/modules")]
        assert names == ["$edgeAgent", "$edgeHub"]
        assert scope.removeprefix("ms-azure-iot-edge://").rpartition("-")[0] == "gate-1"
        await hub.device("leaf", deviceScope=scope)
        children = f"select deviceId from devices where array_contains(parentScopes, '{scope}')"
        assert (await hub.query(children)).json() == [{"deviceId": "leaf"}]
        cleared = await hub.put("/devices/leaf", {"deviceScope": ""}, etag="*")
        assert "deviceScope" not in cleared
        assert (await hub.query(children)).json() == []


@looped
async def test_what_is_deleted_is_gone_and_nothing_is_said_of_it() -> None:
    """SERVICE-7, SERVICE-30"""
    async with running_hub() as hub:
        etag = (await hub.device("a"))["etag"]
        await hub.put("/devices/a/modules/m", {})
        assert (await hub.ask("DELETE", "/devices/a", etag='"stale"')).status_code == 412
        assert (await hub.ask("DELETE", "/devices/a/modules/m")).status_code == 204
        answer = await hub.ask("DELETE", "/devices/a", etag=f'"{etag}"')
        assert (answer.status_code, answer.content) == (204, b"")
        assert not {"content-type", "content-length"} & set(answer.headers)
        gone = await hub.ask("DELETE", "/devices/a")
        assert (gone.status_code, gone.headers["iothub-errorcode"]) == (404, "DeviceNotFound")


@looped
async def test_a_system_module_is_the_hubs_own() -> None:
    """IDENTITY-16"""
    async with running_hub() as hub:
        await hub.device("gate", capabilities={"iotEdge": True})
        answer = await hub.ask("DELETE", "/devices/gate/modules/$edgeHub")
        assert answer.status_code == 401
        assert answer.headers["iothub-errorcode"] == "SystemModuleModifyUnauthorizedAccess"


@pytest.mark.parametrize(("top", "count"), [("2", 2), ("0", 3), ("-1", 3), ("5000", 3), ("", 3)])
@looped
async def test_a_list_has_as_many_devices_as_are_wanted(top: str, count: int) -> None:
    """SERVICE-32, SERVICE-34"""
    async with running_hub() as hub:
        for name in ("c", "a", "b"):
            await hub.device(name)
        listed = await hub.get("/devices", params={"top": top})
        assert [device["deviceId"] for device in listed] == ["a", "b", "c"][:count]


@pytest.mark.parametrize("top", ["many", "1.5", "0x1", "1_0", "٣", "9" * 19])
@looped
async def test_a_top_that_is_no_number_is_refused(top: str) -> None:
    """SERVICE-34"""
    async with running_hub() as hub:
        for path in ("/devices", "/configurations"):
            answer = await hub.ask("GET", path, params={"top": top})
            assert (answer.status_code, answer.headers["iothub-errorcode"]) == (
                400,
                "IotHubFormatError",
            )


@looped
async def test_statistics_count() -> None:
    """SERVICE-35"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.device("b", status="disabled")
        assert await hub.get("/statistics/devices") == {
            "totalDeviceCount": 2,
            "enabledDeviceCount": 1,
            "disabledDeviceCount": 1,
        }
        assert await hub.get("/statistics/service") == {"connectedDeviceCount": 0}


@looped
async def test_another_id_in_the_body_is_refused() -> None:
    """IDENTITY-3"""
    async with running_hub() as hub:
        answer = await hub.ask("PUT", "/devices/a", {"deviceId": "b"})
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")


@looped
async def test_a_module_goes_with_what_was_known_of_its_connection() -> None:
    """SERVICE-35, IDENTITY-19: it was once counted as connected for ever."""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/devices/a/modules/m", {})
        connected = {TwinKey("a", "m"): Presence(True, 0, 0)}
        await hub.fleet.change(lambda _: Change(lambda _: None, presence=connected))
        assert await hub.get("/statistics/service") == {"connectedDeviceCount": 1}
        await hub.ask("DELETE", "/devices/a/modules/m")
        assert await hub.get("/statistics/service") == {"connectedDeviceCount": 0}
        again = await hub.put("/devices/a/modules/m", {})
        assert again["connectionState"] == "Disconnected"
