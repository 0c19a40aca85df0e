"""The loop that has jobs carried out: when their time has come, and as many at a time as may be.

Forgets them 30 days after their end.

Source: JOB-10, JOB-12 to JOB-19.
"""

import asyncio
from collections.abc import Iterator
from typing import Final, NoReturn

import structlog
from msgspec.structs import replace

from affinage.domain import jobs
from affinage.domain.errors import AffinageError, Unavailable
from affinage.domain.jobs import Event, Kind, Status
from affinage.domain.moments import Millis
from affinage.services.fleet.unit import Change, View
from affinage.services.jobs.book import Book, Entry, current, gone, job_row, targets_row
from affinage.services.jobs.calls import Invoke, call_all, end_cut_off
from affinage.services.jobs.ground import Ground
from affinage.services.jobs.jobs import MAX_ACTIVE, MAX_JOBS, Jobs
from affinage.services.jobs.updates import update_all

TICK_S: Final = 1.0
"""How often the time is looked at."""

HISTORY: Final[Millis] = 30 * 24 * 3600 * 1000
"""How long a job is kept after its end."""

PRUNED: Final = 1_000
"""Rows that are deleted in one unit."""

_log = structlog.get_logger(__name__)


class Runner:
    def __init__(
        self,
        ground: Ground,
        book: Book,
        asked: Jobs,
        invoke: Invoke,
        max_active: int = MAX_ACTIVE,
    ) -> None:
        self._ground, self._book, self._asked, self._invoke = ground, book, asked, invoke
        self._max_active = max_active
        self._going: dict[str, asyncio.Task[None]] = {}

    async def open(self) -> None:
        """Have what a stop has cut off written down as such; the fleet must be running."""
        for entry in self._book.all():
            stopped = "the hub stopped while it was under way"
            await end_cut_off(self._ground, entry, stopped)

    async def run(self) -> NoReturn:
        """Have carried out what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._look(tasks)
                except Unavailable as error:
                    _log.warning("jobs not looked at", error=str(error))
                await self._until_something_may_be_due()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        at = self._ground.now()
        for entry in self._book.all():
            job = entry.job
            if job.status is Status.SCHEDULED and job.start_at <= at:
                await self._ground.step(entry, Event.DUE)
            elif job.ended_at is not None and job.ended_at + HISTORY <= at:
                await self._forget(entry)
        await self._make_room()
        for entry in self._waiting():
            if len(self._going) < self._max_active:
                self._going[entry.job.id] = tasks.create_task(self._carry_out(entry))

    async def _until_something_may_be_due(self) -> None:
        """A second, or until a job is made, cancelled, or has ended."""
        waits = [self._ground.clock.sleep(TICK_S), self._asked.changed.wait()]
        both = [asyncio.ensure_future(one) for one in waits]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
        self._asked.changed.clear()

    def _waiting(self) -> Iterator[Entry]:
        """Those that could go on: what was running before the oldest of the others.

        Also what is over and was interrupted before the last outcomes were written.
        """
        due = (Status.RUNNING, Status.QUEUED)
        known = [one for one in self._book.all() if one.job.status in due or one.running]
        known.sort(key=lambda one: (one.job.status is not Status.RUNNING, one.job.created_at))
        return (one for one in known if one.job.id not in self._going)

    async def _carry_out(self, entry: Entry) -> None:
        """One job to its end, or until it is cancelled; tried again if the store fails."""
        try:
            await self._to_its_end(entry)
            _log.info("job", job=entry.job.id, status=str(entry.job.status))
        except* Unavailable as errors:
            _log.warning("job interrupted", job=entry.job.id, error=str(errors.exceptions[0]))
        finally:
            del self._going[entry.job.id]

    async def _to_its_end(self, entry: Entry) -> None:
        """What cannot be carried out has failed; Unavailable: the store did."""
        try:
            await self._begin(entry)
            if entry.job.kind is Kind.METHOD:
                await call_all(self._ground, entry, self._invoke)
            else:
                await update_all(self._ground, entry)
            if entry.job.status is Status.RUNNING:
                await self._ground.step(entry, Event.DONE)
        except* Unavailable:
            raise
        except* AffinageError as errors:
            await self._ground.step(entry, Event.BROKEN, str(errors.exceptions[0]))
        except* Exception:  # noqa: BLE001  # told to who looks, and written down
            _log.exception("failed", job=entry.job.id)
            await self._ground.step(entry, Event.BROKEN, "a fault of the hub: its log has more")

    async def _begin(self, entry: Entry) -> None:
        """Fix its targets, if it has not begun before."""
        if entry.job.status is not Status.QUEUED:
            return
        fleet, asked = self._ground.fleet, entry.job
        if (condition := asked.target_condition) is not None:
            fleet.groups.check(condition)  # one that it names may be gone by now
        targets = await fleet.matching(asked.collection, condition)

        def decide(view: View) -> Change[None]:
            job = current(view, entry)
            if job.status is not Status.QUEUED:
                return Change(lambda _: None)  # it was cancelled meanwhile
            first = replace(jobs.step(job, Event.BEGUN, at=view.at), targets=len(targets))
            return Change(lambda _: None, rows=(job_row(first), targets_row(first, targets)))

        await fleet.change(decide)

    async def _make_room(self) -> None:
        """Forget the oldest jobs that have ended, while there are more than are kept."""
        done = [one for one in self._book.all() if one.job.status.is_end]
        done.sort(key=lambda one: one.job.ended_at or 0)
        for entry in done[: max(0, len(self._book.all()) - MAX_JOBS)]:
            await self._forget(entry)

    async def _forget(self, entry: Entry) -> None:
        """Delete a job and what it did; its own row last, so that nothing is left without it."""
        own, *others = gone(entry)
        for start in range(0, len(others), PRUNED):
            await self._ground.fleet.save(*others[start : start + PRUNED])
        await self._ground.fleet.save(own)
