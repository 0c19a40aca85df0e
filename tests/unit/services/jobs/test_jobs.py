"""services/jobs/jobs.py"""

import asyncio

import pytest

from affinage.domain.errors import (
    Forbidden,
    Invalid,
    JobExists,
    JobNotFound,
    Throttled,
    TooManyJobs,
    Unavailable,
    UnknownGroup,
)
from affinage.domain.principal import Right
from affinage.ports.store import Table
from affinage.services.jobs import jobs as module
from affinage.services.limits import Operation, Rate
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped
from fakes.working import update, worked

LATER = "2030-01-01T00:00:00Z"


@looped
async def test_a_job_is_made_once() -> None:
    """JOB-1"""
    async with living() as life:
        assert (await update(life))["status"] == "queued"
        with pytest.raises(JobExists, match="job j exists"):
            await update(life)
        made = await asyncio.gather(
            *(update(life, job_id="twin") for _ in range(2)), return_exceptions=True
        )
        assert [type(one) for one in made] == [dict, JobExists]


@looped
async def test_what_cannot_be_a_job_is_none() -> None:
    """JOB-1, JOB-6"""
    async with living() as life:
        with pytest.raises(Invalid, match="cannot be the id of a job"):
            await update(life, job_id="a b")
        with pytest.raises(UnknownGroup):
            await update(life, "GROUP('nobody')")
        assert life.keys(Table.JOBS) == []


@looped
async def test_a_job_that_could_not_be_stored_is_none() -> None:
    async with living() as life:
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await update(life)
        life.disk.fails = False
        with pytest.raises(JobNotFound, match="no job j"):
            await life.jobs.get("j", by=OWNER)


@looped
async def test_so_many_are_active_at_a_time() -> None:
    """JOB-10: also those that one commit makes."""
    async with living() as life:
        some = (update(life, job_id=f"j{n}") for n in range(4))
        made = await asyncio.gather(*some, return_exceptions=True)
        assert [type(one) for one in made] == [dict, dict, dict, TooManyJobs]
        assert str(made[3]) == "the hub has 3 of 3 active jobs"
        await update(life, job_id="later", startTime=LATER)


@looped
async def test_so_many_that_have_not_ended_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """JOB-10"""
    monkeypatch.setattr(module, "MAX_JOBS", 2)
    async with living() as life:
        for job_id in "ab":
            await update(life, job_id=job_id, startTime=LATER)
        with pytest.raises(TooManyJobs, match="2 of 2 jobs that have not ended"):
            await update(life, startTime=LATER)


@looped
async def test_a_job_is_cancelled_before_its_time() -> None:
    """JOB-9"""
    async with living() as life:
        await update(life, startTime="2025-01-01T12:00:00Z")
        assert (await life.jobs.cancel("j", by=OWNER))["status"] == "cancelled"
        life.clock.jump(24 * 3600)
        life.clock.advance(1)
        assert (await worked(life))["status"] == "cancelled"


@looped
async def test_a_job_that_has_ended_stays_as_it_is() -> None:
    """JOB-9"""
    async with living() as life:
        await update(life)
        assert (await worked(life))["status"] == "completed"
        assert (await life.jobs.cancel("j", by=OWNER))["status"] == "completed"
        with pytest.raises(JobNotFound):
            await life.jobs.cancel("k", by=OWNER)


@looped
async def test_jobs_are_listed_by_id_and_by_what_they_are() -> None:
    """JOB-11"""
    async with living() as life:
        await update(life, job_id="b")
        await worked(life, "b")
        for job_id in "ac":
            await update(life, job_id=job_id, startTime=LATER)
        page = await life.jobs.page(limit=2, by=OWNER)
        assert ([one["jobId"] for one in page.rows], page.continuation) == (["a", "b"], "b")
        page = await life.jobs.page(after=page.continuation, by=OWNER)
        assert ([one["jobId"] for one in page.rows], page.continuation) == (["c"], None)
        page = await life.jobs.page(kind="SCHEDULEUPDATETWIN", status="Scheduled", by=OWNER)
        assert [one["jobId"] for one in page.rows] == ["a", "c"]
        assert not (await life.jobs.page(kind="scheduleDeviceMethod", by=OWNER)).rows
        with pytest.raises(Invalid, match="a page of 0 rows"):
            await life.jobs.page(limit=0, by=OWNER)


@looped
async def test_jobs_take_a_right_and_a_token() -> None:
    """THROTTLE-1, THROTTLE-3"""
    async with living(life=Life(throttle={Operation.JOB: Rate(1, 60)})) as life:
        with pytest.raises(Forbidden):
            await life.jobs.get("j", by=policy(Right.REGISTRY_WRITE))
        await update(life)
        for ask in (life.jobs.get("j", by=OWNER), life.jobs.cancel("j", by=OWNER)):
            with pytest.raises(Throttled):
                await ask
