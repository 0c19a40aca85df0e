"""frontends/device_api/proofs.py."""

import hashlib
from typing import Any, Final

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from affinage.frontends.device_api.proofs import ByProof
from affinage.frontends.http.prefixes import ByPrefix
from fakes.device_requests import EVENTS, asked, token
from fakes.hub import HOST, Hub, running_hub
from fakes.looped import looped
from fakes.tls import ders, self_signed

SHOWN: Final = ders(self_signed("pump-1"))
DEVICE: Final = "SharedAccessSignature sr=a&sig=b&se=1"
POLICY: Final = f"{DEVICE}&skn=service"


async def with_certificate(hub: Hub, chain: list[bytes], method: str, path: str) -> httpx.Response:
    """A request over a connection that showed this chain."""
    doors = hub.client._transport.app  # type: ignore[attr-defined]  # ASGITransport's

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        await doors({**scope, "state": {"peer_certificate": chain}}, receive, send)

    transport = httpx.ASGITransport(shown)
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
        return await client.request(method, path, content=b"{}")


async def by_thumbprint(hub: Hub) -> None:
    thumbprint = hashlib.sha1(SHOWN[0]).hexdigest().upper()
    x509 = {"primaryThumbprint": thumbprint, "secondaryThumbprint": None}
    await hub.device(authentication={"type": "selfSigned", "x509Thumbprint": x509})


@looped
async def test_a_certificate_is_as_good_as_a_token() -> None:
    """DEVICE-1, DEVICE-4"""
    async with running_hub() as hub:
        await by_thumbprint(hub)
        events = f"/devices/pump-1{EVENTS}"
        assert (await with_certificate(hub, SHOWN, "POST", events)).status_code == 204
        assert (await with_certificate(hub, [], "POST", events)).status_code == 401
        modules = "/devices/pump-1/modules"
        assert (await with_certificate(hub, SHOWN, "PUT", f"{modules}/m")).status_code == 200
        assert (await with_certificate(hub, SHOWN, "GET", modules)).json()[0]["moduleId"] == "m"
        other = ders(self_signed("other"))
        assert (await with_certificate(hub, other, "GET", modules)).status_code == 401


@looped
async def test_a_policy_that_connects_devices_asks_for_one_that_there_is() -> None:
    """DEVICE-2"""
    async with running_hub() as hub:
        await hub.device()
        for policy, status in (("device", 204), ("iothubowner", 204), ("service", 401)):
            answer = await hub.ask("POST", f"/devices/pump-1{EVENTS}", {}, policy=policy)
            assert answer.status_code == status, policy
        answer = await hub.ask("POST", f"/devices/nobody{EVENTS}", {}, policy="device")
        assert answer.status_code == 401


@looped
async def test_a_device_that_is_disabled_is_refused() -> None:
    """DEVICE-5"""
    async with running_hub() as hub:
        await hub.device(status="disabled")
        answer = await asked(hub, "POST", f"~{EVENTS}")
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (403, "DeviceDisabled")


@pytest.mark.parametrize(
    "host", ["", "other.test", "[::1]:443", "hub.test:1@other.test", "hub.test:443/x"]
)
@looped
async def test_a_request_names_the_hub(host: str) -> None:
    async with running_hub() as hub:
        await hub.device()
        for named, status in ((host, 401), (f"{HOST.upper()}:443", 204)):
            answer = await asked(hub, "POST", f"~{EVENTS}", headers={"Host": named})
            assert answer.status_code == status


@looped
async def test_no_version_is_as_good_as_any() -> None:
    """DEVICE-3"""
    async with running_hub() as hub:
        await hub.device()
        for version in ("", "?api-version=2016-11-14", "?api-version=x"):
            assert (await asked(hub, "POST", f"~{EVENTS}{version}")).status_code == 204


@pytest.mark.parametrize("path", ["/devices/a%2Fb", "/devices/a%20b", "/devices/a/modules/%FF"])
@looped
async def test_a_path_that_is_nobodys_is_told_nothing(path: str) -> None:
    """DEVICE-1"""
    async with running_hub() as hub:
        headers = {"Authorization": DEVICE}
        answer = await hub.client.post(f"{path}{EVENTS}", headers=headers)
        assert (answer.status_code, "not proven" in answer.text) == (401, True)


@pytest.mark.parametrize(
    ("path", "headers", "chain", "is_its"),
    [
        ("/devices/d/messages/events", {}, [], True),
        ("/Devices/d/Modules/m/Messages/Events/", {}, [], True),
        ("/devices/d/files", {}, [], True),
        ("/devices/d/files/notifications/x", {}, [], True),
        ("/devices/d", {"Authorization": DEVICE}, [b"c"], False),
        ("/devices/d/modules", {"Authorization": DEVICE}, [], True),
        ("/devices/d/modules/m", {"Authorization": DEVICE}, [], True),
        ("/devices/d/modules/m", {"Authorization": POLICY}, [b"c"], False),
        ("/devices/d/modules/m", {"Authorization": "Bearer x"}, [b"c"], False),
        ("/devices/d/modules/m", {}, [b"c"], True),
        ("/devices/d/modules/m", {}, [], False),
        ("/twins/d/methods", {"x-ms-edge-moduleId": "d/m"}, [], True),
        ("/twins/d/modules/m/methods", {"x-ms-edge-moduleId": "d/m"}, [], True),
        ("/twins/d/methods", {"Authorization": DEVICE}, [b"c"], False),
        ("/twins/d", {"x-ms-edge-moduleId": "d/m"}, [], False),
    ],
)
@looped
async def test_the_door_has_what_devices_ask_for(
    path: str, headers: dict[str, str], chain: list[bytes], is_its: bool
) -> None:
    """DEVICE-4"""
    asked_of: list[bool] = []

    def door(is_the_devices: bool) -> Any:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked_of.append(is_the_devices)

        return app

    doors = ByProof(door(True), ByPrefix({}, door(False)))
    raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    request = {"type": "http", "raw_path": path.encode(), "headers": raw}
    await doors({**request, "state": {"peer_certificate": chain}}, None, None)  # type: ignore[arg-type]  # unused
    assert asked_of == [is_its]
    assert len(doors.apps) == 2


@looped
async def test_a_device_may_not_ask_as_its_neighbour() -> None:
    """DEVICE-1"""
    async with running_hub() as hub:
        await hub.device()
        await hub.device("pump-2")
        headers = {"Authorization": await token(hub, "pump-2")}
        answer = await hub.client.post(f"/devices/pump-1{EVENTS}", headers=headers)
        assert (answer.status_code, "pump-1" in answer.text) == (401, False)


@looped
async def test_who_asks_and_proves_it_is_active_and_not_connected() -> None:
    """PRESENCE-1, PRESENCE-3"""
    async with running_hub() as hub:
        await hub.device()
        hub.clock.advance(5)
        refused = await hub.client.post(f"/devices/pump-1{EVENTS}", content=b"1")
        never = await hub.get("/devices/pump-1")
        assert (refused.status_code, never["lastActivityTime"]) == (401, "0001-01-01T00:00:00Z")
        await asked(hub, "POST", f"~{EVENTS}", content=b"1")
        hub.clock.advance(5)
        shown = await hub.get("/devices/pump-1")
        assert shown["lastActivityTime"] == "2025-01-01T00:00:05Z"
        assert shown["connectionState"] == "Disconnected"
        assert shown["connectionStateUpdatedTime"] == "0001-01-01T00:00:00Z"
        assert (await hub.get("/twins/pump-1"))["lastActivityTime"] == shown["lastActivityTime"]
