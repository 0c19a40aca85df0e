"""A direct method for every target: some at a time, each begun in a unit and ended in another.

A method that was begun and whose answer was not written may have been carried out: after a kill it
is told as failed, and not begun again.

Source: JOB-15 to JOB-17.
"""

import asyncio
from typing import Final, Protocol

from msgspec.structs import replace

from affinage.domain.errors import AffinageError, Unavailable
from affinage.domain.jobs import Job, Status
from affinage.domain.method import MethodRequest, MethodResult
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal, Right
from affinage.services.fleet.unit import Change, View
from affinage.services.jobs.book import Entry, current, job_row, outcome_row
from affinage.services.jobs.ground import Ground, ahead
from affinage.services.jobs.outcomes import Outcome, answered, begun, ended

MAX_CALLS: Final = 64
"""Methods of one job that are under way at a time."""


class Invoke(Protocol):
    async def __call__(
        self, key: TwinKey, request: MethodRequest, *, by: Principal
    ) -> MethodResult: ...


async def call_all(ground: Ground, entry: Entry, invoke: Invoke) -> None:
    """Return when every target has answered or failed, or the job is over and nobody is waited for.

    Who was asked before the job was over is still waited for.
    """
    await end_cut_off(ground, entry, "its answer was lost, as the store failed")
    room = asyncio.Semaphore(MAX_CALLS)
    async with asyncio.TaskGroup() as calls:
        while await ground.may_go_on(entry) and (numbers := ahead(entry, 1)):
            if not await ground.drawn(1):
                continue
            await room.acquire()
            key = await _begin(ground, entry, numbers[0])
            call = calls.create_task(_call(ground, entry, numbers[0], key, invoke))
            call.add_done_callback(lambda _: room.release())


async def end_cut_off(ground: Ground, entry: Entry, why: str) -> None:
    """Write of each target that is under way that it failed: nobody waits for it any more."""
    for number in sorted(entry.running):
        await end(ground, entry, number, Unavailable(why))


async def end(
    ground: Ground, entry: Entry, number: int, found: AffinageError | MethodResult
) -> None:
    """Write what became of a target that was under way."""

    def decide(view: View) -> Change[None]:
        one, job = entry.outcome(number), current(view, entry)
        assert one is not None  # it was begun
        is_failed = isinstance(found, AffinageError)
        counted = replace(
            job, failed=job.failed + is_failed, succeeded=job.succeeded + (not is_failed)
        )
        rows = (job_row(counted), outcome_row(job, number, _outcome(one, found, view)))
        return Change(lambda _: None, rows=rows)

    await ground.fleet.change(decide)


async def _begin(ground: Ground, entry: Entry, number: int) -> TwinKey | None:
    """Write that a target's turn has come; None if it is gone, or the job is over."""

    def decide(view: View) -> Change[TwinKey | None]:
        job = current(view, entry)
        if job.status is not Status.RUNNING:
            return Change(lambda _: None)
        key = ground.fleet.key_at(job.collection, number)
        moved = replace(job, cursor=number, targets=job.targets - (key is None))
        if key is None:
            return Change(lambda _: None, rows=(job_row(moved),))
        rows = (job_row(moved), outcome_row(job, number, begun(key, view.at)))
        return Change(lambda _: key, rows=rows)

    return await ground.fleet.change(decide)


async def _call(
    ground: Ground, entry: Entry, number: int, key: TwinKey | None, invoke: Invoke
) -> None:
    if key is None:
        return
    try:
        found: AffinageError | MethodResult = await invoke(key, entry.job.method, by=_by(entry.job))
    except AffinageError as error:
        found = error
    await end(ground, entry, number, found)


def _outcome(one: Outcome, found: AffinageError | MethodResult, view: View) -> Outcome:
    if isinstance(found, AffinageError):
        return ended(one, found, view.at)
    return answered(one, found, view.at)


def _by(job: Job) -> Principal:
    """In whose name its methods are invoked: who made it had the right to."""
    return Principal(Kind.HUB, f"job {job.id}", "jobs", job.id, Right.SERVICE_CONNECT)
