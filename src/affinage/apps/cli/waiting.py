"""`affinage job …  --wait`: a job's progress, until the job has ended.

Decided here: when it is looked at, what is shown meanwhile, and whether its end is a good one.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.output import member
from affinage.clients.service import ServiceError
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.jobs import Status
from affinage.domain.values import JsonObject

FIRST_POLL_S: Final = 0.1
LONGEST_POLL_S: Final = 2.0
"""Between two looks: hubs of one unit allow 100 operations with jobs a minute, for all together."""

Look: TypeAlias = Callable[[], Awaitable[JsonObject]]
Bars: TypeAlias = Callable[[JsonObject], Mapping[str, Bar]]

_THROTTLED: Final = 429
_ENDS: Final = frozenset(status.value for status in Status if status.is_end)
"""Exports and imports have the same."""


def bars_of(job: JsonObject) -> dict[str, Bar]:
    """How many targets succeeded and failed; of none before the job has begun."""
    total = _count(job, "deviceCount")
    counts = {"succeeded": "succeededCount", "failed": "failedCount"}
    return {name: Bar(_count(job, count), total) for name, count in counts.items()}


async def ended(look: Look, of: Bars, board: Board, stop: asyncio.Event) -> JsonObject:
    """What is looked at once it has ended, or as it was last seen at the stop."""
    seen = await look()
    pause_s = FIRST_POLL_S
    with board:
        board.show(of(seen))
        while not (has_ended(seen) or stop.is_set()):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
            pause_s = min(2 * pause_s, LONGEST_POLL_S)
            seen = await _again(look) or seen
            board.show(of(seen))
    return seen


def has_ended(job: JsonObject) -> bool:
    """Whether nothing more will become of a job, or of an export or import."""
    return job["status"] in _ENDS


def insist(job: JsonObject) -> None:
    """Raise Invalid unless all targets of the job have succeeded."""
    name, status = job["jobId"], job["status"]
    if not has_ended(job):
        raise Invalid(f"stopped before job {name} has ended: it is {status}, and goes on")
    if status != Status.COMPLETED:
        reason = job.get("failureReason")
        raise Invalid(f"job {name} is {status}{f': {reason}' if reason else ''}")
    if failed := _count(job, "failedCount"):
        total = _count(job, "deviceCount")
        raise Invalid(
            f"job {name} failed on {failed} of {total} targets; why, tells\n  {_why(name)}"
        )


async def _again(look: Look) -> JsonObject | None:
    """None if the hub is starting again, or has too much to do."""
    try:
        return await look()
    except Unavailable:
        return None
    except ServiceError as error:
        if error.status == _THROTTLED:
            return None
        raise


def _count(job: JsonObject, name: str) -> int:
    found = member(job, "deviceJobStatistics", name)
    return found if isinstance(found, int) else 0


def _why(name: object) -> str:
    failed = f"devices.jobs.jobId = '{name}' AND devices.jobs.status = 'failed'"
    return f'affinage query "SELECT * FROM devices.jobs WHERE {failed}"'  # noqa: S608
