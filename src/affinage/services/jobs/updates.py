"""A twin update for every target: a portion of them in a unit, with what became of each.

How far the job has come is in the same unit: after a kill it goes on where it was, no target is
written twice and none is left out.

Source: JOB-12 to JOB-14.
"""

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from affinage.domain import twin as twins
from affinage.domain.device import Device
from affinage.domain.errors import AffinageError, NotFound
from affinage.domain.jobs import Job, Status
from affinage.domain.names import TwinKey
from affinage.domain.twin import DesiredChanged
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.jobs.book import Entry, current, job_row, outcome_row
from affinage.services.jobs.ground import Ground, ahead
from affinage.services.jobs.outcomes import Outcome, begun, ended
from affinage.services.portions import MAX_TWINS


async def update_all(ground: Ground, entry: Entry) -> None:
    """Return when every target has had its turn, or the job is over."""
    while await ground.may_go_on(entry) and (numbers := ahead(entry, MAX_TWINS)):
        if drawn := await ground.drawn(len(numbers)):
            some = numbers[:drawn]
            await ground.fleet.change(partial(_update, ground.fleet, entry, some))


def _update(fleet: Fleet, entry: Entry, numbers: Sequence[int], view: View) -> Change[None]:
    job = current(view, entry)
    if job.status is not Status.RUNNING:
        return Change(lambda _: None)
    portion = _Portion(job)
    for number in numbers:
        if (key := fleet.key_at(job.collection, number)) is not None:
            portion.add(number, key, view)
    moved = _moved(job, numbers, list(portion.outcomes.values()))
    rows = [outcome_row(job, number, one) for number, one in portion.outcomes.items()]
    return Change(
        lambda _: None,
        devices=portion.devices,
        events=tuple(portion.events),
        rows=(job_row(moved), *rows),
    )


def _moved(job: Job, numbers: Sequence[int], outcomes: Sequence[Outcome]) -> Job:
    """The job behind those targets; who is gone is none any more."""
    failed = sum(one.error is not None for one in outcomes)
    return replace(
        job,
        cursor=numbers[-1],
        targets=job.targets - (len(numbers) - len(outcomes)),
        succeeded=job.succeeded + len(outcomes) - failed,
        failed=job.failed + failed,
    )


class _Portion:
    """What a unit makes of some targets; several may be modules of one device."""

    def __init__(self, job: Job) -> None:
        self._patch, self._if_match = job.patch, job.if_match
        self.devices: dict[str, Device] = {}
        self.events: list[DesiredChanged] = []
        self.outcomes: dict[int, Outcome] = {}

    def add(self, number: int, key: TwinKey, view: View) -> None:
        """Write one twin; what refuses it is its outcome. Who is gone is passed over."""
        one = begun(key, view.at)
        try:
            self._write(key, view)
        except NotFound:
            return
        except AffinageError as error:
            self.outcomes[number] = ended(one, error, view.at)
        else:
            self.outcomes[number] = ended(one, None, view.at)

    def _write(self, key: TwinKey, view: View) -> None:
        device = self.devices.get(key.device) or view.device(key.device)
        twin = device.twin_of(key)
        twins.check_etag(key, twin, self._if_match)
        written, events = twins.patch(key, twin, self._patch, at=view.at)
        if written is not twin:
            self.devices[key.device] = device.with_twin(key, written)
        self.events += events
