"""frontends/native_api/messages.py."""

import pytest

from affinage.domain.names import TwinKey
from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped
from fakes.messages import sent


@looped
async def test_a_message_is_taken_and_its_end_is_told() -> None:
    """MESSAGE-1, MESSAGE-2, MESSAGE-7"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/devices/a/modules/m", {})
        assert await sent(hub, TwinKey("a"), messageId="one", ttlSeconds=60) == {
            "messageId": "one",
            "enqueuedAt": "2025-01-01T00:00:00Z",
            "expiresAt": "2025-01-01T00:01:00Z",
        }
        assert len((await sent(hub, TwinKey("a", "m")))["messageId"]) == 36
        assert (await hub.get("/devices/a/modules/m"))["cloudToDeviceMessageCount"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/devices/b/messages", {"body": ""}, 404, "device_not_found"),
        ("/devices/a/modules/m/messages", {"body": ""}, 404, "module_not_found"),
        ("/devices/a/messages", {}, 400, "missing"),
        ("/devices/a/messages", [], 400, "malformed"),
        ("/devices/a/messages", {"body": "x" * 65_537}, 413, "message_too_large"),
        ("/devices/a%2Fb/messages", {"body": ""}, 400, "invalid"),
    ],
)
@looped
async def test_what_is_no_message_is_refused(
    path: str, body: object, status: int, kind: str
) -> None:
    """MESSAGE-3"""
    async with running_hub() as hub:
        await hub.device("a")
        answer = await hub.ask("POST", PREFIX + path, body)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"urn:affinage:problem:{kind}",
        )


@looped
async def test_a_full_queue_is_told() -> None:
    """MESSAGE-4"""
    async with running_hub() as hub:
        await hub.device("a")
        for _ in range(50):
            await sent(hub, TwinKey("a"))
        answer = await hub.ask("POST", f"{PREFIX}/devices/a/messages", {"body": ""})
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "50 of 50 messages wait for it",
        )
