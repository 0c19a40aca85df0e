"""frontends/device_api/messages.py."""

from typing import Any

import httpx
import pytest

from affinage.domain.names import TwinKey
from fakes.device_requests import BOUND, asked
from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.messages import sent

KEY = TwinKey("pump-1")


async def received(hub: Hub, **headers: str) -> httpx.Response:
    return await asked(hub, "GET", f"~{BOUND}", headers=headers)


def lock_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"].strip('"')


async def waiting(hub: Hub) -> Any:
    return (await hub.get("/devices/pump-1"))["cloudToDeviceMessageCount"]


@looped
async def test_a_message_is_received_and_completed() -> None:
    """DEVICE-20, DEVICE-22"""
    async with running_hub() as hub:
        await hub.device()
        assert (await received(hub)).status_code == 204
        said = {"messageId": "m", "ack": "full", "properties": {"Line": "4", "ü b": "wärmer"}}
        await sent(hub, KEY, **said)
        answer = await received(hub)
        lock, told = lock_of(answer), answer.headers
        assert (answer.content, told["iothub-messageid"], told["iothub-ack"]) == (b"x", "m", "full")
        assert (told["iothub-sequencenumber"], told["iothub-deliverycount"]) == ("1", "0")
        assert (b"iothub-app-Line", b"4") in told.raw
        assert told["iothub-app-%C3%BC%20b"] == "=?utf-8?B?d8Okcm1lcg==?="
        assert (await received(hub)).status_code == 204
        assert (await asked(hub, "DELETE", f"~{BOUND}/{lock}")).status_code == 204
        assert await waiting(hub) == 0


@looped
async def test_a_rejected_message_is_told_to_its_sender() -> None:
    """DEVICE-22"""
    async with running_hub() as hub:
        await hub.device()
        await sent(hub, KEY, messageId="m", ack="negative")
        lock = lock_of(await received(hub))
        assert (await asked(hub, "DELETE", f"~{BOUND}/{lock}?reject")).status_code == 204
        [record] = await hub.get("/messages/serviceBound/feedback")
        assert record["statusCode"] == "Rejected"


@looped
async def test_an_abandoned_message_is_received_again() -> None:
    """DEVICE-22"""
    async with running_hub() as hub:
        await hub.device()
        await sent(hub, KEY)
        lock = lock_of(await received(hub))
        assert (await asked(hub, "POST", f"~{BOUND}/{lock}/abandon")).status_code == 204
        again = await received(hub)
        assert (again.headers["iothub-deliverycount"], lock_of(again) != lock) == ("1", True)


@pytest.mark.parametrize(("method", "tail"), [("DELETE", ""), ("POST", "/abandon")])
@looped
async def test_a_lock_ends(method: str, tail: str) -> None:
    """DEVICE-21, DEVICE-23"""
    async with running_hub() as hub:
        await hub.device()
        await sent(hub, KEY)
        lock = lock_of(await received(hub, **{"IotHub-MessageLockTimeout": "5"}))
        hub.clock.advance(5)
        answer = await asked(hub, method, f"~{BOUND}/{lock}{tail}")
        assert answer.status_code == 412
        assert answer.headers["iothub-errorcode"] == "DeviceMessageLockLost"
        assert await waiting(hub) == 1


@pytest.mark.parametrize(
    ("seconds", "name"),
    [("4", "ArgumentInvalid"), ("301", "ArgumentInvalid"), ("soon", "IotHubFormatError")],
)
@looped
async def test_a_lock_has_bounds(seconds: str, name: str) -> None:
    """DEVICE-21"""
    async with running_hub() as hub:
        await hub.device()
        answer = await received(hub, **{"IotHub-MessageLockTimeout": seconds})
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, name)
