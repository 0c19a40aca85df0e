"""services/jobs/updates.py, and through it ground.py: twin updates, portion by portion."""

import asyncio

from affinage.domain.jobs import Job
from affinage.domain.names import TwinKey
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.jobs.ground import PAUSE_S
from affinage.services.limits import Operation, Rate
from affinage.services.portions import MAX_TWINS
from fakes.life import OWNER, Life, living, pass_time
from fakes.looped import looped
from fakes.working import entry, outcomes, statistics, update, worked


def tagged(life: Life) -> list[str]:
    """Who was written."""
    return [name for name in life.fleet.ids(1000) if life.fleet.device(name).twin.tags.get("done")]


@looped
async def test_everybody_who_meets_the_condition_is_written_and_nobody_else() -> None:
    """JOB-12, JOB-13"""
    async with living() as life:
        await life.create("a", "b", tags={"ring": 1})
        await life.create("c")
        await update(life, "tags.ring = 1")
        document = await worked(life)
        assert (document["status"], tagged(life)) == ("completed", ["a", "b"])
        assert statistics(document) == {"device": 2, "succeeded": 2}
        assert {name: one.fate for name, one in outcomes(life).items()} == {
            "a": "completed",
            "b": "completed",
        }


@looped
async def test_modules_are_written_too_two_of_one_device_at_once() -> None:
    """JOB-3, JOB-13"""
    async with living() as life:
        await life.create("d", "d/one", "d/two")
        await update(life, "FROM devices.modules WHERE deviceId = 'd'")
        assert statistics(await worked(life)) == {"device": 2, "succeeded": 2}
        twins = [life.fleet.row(TwinKey("d", name)).twin for name in ("one", "two")]
        assert [twin.tags for twin in twins] == [{"done": "j"}] * 2
        assert tagged(life) == []


@looped
async def test_who_comes_after_the_beginning_is_no_target() -> None:
    """JOB-12"""
    async with living() as life:
        await life.create("a")
        await update(life)
        await worked(life)
        await life.create("b")
        assert statistics(await worked(life)) == {"device": 1, "succeeded": 1}


@looped
async def test_what_one_target_refuses_is_its_outcome_alone() -> None:
    """JOB-6, JOB-13"""
    async with living() as life:
        await life.create("a", "b")
        await life.tag("a", full="x")
        etag = life.fleet.row(TwinKey("b")).document()["etag"]
        await update(life, updateTwin={"etag": etag, "tags": {"done": 1}})
        document = await worked(life)
        assert (document["status"], tagged(life)) == ("completed", ["b"])
        assert statistics(document) == {"device": 2, "succeeded": 1, "failed": 1}
        assert outcomes(life)["a"].error == ("etag_mismatch", "ETag mismatch for device ID 'a'")


@looped
async def test_a_target_that_is_gone_is_none() -> None:
    """JOB-14"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b", "d", "d/m")
        await update(life)
        await worked(life)
        await life.delete("b")
        await pass_time(life, 30)
        document = await worked(life)
        assert (document["status"], tagged(life)) == ("completed", ["a", "d"])
        assert statistics(document) == {"device": 2, "succeeded": 2}


@looped
async def test_a_job_waits_where_there_is_no_token() -> None:
    """JOB-19"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await update(life)
        assert statistics(await worked(life)) == {"device": 2, "succeeded": 1, "pending": 1}
        life.clock.advance(10 - PAUSE_S)
        await life.turn(40)
        life.clock.advance(PAUSE_S)
        assert (await worked(life))["status"] == "completed"
        assert life.limits.throttled[Operation.JOB_DEVICE] == 0


@looped
async def test_a_job_that_is_cancelled_goes_no_further() -> None:
    """JOB-9, JOB-21"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await update(life)
        await worked(life)
        await life.jobs.cancel("j", by=OWNER)
        await pass_time(life, 30)
        assert (entry(life).job.status, tagged(life)) == ("cancelled", ["a"])
        rows = [row.document() for row in life.book.rows()]
        assert [row["status"] for row in rows] == ["completed", "canceled"]


@looped
async def test_a_job_that_is_cancelled_in_the_commit_of_a_portion_is_so() -> None:
    """JOB-9: the portion does not write over it."""
    async with living() as life:
        await life.create("a")
        await update(life)
        told = [(await life.jobs.cancel("j", by=OWNER))["status"] for _ in range(40)]
        assert told[-1] in ("cancelled", "completed")
        assert (await worked(life))["status"] == told[-1]


@looped
async def test_a_job_that_takes_too_long_fails_and_says_so() -> None:
    """JOB-18"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await update(life, maxExecutionTimeInSeconds=5)
        await pass_time(life, 6)
        document = await worked(life)
        assert (document["status"], tagged(life)) == ("failed", ["a"])
        assert document["failureReason"] == "it took longer than 5 s"


@looped
async def test_a_portion_and_how_far_the_job_is_are_one_unit() -> None:
    """JOB-12: whatever is stored, the next hub goes on behind the last outcome."""
    names = [f"d{number:03}" for number in range(MAX_TWINS + 20)]
    async with living() as life:
        await asyncio.gather(*(life.create(name) for name in names))
        await update(life)
        while not entry(life).outcomes:
            await life.turn(1)
        [stored] = [codec.decode(body, Job) for _, body in life.store.read(Table.JOBS)]
        assert stored.succeeded == len(tagged(life)) == MAX_TWINS
    async with living(life) as again:
        document = await worked(again)
        assert statistics(document) == {"device": len(names), "succeeded": len(names)}
        versions = {again.fleet.device(name).twin.version for name in names}
        assert (tagged(again), versions) == (names, {3})
