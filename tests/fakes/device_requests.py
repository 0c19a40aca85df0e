"""Requests of devices and modules over HTTPS, with tokens of their own keys."""

from collections.abc import Mapping
from typing import Any

import httpx

from affinage.domain.names import TwinKey
from affinage.protocol.tokens import make_token
from fakes.hub import HOST, LIFE_S, Hub

EVENTS = "/messages/events"
BOUND = "/messages/devicebound"


def root(key: TwinKey) -> str:
    """What the paths of an identity begin with."""
    return f"devices/{key.device}" + (f"/modules/{key.module}" if key.module else "")


async def token(hub: Hub, name: str) -> str:
    """A token of the identity ``device`` or ``device/module``."""
    of = root(TwinKey.parse(name))
    identity = await hub.get(f"/{of}")
    key = identity["authentication"]["symmetricKey"]["primaryKey"]
    return make_token(f"{HOST}/{of}", key, int(hub.clock.now().timestamp() + LIFE_S))


async def asked(
    hub: Hub,
    method: str,
    path: str,
    *,
    by: str = "pump-1",
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> httpx.Response:
    """A request of the identity ``by``; a path that begins with `~` is below its own."""
    if path.startswith("~"):
        path = f"/{root(TwinKey.parse(by))}{path[1:]}"
    sent = {"Authorization": await token(hub, by), **(headers or {})}
    return await hub.client.request(method, path, headers=sent, **body)


async def told(hub: Hub) -> list[Any]:
    """The telemetry in the feed."""
    page = await hub.get("/affinage/v1/events", params={"kind": "telemetry"})
    events: list[Any] = page["events"]
    return events
