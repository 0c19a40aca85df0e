"""frontends/service_api/jobs.py."""

import asyncio

from fakes.hub import Hub, running_hub
from fakes.looped import looped

UPDATE = {"type": "scheduleUpdateTwin", "updateTwin": {"etag": "*", "tags": {"done": 1}}}
LATER = "2030-01-01T00:00:00Z"


async def ended(hub: Hub, path: str) -> str:
    """The job's status, once it has had its time."""
    for _ in range(100):
        await asyncio.sleep(0)
    return str((await hub.get(path))["status"])


@looped
async def test_a_job_is_put_read_and_done() -> None:
    """JOB-1, JOB-8"""
    async with running_hub() as hub:
        await hub.device("pump-1")
        made = await hub.put("/jobs/v2/set-it", {"jobId": "set-it", **UPDATE})
        assert (made["status"], made["type"]) == ("queued", "scheduleUpdateTwin")
        assert await ended(hub, "/jobs/v2/set-it") == "completed"
        assert (await hub.get("/twins/pump-1"))["tags"] == {"done": 1}
        again = await hub.ask("PUT", "/jobs/v2/set-it", UPDATE)
        assert (again.status_code, again.headers["iothub-errorcode"]) == (409, "JobAlreadyExists")


@looped
async def test_a_job_is_cancelled() -> None:
    """JOB-9"""
    async with running_hub() as hub:
        await hub.put("/jobs/v2/later", {**UPDATE, "startTime": LATER})
        answer = await hub.ask("POST", "/jobs/v2/later/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        missing = await hub.ask("POST", "/jobs/v2/none/cancel")
        assert (missing.status_code, missing.headers["iothub-errorcode"]) == (404, "JobNotFound")


@looped
async def test_jobs_are_listed_in_pages() -> None:
    """JOB-11"""
    async with running_hub() as hub:
        for name in ("a", "query", "z"):
            await hub.put(f"/jobs/v2/{name}", {**UPDATE, "startTime": LATER})
        asked = {"jobStatus": "scheduled"}
        first = await hub.ask(
            "GET", "/jobs/v2/query", params=asked, headers={"x-ms-max-item-count": "2"}
        )
        assert [job["jobId"] for job in first.json()] == ["a", "query"]
        assert first.headers["x-ms-item-type"] == "JobResponse"
        token = {"x-ms-continuation": first.headers["x-ms-continuation"]}
        last = await hub.ask("GET", "/jobs/v2/query", params=asked, headers=token)
        assert [job["jobId"] for job in last.json()] == ["z"]
        assert "x-ms-continuation" not in last.headers
        assert await hub.get("/jobs/v2/query", params={"jobStatus": "failed"}) == []


@looped
async def test_a_token_of_another_hub_is_refused() -> None:
    async with running_hub() as hub:
        for token in ("?", "gA=="):
            headers = {"x-ms-continuation": token}
            answer = await hub.ask("GET", "/jobs/v2/query", headers=headers)
            assert answer.status_code == 400, token


@looped
async def test_an_export_is_unknown_here_and_what_nobody_knows_is_not_found() -> None:
    """JOB-23"""
    async with running_hub() as hub:
        export = {"type": "export", "outputBlobContainerUri": "memory:out"}
        name = (await hub.ask("POST", "/jobs/create", export)).json()["jobId"]
        told = await hub.get(f"/jobs/v2/{name}")
        assert (told["jobId"], told["type"], told["status"]) == (name, "unknown", "unknown")
        assert (told["startTime"], told["failureReason"]) == (None, None)
        missing = await hub.ask("GET", "/jobs/v2/none")
        assert (missing.status_code, missing.headers["iothub-errorcode"]) == (404, "JobNotFound")
