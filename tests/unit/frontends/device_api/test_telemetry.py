"""frontends/device_api/telemetry.py."""

import base64
from typing import Any

import pytest

from fakes.device_requests import EVENTS, asked, told
from fakes.hub import running_hub
from fakes.looped import looped

BATCH = {"Content-Type": "application/vnd.microsoft.iothub.json"}


@looped
async def test_a_message_is_in_the_feed_with_its_properties() -> None:
    """DEVICE-10, DEVICE-11"""
    async with running_hub() as hub:
        await hub.device()
        said = {"IoTHub-MessageId": "m", "iothub-contenttype": "text/plain", "iothub-app-x": "1"}
        answer = await asked(hub, "POST", f"~{EVENTS}", content=b"hi", headers=said)
        assert (answer.status_code, answer.content) == (204, b"")
        [event] = await told(hub)
        assert (event["deviceId"], event["body"], event["properties"]) == (
            *("pump-1", "hi"),
            {"x": "1"},
        )
        system = event["systemProperties"]
        assert (system["message-id"], system["content-type"]) == ("m", "text/plain")
        assert '"type":"sas"' in system["iothub-connection-auth-method"]


@looped
async def test_a_module_sends_as_itself() -> None:
    """DEVICE-1"""
    async with running_hub() as hub:
        await hub.device()
        await hub.put("/devices/pump-1/modules/valve", {})
        answer = await asked(hub, "POST", f"~{EVENTS}", by="pump-1/valve", content=b"hi")
        assert answer.status_code == 204
        [event] = await told(hub)
        assert event["moduleId"] == "valve"
        path = f"/devices/pump-1/modules/valve{EVENTS}"
        assert (await asked(hub, "POST", path, content=b"hi")).status_code == 401


@looped
async def test_a_batch_is_sent_in_its_order() -> None:
    """DEVICE-12"""
    async with running_hub() as hub:
        await hub.device()
        batch = [
            {"body": base64.b64encode(b"a").decode(), "properties": {"iothub-app-Zone": "4"}},
            {"body": "b", "base64Encoded": False, "properties": {"iothub-messageid": "m", "y": ""}},
        ]
        answer = await asked(hub, "POST", f"~{EVENTS}", json=batch, headers=BATCH)
        assert answer.status_code == 204
        first, second = await told(hub)
        assert (first["body"], first["properties"]) == ("a", {"Zone": "4"})
        assert (second["body"], second["properties"]) == ("b", {"y": ""})
        assert second["systemProperties"]["message-id"] == "m"


@pytest.mark.parametrize(
    ("batch", "name"),
    [
        ({}, "IotHubFormatError"),
        ([1], "IotHubFormatError"),
        ([{}], "ArgumentNull"),
        ([{"body": 1}], "IotHubFormatError"),
        ([{"body": "?"}], "IotHubFormatError"),
        ([{"body": "", "base64Encoded": 1}], "IotHubFormatError"),
        ([{"body": "", "properties": []}], "IotHubFormatError"),
        ([{"body": "", "properties": {"a": 1}}], "IotHubFormatError"),
        ([{"body": "", "properties": dict.fromkeys(map(str, range(101)), "")}], "ArgumentInvalid"),
        ([{"body": ""}] * 501, "MessageTooLarge"),
        ([{"body": "a" * 140_000, "base64Encoded": False}] * 2, "MessageTooLarge"),
    ],
)
@looped
async def test_what_is_wrong_in_a_batch_has_it_refused_as_a_whole(batch: Any, name: str) -> None:
    """DEVICE-13"""
    async with running_hub() as hub:
        await hub.device()
        good = [{"body": ""}] if isinstance(batch, list) else None
        sent = [*good, *batch] if good else batch
        answer = await asked(hub, "POST", f"~{EVENTS}", json=sent, headers=BATCH)
        assert answer.headers["iothub-errorcode"] == name
        assert await told(hub) == []


@looped
async def test_a_body_that_is_too_large_is_not_read() -> None:
    """DEVICE-13"""
    async with running_hub() as hub:
        await hub.device()
        answer = await asked(hub, "POST", f"~{EVENTS}", content=bytes(262_145))
        assert answer.status_code == 413
