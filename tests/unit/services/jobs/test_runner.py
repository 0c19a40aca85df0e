"""services/jobs/runner.py: when jobs begin, and when they are forgotten."""

import pytest

from affinage.domain.errors import Unavailable
from affinage.domain.jobs import Event
from affinage.ports.store import Table
from affinage.services.jobs import runner
from affinage.services.jobs.book import Entry
from affinage.services.jobs.ground import Ground
from fakes.life import OWNER, living, pass_time
from fakes.looped import looped
from fakes.working import call, come, update, worked

SOON = "2025-01-01T00:00:05Z"


@looped
async def test_a_job_begins_when_its_time_has_come() -> None:
    """JOB-4, JOB-7"""
    async with living() as life:
        await life.create("a")
        assert (await update(life, startTime=SOON))["status"] == "scheduled"
        await pass_time(life, 4)
        assert (await worked(life))["status"] == "scheduled"
        await pass_time(life, 2)
        assert (await worked(life))["status"] == "completed"


@looped
async def test_a_scheduled_job_waits_for_room() -> None:
    """JOB-10"""
    async with living() as life:
        await life.create("a")
        await come(life, "a")
        for job_id in "xyz":
            await call(life, job_id=job_id)
        await update(life, startTime=SOON)
        await pass_time(life, 8)
        assert (await worked(life))["status"] == "queued"
        await life.jobs.cancel("x", by=OWNER)
        await pass_time(life, 40)  # until nobody waits for its answer any more
        assert (await worked(life))["status"] == "completed"


@looped
async def test_a_job_that_cannot_be_carried_out_has_failed() -> None:
    """JOB-18"""
    async with living() as life:
        await life.group("early", "*")
        await update(life, "GROUP('early')", startTime=SOON)
        await life.groups.delete("early", if_match=None, by=OWNER)
        await pass_time(life, 7)
        document = await worked(life)
        assert document["status"] == "failed"
        assert document["failureReason"] == "there is no group early"


@looped
async def test_that_a_job_has_failed_is_written_when_the_store_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its end is nobody else's."""
    step, failures = Ground.step, [Unavailable("the disk is full")]

    async def stepped(ground: Ground, entry: Entry, event: Event, why: str | None = None) -> None:
        if event is Event.BROKEN and failures:
            raise failures.pop()
        await step(ground, entry, event, why)

    monkeypatch.setattr(Ground, "step", stepped)
    async with living() as life:
        await life.group("early", "*")
        await update(life, "GROUP('early')", startTime=SOON)
        await life.groups.delete("early", if_match=None, by=OWNER)
        await pass_time(life, 9)
        assert (failures, (await worked(life))["status"]) == ([], "failed")


@looped
async def test_a_fault_of_ours_ends_a_job_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Entry] = []

    async def faulty(_: Ground, entry: Entry) -> None:
        tried.append(entry)
        raise KeyError(7)

    monkeypatch.setattr(runner, "update_all", faulty)
    async with living() as life:
        await life.create("a")
        await update(life)
        await pass_time(life, 3)
        document = await worked(life)
        assert document["status"] == "failed"
        assert document["failureReason"] == "a fault of the hub: its log has more"
        assert len(tried) == 1


@looped
async def test_a_job_is_tried_again_when_the_store_is_back() -> None:
    async with living() as life:
        await life.create("a")
        await update(life)
        life.disk.fails = True
        await pass_time(life, 3)
        life.disk.fails = False
        await pass_time(life, 3)
        assert (await worked(life))["status"] == "completed"


@looped
async def test_a_job_is_forgotten_a_month_after_its_end() -> None:
    """JOB-10"""
    async with living() as life:
        await life.create("a")
        await update(life)
        await worked(life)
        assert len(life.keys(Table.OUTCOMES)) == 2
        life.clock.jump(30 * 24 * 3600)
        await pass_time(life, 2)
        assert (life.keys(Table.JOBS), life.keys(Table.OUTCOMES)) == ([], [])
        assert (await life.jobs.page(by=OWNER)).rows == []


@looped
async def test_of_too_many_the_oldest_that_has_ended_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """JOB-10"""
    monkeypatch.setattr(runner, "MAX_JOBS", 2)
    async with living() as life:
        for job_id in "cba":
            await update(life, job_id=job_id)
            await pass_time(life, 1)
            await worked(life, job_id)
        await pass_time(life, 2)
        assert life.keys(Table.JOBS) == ["a", "b"]
