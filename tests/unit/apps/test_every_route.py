"""Every route of every door that a hub has over HTTPS: none opens for who may not come in.

The routes are those that a running hub serves, as its apps themselves tell.
"""

import base64
import hmac
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from affinage.adapters.system.clock import wall_time
from affinage.apps.doors import https_doors
from affinage.apps.hub import Hub
from affinage.apps.openapi import documents
from affinage.apps.parts import Parts
from affinage.apps.settings import HubSettings
from affinage.domain.policy import OWNER
from affinage.frontends.device_api.app import OPERATIONS as DEVICE
from affinage.frontends.monitoring.app import PATH
from affinage.frontends.service_api.app import OPERATIONS as SERVICE
from affinage.protocol.tokens import make_token
from fakes.looped import looped

HOST: Final = "localhost"
STRANGERS: Final = ("nobody", "forger", "latecomer", "neighbour", "unknown", "device", "bearer")
POWERLESS: Final = "device"
"""The policy that only lets devices connect."""

OF_DEVICES: Final = {(method, path) for path, methods in DEVICE.items() for method in methods} - {
    (method, path) for path, methods in SERVICE.items() for method in methods
}
"""What that policy is good for."""

UNPROVEN: Final = ("/{scope}/", "/uploads/")
"""How paths begin where no right is asked for, but what a device's enrollment demands."""

NAMES: Final = {
    "scope": "0ne00000000",
    "id": "pump-1",
    "module": "valve",
    "door": "service",
    "offset": "1",
}
"""What stands for a parameter of a path; `known` for any other."""

BODIES: Final[dict[str, object]] = {
    "/devices": [],
    "/twins/{id}/methods": {"methodName": "stop"},
    "/twins/{id}/modules/{module}/methods": {"methodName": "stop"},
    "/digitaltwins/{id}": [],
    "/enrollments": {"mode": "create", "enrollments": []},
    "/enrollments/query": {"query": "SELECT * FROM enrollments"},
    "/enrollmentGroups": {"mode": "create", "enrollmentGroups": []},
    "/enrollmentGroups/query": {"query": "SELECT * FROM enrollmentGroups"},
    "/devices/keys/regenerate": {"policyKey": "both", "devices": []},
}
"""What is needed to be refused for its sender and not for its body; `{}` elsewhere."""


@dataclass(frozen=True)
class Walk:
    """A walk over the routes of a hub."""

    parts: Parts
    client: httpx.AsyncClient

    def routes(self) -> Iterator[tuple[str, str]]:
        """Every method and path that any door has."""
        for app in https_doors(self.parts).apps:
            assert isinstance(app, Starlette)
            for route in app.routes:
                assert isinstance(route, Route)
                yield from ((method, route.path) for method in sorted(route.methods or ()))

    async def ask(self, method: str, path: str, authorization: str) -> httpx.Response:
        names = {name: NAMES.get(name, "known") for name in _parameters(path)}
        body = None if method in ("GET", "DELETE") else BODIES.get(path, {})
        return await self.client.request(
            method,
            path.format(**names),
            params={"api-version": "2021-04-12"},
            headers={"Authorization": authorization} if authorization else {},
            json=body,
        )

    def token(self, policy: str = OWNER, resource: str = HOST, life_s: int = 3600) -> str:
        key, _ = self.parts.access.keys(policy)
        return make_token(resource, key, int(wall_time().timestamp()) + life_s, policy)

    def of_a(self, stranger: str) -> str:
        """What a stranger has to show."""
        token = self.token()
        return {
            "nobody": "",
            "forger": token.replace("sig=", "sig=AAAA"),
            "latecomer": self.token(life_s=-3600),
            "neighbour": self.token(resource="other.test"),
            "unknown": token.replace(f"skn={OWNER}", "skn=nobody"),
            "device": _of_a_device(wall_time().timestamp() + 3600),
            "bearer": f"Bearer {base64.b64encode(b'{}').decode()}",
        }[stranger]


@asynccontextmanager
async def walking(data: Path) -> AsyncIterator[Walk]:
    """A running hub, and a client of all its doors."""
    async with Hub(HubSettings(data, https_port=0, mqtt_port=0)) as hub:
        transport = httpx.ASGITransport(https_doors(hub.parts), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
            yield Walk(hub.parts, client)


@looped
async def test_no_route_escapes_the_walk(tmp_path: Path) -> None:
    """SERVICE-5, NATIVE-1: it meets all that OpenAPI tells, and the page of metrics."""
    documented: list[Any] = [one["paths"] for one in documents().values()]
    told = {
        (method.upper(), path)
        for paths in documented
        for path, methods in paths.items()
        for method in methods
    }
    async with walking(tmp_path / "data") as walk:
        assert {*walk.routes()} == told | {("GET", PATH)}


@pytest.mark.parametrize("stranger", STRANGERS)
@looped
async def test_no_route_opens_for_a_stranger(stranger: str, tmp_path: Path) -> None:
    """SERVICE-5, NATIVE-1"""
    async with walking(tmp_path / "data") as walk:
        for method, path in walk.routes():
            answer = await walk.ask(method, path, walk.of_a(stranger))
            assert answer.status_code == 401, (method, path)
            assert "iothub-errorcode" not in answer.headers or (
                answer.headers["iothub-errorcode"] == "IotHubUnauthorized"
            )


@looped
async def test_no_route_opens_for_who_lacks_its_right(tmp_path: Path) -> None:
    """SERVICE-5, NATIVE-12, DEVICE-2"""
    async with walking(tmp_path / "data") as walk:
        for path in ("/devices/{id}", "/devices/{id}/modules/{module}"):
            assert (await walk.ask("PUT", path, walk.token())).is_success
        for method, path in walk.routes():
            if path.startswith(UNPROVEN):
                continue
            is_of_devices = (method, path) in OF_DEVICES
            policy = "service" if is_of_devices else POWERLESS
            answer = await walk.ask(method, path, walk.token(policy))
            assert answer.status_code in (401, 403), (method, path, answer.text)
            why = "may not connect devices" if is_of_devices else "lacks the right"
            assert why in answer.text, (method, path)


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _of_a_device(expiry: float) -> str:
    """A token without a policy's name, as devices have it."""
    signed = hmac.new(b"key", f"{HOST}\n{expiry:.0f}".encode(), "sha256").digest()
    signature = base64.b64encode(signed).decode().replace("=", "%3D")
    return f"SharedAccessSignature sr={HOST}&sig={signature}&se={expiry:.0f}"
