"""What holds of a job after any history of deletions, cancels, failing disks and stops."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from affinage.domain.errors import Unavailable
from affinage.domain.jobs import Job
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.jobs.outcomes import Fate
from affinage.services.limits import Operation, Rate
from fakes.life import OWNER, Life, living
from fakes.working import call, entry, outcomes, update

NAMES = tuple("abcdef")
SLOW = {Operation.JOB_DEVICE: Rate(2, 1)}

steps = st.lists(
    st.sampled_from(["turn", "second", "stop", "cancel", "delete", "fail", "mend"]), max_size=12
)


async def lived(history: Sequence[str], *, methods: bool) -> Life:
    """A job over six devices, two of which go at a time, with all that happens meanwhile."""
    life = Life(throttle=SLOW)
    async with living(life=life):
        await life.create(*NAMES)
        await (call if methods else update)(life)
    left, ahead = list(NAMES), list(history)
    while True:
        life = Life(life, throttle=SLOW)
        async with living(life=life):
            while ahead and (what := ahead.pop(0)) != "stop":
                await _happen(life, what, left)
            if not ahead:
                life.disk.fails = False
                await _to_its_end(life)
                return life


async def _happen(life: Life, what: str, left: list[str]) -> None:
    match what:
        case "turn":
            await life.turn(3)
        case "second":
            life.clock.advance(1)
            await life.turn(20)
        case "cancel" if not life.disk.fails:
            await life.jobs.cancel("j", by=OWNER)
        case "delete" if left and not life.disk.fails:
            await life.delete(left.pop())
        case "fail" | "mend":
            life.disk.fails = what == "fail"
        case _:
            pass


async def _to_its_end(life: Life) -> None:
    for _ in range(40):
        life.clock.advance(1)
        await life.turn(20)
    assert entry(life).job.status.is_end


@settings(max_examples=40, deadline=None)
@given(steps, st.booleans())
def test_every_target_has_its_turn_once_and_is_counted(history: list[str], methods: bool) -> None:
    """JOB-12 to JOB-16: whatever is stored says the same as what is remembered."""

    async def scenario() -> None:
        life = await lived(history, methods=methods)
        job, found = entry(life).job, outcomes(life)
        failed = [one for one in found.values() if one.fate is Fate.FAILED]
        assert all(one.fate in (Fate.COMPLETED, Fate.FAILED) for one in found.values())
        assert (job.succeeded + job.failed, job.failed) == (len(found), len(failed))
        if job.status == "completed":
            assert job.targets == len(found)
        [stored] = [codec.decode(body, Job) for _, body in life.store.read(Table.JOBS)]
        assert stored == job
        if not methods:
            _each_was_written_once(life)

    asyncio.run(scenario())


def _each_was_written_once(life: Life) -> None:
    written = {name for name, one in outcomes(life).items() if one.fate is Fate.COMPLETED}
    for name, device in life.stored().items():
        assert device.twin.version == (3 if name in written else 2)
        assert ("done" in device.twin.tags) == (name in written)


def test_a_disk_that_fails_is_told_to_who_asks() -> None:
    """So the histories above do ask it."""

    async def scenario() -> None:
        async with living() as life:
            life.disk.fails = True
            try:
                await update(life)
            except Unavailable:
                return
        raise AssertionError("it was stored")

    asyncio.run(scenario())
