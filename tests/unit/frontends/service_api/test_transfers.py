"""frontends/service_api/transfers.py."""

import asyncio
from typing import Final

from fakes.hub import running_hub
from fakes.looped import looped

EXPORT: Final = {"type": "export", "outputBlobContainerUri": "memory:out"}


@looped
async def test_an_export_is_begun_looked_at_and_listed() -> None:
    """TRANSFER-1, TRANSFER-4"""
    async with running_hub() as hub:
        await hub.device("pump-1")
        made = (await hub.ask("POST", "/jobs/create", EXPORT)).json()
        assert (made["type"], made["status"]) == ("export", "enqueued")
        for _ in range(100):
            await asyncio.sleep(0)
        done = await hub.get(f"/jobs/{made['jobId']}")
        assert (done["status"], done["progress"]) == ("completed", 100)
        assert await hub.get("/jobs") == [done]
        cancelled = await hub.ask("DELETE", f"/jobs/{made['jobId']}")
        assert (cancelled.status_code, cancelled.json()) == (200, done)


@looped
async def test_a_place_that_is_not_allowed_and_a_job_that_is_none_are_refused() -> None:
    """TRANSFER-5"""
    async with running_hub() as hub:
        elsewhere = {**EXPORT, "outputBlobContainerUri": "https://a.test/c"}
        refused = await hub.ask("POST", "/jobs/create", elsewhere)
        assert (refused.status_code, refused.headers["iothub-errorcode"]) == (
            400,
            "ArgumentInvalid",
        )
        missing = await hub.ask("GET", "/jobs/none")
        assert (missing.status_code, missing.headers["iothub-errorcode"]) == (404, "JobNotFound")
