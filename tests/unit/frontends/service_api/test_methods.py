"""frontends/service_api/methods.py."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal, Right
from fakes.hub import Hub, running_hub
from fakes.life import Door
from fakes.looped import looped


async def connected(hub: Hub, key: TwinKey) -> tuple[Door, Principal]:
    """A connection that takes `stop`, and its identity."""
    door = Door(takes={"stop"})
    by = Principal(Kind.DEVICE, key.path, "test", "1", Right.DEVICE_CONNECT, scope=key)
    await hub.sessions.attach(key, door, clean=False, by=by)
    return door, by


async def asked(hub: Hub, path: str, door: Door, **body: Any) -> "asyncio.Future[httpx.Response]":
    """A request that the device has heard of."""
    ask = asyncio.ensure_future(hub.ask("POST", path, {"methodName": "stop", **body}))
    for _ in range(10):
        await asyncio.sleep(0)
    assert door.asked
    return ask


def told(answer: httpx.Response) -> tuple[int, str, int]:
    message = json.loads(answer.json()["Message"])
    return answer.status_code, answer.headers["iothub-errorcode"], message["errorCode"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/twins/a/methods", TwinKey("a")),
        ("/twins/a/modules/m/methods", TwinKey("a", "m")),
    ],
)
@looped
async def test_the_answer_is_the_devices(path: str, key: TwinKey) -> None:
    """METHOD-3, METHOD-4"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/devices/a/modules/m", {})
        door, by = await connected(hub, key)
        ask = await asked(hub, path, door, payload={"in": 3})
        [(_, rid, payload)] = door.asked
        assert payload == b'{"in":3}'
        hub.services.methods.answer(key, rid, 1000, b'["ok"]', by=by)
        answer = await ask
        assert (answer.status_code, answer.json()) == (200, {"status": 1000, "payload": ["ok"]})


@pytest.mark.parametrize(
    ("path", "told_as"),
    [
        ("/twins/b/methods", (404, "DeviceNotFound", 404001)),
        ("/twins/a/modules/m/methods", (404, "ModuleNotFound", 404010)),
        ("/twins/a/methods", (404, "DeviceNotOnline", 404103)),
    ],
)
@looped
async def test_who_cannot_be_asked_is_told_in_the_form_for_devices(
    path: str, told_as: tuple[int, str, int]
) -> None:
    """METHOD-5, METHOD-6, METHOD-10"""
    async with running_hub() as hub:
        await hub.device("a")
        assert told(await hub.ask("POST", path, {"methodName": "stop"})) == told_as


@pytest.mark.parametrize(
    ("body", "told_as"),
    [
        ({}, (400, "ArgumentNull", 400005)),
        ([], (400, "IotHubFormatError", 400006)),
        ({"methodName": "a", "responseTimeoutInSeconds": 1}, (400, "ArgumentInvalid", 400004)),
        ({"methodName": "a", "payload": "x" * 131_072}, (400, "ArgumentInvalid", 400004)),
    ],
)
@looped
async def test_what_cannot_be_asked_is_told_so_too(
    body: object, told_as: tuple[int, str, int]
) -> None:
    """METHOD-2, METHOD-10"""
    async with running_hub() as hub:
        await hub.device("a")
        assert told(await hub.ask("POST", "/twins/a/methods", body)) == told_as


@looped
async def test_a_silent_device_is_a_gateways_timeout() -> None:
    """METHOD-7"""
    async with running_hub() as hub:
        await hub.device("a")
        door, _ = await connected(hub, TwinKey("a"))
        ask = await asked(hub, "/twins/a/methods", door)
        hub.clock.advance(30)
        assert told(await ask) == (504, "GatewayTimeout", 504101)


@looped
async def test_a_device_that_leaves_or_talks_nonsense_is_told_apart() -> None:
    """METHOD-7, METHOD-9"""
    async with running_hub() as hub:
        await hub.device("a")
        key = TwinKey("a")
        door, by = await connected(hub, key)
        ask = await asked(hub, "/twins/a/methods", door)
        hub.services.methods.answer(key, door.asked[0][1], 200, b"{", by=by)
        assert told(await ask) == (502, "GenericBadGateway", 502000)
        door.asked.clear()
        ask = await asked(hub, "/twins/a/methods", door)
        await hub.sessions.detach(key, door, by=by)
        assert told(await ask) == (404, "DeviceConnectionClosedRemotely", 404104)
