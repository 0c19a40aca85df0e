"""Every job that is known, with its targets and their outcomes, as of the last commit.

Read from the store at the start, and moved by each commit that has rows of jobs in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pyroaring import BitMap
from sortedcontainers import SortedDict

from affinage.domain.jobs import Job
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import View
from affinage.services.jobs.outcomes import Fate, JobRow, Outcome

TARGETS: Final = 0
"""In the place of a number: the row of a job's targets. No device or module has it."""


@dataclass(slots=True)
class Entry:
    job: Job
    targets: BitMap = field(default_factory=BitMap)
    """Numbers of devices or modules, fixed when the job began."""
    outcomes: SortedDict = field(default_factory=SortedDict)
    """By number: an `Outcome` as bytes, for there may be a million."""
    running: set[int] = field(default_factory=set)
    """Those of the targets that are under way."""

    def outcome(self, number: int) -> Outcome | None:
        body = self.outcomes.get(number)
        return None if body is None else codec.decode(body, Outcome)


class Book:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.entries = SortedDict()
        """By the job's id."""

    def open(self) -> None:
        """Read the store, and follow what is committed."""
        for table in (Table.JOBS, Table.OUTCOMES):
            for key, body in self._fleet.saved(table):
                self._follow(Row(table, key, body))
        self._fleet.listen(self._committed)

    def find(self, job_id: str) -> Entry | None:
        found: Entry | None = self.entries.get(job_id)
        return found

    def all(self) -> list[Entry]:
        """By id."""
        return list(self.entries.values())

    def made(self, view: View) -> list[Job]:
        """Those that units of the same commit have made."""
        rows = {str(row.key): row.body for row in view.written(Table.JOBS)}
        return [
            codec.decode(body, Job)
            for job_id, body in rows.items()
            if body and job_id not in self.entries
        ]

    def rows(self, after: tuple[str, int] | None = None) -> Iterator[JobRow]:
        """Rows of `devices.jobs` behind a job's id and a number, in this order.

        A target that is gone has no row unless it had its turn before.
        """
        for job_id in list(self.entries.irange(minimum=after[0] if after else None)):
            entry: Entry | None = self.entries.get(job_id)
            if entry is not None:
                behind = after[1] if after and after[0] == job_id else TARGETS
                yield from self._rows(entry, behind)

    def _rows(self, entry: Entry, behind: int) -> Iterator[JobRow]:
        for number in list(entry.targets.iter_equal_or_larger(behind + 1)):
            outcome = entry.outcome(number)
            key = outcome.key if outcome else self._fleet.key_at(entry.job.collection, number)
            if key is not None:
                yield JobRow(entry.job, number, key, outcome)

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table in (Table.JOBS, Table.OUTCOMES):
                self._follow(row)

    def _follow(self, row: Row) -> None:
        if row.table is Table.JOBS:
            self._follow_job(str(row.key), row.body)
        else:
            job_id, _, number = str(row.key).rpartition("/")
            if (entry := self.find(job_id)) is not None:
                _follow_target(entry, int(number), row.body)

    def _follow_job(self, job_id: str, body: bytes | None) -> None:
        if body is None:
            self.entries.pop(job_id, None)
            return
        job = codec.decode(body, Job)
        if (entry := self.find(job_id)) is None:
            self.entries[job_id] = Entry(job)
        else:
            entry.job = job


def _follow_target(entry: Entry, number: int, body: bytes | None) -> None:
    if body is None:
        return  # the whole job goes
    if number == TARGETS:
        entry.targets = BitMap.deserialize(body)
        return
    entry.outcomes[number] = body
    is_running = codec.decode(body, Outcome).fate is Fate.RUNNING
    (entry.running.add if is_running else entry.running.discard)(number)


def current(view: View, entry: Entry) -> Job:
    """The job as it is after every unit before, those of the same commit too."""
    return written(view, entry.job.id) or entry.job


def written(view: View, job_id: str) -> Job | None:
    """The job as units of the same commit have written it; None if none has."""
    rows = [row for row in view.written(Table.JOBS) if row.key == job_id]
    return codec.decode(rows[-1].body, Job) if rows and rows[-1].body else None


def job_row(job: Job) -> Row:
    return Row(Table.JOBS, job.id, codec.encode(job))


def targets_row(job: Job, targets: BitMap) -> Row:
    return Row(Table.OUTCOMES, f"{job.id}/{TARGETS}", targets.serialize())


def outcome_row(job: Job, number: int, outcome: Outcome) -> Row:
    return Row(Table.OUTCOMES, f"{job.id}/{number}", codec.encode(outcome))


def gone(entry: Entry) -> Iterator[Row]:
    """Everything of a job, to be deleted."""
    yield Row(Table.JOBS, entry.job.id, None)
    for number in (TARGETS, *entry.outcomes):
        yield Row(Table.OUTCOMES, f"{entry.job.id}/{number}", None)
