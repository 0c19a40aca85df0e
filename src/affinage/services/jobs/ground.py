"""What carrying out a job stands on, of whichever kind: its state moved, and whether it goes on."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from affinage.domain import jobs
from affinage.domain.jobs import Event, Status
from affinage.domain.moments import Millis, millis
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.jobs.book import Entry, current, job_row
from affinage.services.limits import Limits, Operation

PAUSE_S: Final = 0.1
"""While there is no token."""


@dataclass(frozen=True, slots=True)
class Ground:
    fleet: Fleet
    clock: Clock
    limits: Limits

    def now(self) -> Millis:
        return millis(self.clock.now())

    async def step(self, entry: Entry, event: Event, failure: str | None = None) -> None:
        """Have the event happen to the job; to one that has ended nothing happens any more."""

        def decide(view: View) -> Change[None]:
            job = current(view, entry)
            if job.status.is_end:
                return Change(lambda _: None)
            stepped = jobs.step(job, event, at=view.at, failure=failure)
            return Change(lambda _: None, rows=(job_row(stepped),))

        await self.fleet.change(decide)

    async def may_go_on(self, entry: Entry) -> bool:
        """Whether it is still running; one that takes too long fails here."""
        deadline = entry.job.deadline
        if entry.job.status is Status.RUNNING and deadline is not None and self.now() >= deadline:
            await self.step(entry, Event.LATE, f"it took longer than {entry.job.max_s} s")
        return entry.job.status is Status.RUNNING

    async def drawn(self, most: int) -> int:
        """How many targets may have their turn now; 0 after a pause, if none may."""
        found = self.limits.draw(Operation.JOB_DEVICE, most)
        if not found:
            await self.clock.sleep(PAUSE_S)
        return found


def ahead(entry: Entry, most: int) -> list[int]:
    """The next targets, by number; nothing if all have had their turn."""
    behind = entry.targets.iter_equal_or_larger(entry.job.cursor + 1)
    return list(islice(behind, most))
