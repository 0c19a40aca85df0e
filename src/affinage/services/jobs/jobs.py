"""Jobs as back ends ask for them: made, looked at, listed, cancelled.

Source: docs/spec/jobs.md.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from affinage.domain import jobs
from affinage.domain.audit import Deed, digest
from affinage.domain.errors import JobExists, JobNotFound, TooManyJobs
from affinage.domain.jobs import Event, Job, Status
from affinage.domain.moments import Millis, millis
from affinage.domain.names import check_id
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.jobs.book import Book, Entry, current, job_row, written
from affinage.services.jobs.outcomes import JobRow
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import DEFAULT_PAGE, Page, cut

MAX_ACTIVE: Final = 10
"""Jobs that are queued or running at a time, if the settings say nothing."""

MAX_JOBS: Final = 1_000
"""Jobs that are kept, ended ones included."""


class Jobs:
    def __init__(
        self,
        fleet: Fleet,
        book: Book,
        clock: Clock,
        limits: Limits = UNLIMITED,
        max_active: int = MAX_ACTIVE,
    ) -> None:
        self._fleet, self._book, self._clock, self._limits = fleet, book, clock, limits
        self._max_active = max_active
        self.changed = asyncio.Event()
        """Set when a job was made or cancelled; whoever runs them clears it."""

    async def create(self, job_id: str, body: JsonObject, *, by: Principal) -> JsonObject:
        """Make a job; it begins when its time has come and there is room.

        Raises:
            JobExists; TooManyJobs: as many are active, or kept, as may be.
            Missing, Malformed, Invalid, TooLarge: what the message says.
            Unavailable: the commit failed. In every case there is no such job.

        Source: JOB-1 to JOB-6, JOB-10.
        """
        self._enter(by)
        check_id("a job", job_id)
        at = self._now()
        made = jobs.created(job_id, body, at=at)
        if (condition := made.target_condition) is not None:
            self._fleet.groups.check(condition)

        def decide(view: View) -> Change[Job]:
            if self._book.find(job_id) is not None or written(view, job_id) is not None:
                raise JobExists(f"job {job_id} exists")
            self._check_room(made, view)
            deed = Deed(by, "job.create", job_id, None, digest(jobs.document(made)))
            return Change(lambda _: made, rows=(job_row(made),), deeds=(deed,))

        await self._fleet.change(decide)
        self.changed.set()
        return jobs.document(made)

    async def get(self, job_id: str, *, by: Principal) -> JsonObject:
        """A job as it is now; JobNotFound."""
        self._enter(by)
        return shown(self._entry(job_id))

    async def cancel(self, job_id: str, *, by: Principal) -> JsonObject:
        """Have no further target begun; a job that has ended stays as it is.

        What is under way with a device is not called back: its outcome is still written.

        Raises:
            JobNotFound, Unavailable: nothing has changed.

        Source: JOB-9.
        """
        self._enter(by)
        at = self._now()

        def decide(view: View) -> Change[Job]:
            job = current(view, self._entry(job_id))
            if job.status.is_end:
                return Change(lambda _: job)
            cancelled = jobs.step(job, Event.CANCELLED, at=at)
            told = digest(jobs.document(job)), digest(jobs.document(cancelled))
            deed = Deed(by, "job.cancel", job_id, *told)
            return Change(lambda _: cancelled, rows=(job_row(cancelled),), deeds=(deed,))

        await self._fleet.change(decide)
        self.changed.set()
        return shown(self._entry(job_id))

    async def page(
        self,
        *,
        kind: str | None = None,
        status: str | None = None,
        after: str | None = None,
        limit: int = DEFAULT_PAGE,
        by: Principal,
    ) -> Page:
        """The jobs of a kind and a status, by id; case does not count; None is any.

        Raises:
            Invalid: ``limit`` is under 1.

        Source: JOB-11.
        """
        self._enter(by)
        found = [
            entry
            for entry in self._book.all()
            if _is(kind, entry.job.kind)
            and _is(status, entry.job.status)
            and (after is None or entry.job.id > after)
        ]
        some, has_more = cut(found, limit)
        return Page("JobResponse", [*map(shown, some)], some[-1].job.id if has_more else None)

    def rows(self, after: tuple[str, int] | None = None) -> Iterator[JobRow]:
        """Rows of `devices.jobs`; see `Book.rows`."""
        return self._book.rows(after)

    def _enter(self, by: Principal) -> None:
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.JOB, by)

    def _entry(self, job_id: str) -> Entry:
        if (entry := self._book.find(job_id)) is None:
            raise JobNotFound(f"no job {job_id}")
        return entry

    def _check_room(self, made: Job, view: View) -> None:
        known = [one.job for one in self._book.all()] + self._book.made(view)
        active = sum(one.status in (Status.QUEUED, Status.RUNNING) for one in known)
        if made.status is Status.QUEUED and active >= self._max_active:
            raise TooManyJobs(f"the hub has {active} of {self._max_active} active jobs")
        if sum(not one.status.is_end for one in known) >= MAX_JOBS:
            raise TooManyJobs(f"the hub has {MAX_JOBS} of {MAX_JOBS} jobs that have not ended")

    def _now(self) -> Millis:
        return millis(self._clock.now())


def shown(entry: Entry) -> JsonObject:
    """A job's document."""
    return jobs.document(entry.job, running=len(entry.running))


def _is(wanted: str | None, found: str) -> bool:
    return not wanted or wanted.lower() == found.lower()
