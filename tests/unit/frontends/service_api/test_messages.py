"""frontends/service_api/messages.py."""

from typing import Any

import pytest

from affinage.domain.names import TwinKey
from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.messages import sent

FEEDBACK = "/messages/serviceBound/feedback"


async def purged(hub: Hub, device: str = "a") -> Any:
    answer = await hub.ask("DELETE", f"/devices/{device}/commands")
    return answer.json()


@looped
async def test_a_purge_says_how_many_messages_went() -> None:
    """MESSAGE-14"""
    async with running_hub() as hub:
        await hub.device("a")
        await sent(hub, TwinKey("a"))
        assert (await hub.get("/devices/a"))["cloudToDeviceMessageCount"] == 1
        assert await purged(hub) == {"totalMessagesPurged": 1, "deviceId": "a", "moduleId": None}
        assert (await purged(hub))["totalMessagesPurged"] == 0
        assert (await hub.get("/twins/a"))["cloudToDeviceMessageCount"] == 0


@looped
async def test_only_a_device_that_exists_is_purged() -> None:
    async with running_hub() as hub:
        answer = await hub.ask("DELETE", "/devices/a/commands")
        assert answer.headers["iothub-errorcode"] == "DeviceNotFound"


@looped
async def test_feedback_is_received_under_a_lock_and_completed() -> None:
    """MESSAGE-21 to MESSAGE-23"""
    async with running_hub() as hub:
        await hub.device("a")
        await sent(hub, TwinKey("a"), messageId="m", ack="full")
        await purged(hub)
        answer = await hub.ask("GET", FEEDBACK)
        [record] = answer.json()
        assert (record["originalMessageId"], record["statusCode"]) == ("m", "Purged")
        lock = answer.headers["etag"].strip('"')
        assert (await hub.ask("GET", FEEDBACK)).status_code == 204
        assert (await hub.ask("POST", f"{FEEDBACK}/{lock}/abandon")).status_code == 204
        again = (await hub.ask("GET", FEEDBACK)).headers["etag"].strip('"')
        assert (await hub.ask("DELETE", f"{FEEDBACK}/{again}")).status_code == 204
        assert (await hub.ask("GET", FEEDBACK)).status_code == 204


@pytest.mark.parametrize(("method", "tail"), [("DELETE", ""), ("POST", "/abandon")])
@looped
async def test_a_lock_that_nobody_has_is_lost(method: str, tail: str) -> None:
    """MESSAGE-23"""
    async with running_hub() as hub:
        answer = await hub.ask(method, f"{FEEDBACK}/none{tail}")
        assert answer.status_code == 412
        assert answer.headers["iothub-errorcode"] == "DeviceMessageLockLost"
