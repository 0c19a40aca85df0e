"""services/jobs/calls.py: direct methods, some at a time."""

import pytest

from affinage.services.jobs import calls
from affinage.services.limits import Operation, Rate
from fakes.life import OWNER, Door, Life, itself, key_of, living, pass_time
from fakes.looped import looped
from fakes.working import call, come, outcomes, statistics, worked


def answer(life: Life, name: str, door: Door, status: int = 200) -> None:
    _, rid, _ = door.asked[-1]
    life.methods.answer(key_of(name), rid, status, b'{"was": true}', by=itself(name))


@looped
async def test_every_target_is_asked_and_its_answer_kept() -> None:
    """JOB-15, JOB-17"""
    async with living() as life:
        await life.create("a", "b")
        doors = await come(life, "a", "b")
        await call(life)
        assert statistics(await worked(life)) == {"device": 2, "running": 2}
        answer(life, "a", doors["a"])
        answer(life, "b", doors["b"], status=500)
        document = await worked(life)
        assert document["status"] == "completed"
        assert statistics(document) == {"device": 2, "succeeded": 2}
        results = [one.result and one.result[0] for one in outcomes(life).values()]
        assert results == [200, 500]


@looped
async def test_who_is_away_has_failed_and_the_job_has_not() -> None:
    """JOB-13"""
    async with living() as life:
        await life.create("a")
        await call(life)
        document = await worked(life)
        assert (document["status"], statistics(document)) == (
            "completed",
            {"device": 1, "failed": 1},
        )
        error = outcomes(life)["a"].error
        assert error is not None
        assert error[0] == "device_not_online"


@looped
async def test_so_many_are_asked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """JOB-15"""
    monkeypatch.setattr(calls, "MAX_CALLS", 2)
    async with living() as life:
        await life.create("a", "b", "c")
        doors = await come(life, "a", "b", "c")
        await call(life)
        assert statistics(await worked(life)) == {"device": 3, "running": 2, "pending": 1}
        answer(life, "a", doors["a"])
        assert statistics(await worked(life))["running"] == 2
        for name in "bc":
            answer(life, name, doors[name])
        assert (await worked(life))["status"] == "completed"


@looped
async def test_what_is_under_way_when_a_job_is_cancelled_is_still_told() -> None:
    """JOB-9"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 100)})) as life:
        await life.create("a", "b")
        doors = await come(life, "a", "b")
        await call(life)
        await worked(life)
        await life.jobs.cancel("j", by=OWNER)
        answer(life, "a", doors["a"])
        await pass_time(life, 2)
        document = await worked(life)
        assert (document["status"], doors["b"].asked) == ("cancelled", [])
        assert statistics(document) == {"device": 2, "succeeded": 1, "pending": 1}


@looped
async def test_who_is_gone_before_its_turn_is_no_target() -> None:
    """JOB-14"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await call(life)
        await worked(life)
        await life.delete("b")
        await pass_time(life, 12)
        document = await worked(life)
        assert (document["status"], statistics(document)) == (
            "completed",
            {"device": 1, "failed": 1},
        )


@pytest.mark.parametrize("is_cancelled", [False, True])
@looped
async def test_an_answer_that_the_store_refused_is_told_as_lost(is_cancelled: bool) -> None:
    """JOB-16: it stays under way for nobody."""
    async with living() as life:
        await life.create("a")
        doors = await come(life, "a")
        await call(life)
        await worked(life)
        if is_cancelled:
            await life.jobs.cancel("j", by=OWNER)
        life.disk.fails = True
        answer(life, "a", doors["a"])
        await life.turn(40)
        life.disk.fails = False
        await pass_time(life, 3)
        document = await worked(life)
        assert document["status"] == ("cancelled" if is_cancelled else "completed")
        assert (statistics(document), len(doors["a"].asked)) == ({"device": 1, "failed": 1}, 1)


@looped
async def test_a_method_that_a_stop_has_cut_off_has_failed_and_is_not_asked_again() -> None:
    """JOB-16"""
    async with living() as life:
        await life.create("a", "b")
        await come(life, "a")
        await call(life)
        await worked(life)
    async with living(life) as again:
        doors = await come(again, "a")
        document = await worked(again)
        assert (document["status"], doors["a"].asked) == ("completed", [])
        assert statistics(document) == {"device": 2, "failed": 2}
        error = outcomes(again)["a"].error
        assert error == ("unavailable", "the hub stopped while it was under way")
