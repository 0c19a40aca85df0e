"""apps/cli/waiting.py: a job's progress, until it has ended."""

import asyncio
import io
from collections.abc import Mapping

import pytest
from rich.console import Console

from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.waiting import bars_of, ended, insist
from affinage.clients.service import ServiceError
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.values import JsonObject
from fakes.looped import looped


def job(status: str, succeeded: int = 0, failed: int = 0, **more: str) -> JsonObject:
    counts: JsonObject = {"deviceCount": 3, "succeededCount": succeeded, "failedCount": failed}
    return {"jobId": "j", "status": status, "deviceJobStatistics": counts, **more}


class Hub:
    """Answers with one after the other."""

    def __init__(self, *answers: JsonObject | Exception) -> None:
        self.answers = [*answers]

    async def look(self) -> JsonObject:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def board() -> Board:
    return Board(Console(file=io.StringIO()))


def test_before_it_has_begun_there_is_nothing_to_count() -> None:
    assert bars_of({"status": "queued"}) == {"succeeded": Bar(0, 0), "failed": Bar(0, 0)}
    assert bars_of(job("running", 2, 1)) == {"succeeded": Bar(2, 3), "failed": Bar(1, 3)}


@looped
async def test_a_hub_that_is_away_or_busy_is_asked_again() -> None:
    busy = ServiceError(429, "ThrottlingException", "wait")
    hub = Hub(job("running"), Unavailable("away"), busy, job("completed", 3))
    assert await ended(hub.look, bars_of, board(), asyncio.Event()) == job("completed", 3)


@looped
async def test_any_other_refusal_is_told() -> None:
    hub = Hub(job("running"), ServiceError(404, "JobNotFound", "no job j"))
    with pytest.raises(ServiceError, match="JobNotFound"):
        await ended(hub.look, bars_of, board(), asyncio.Event())


class Impatient(Board):
    """Has seen enough the second time."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__(Console(file=io.StringIO()))
        self._stop, self.times = stop, 0

    def show(self, counts: Mapping[str, Bar]) -> None:
        self.times += 1
        if self.times == 2:
            self._stop.set()


@looped
async def test_told_to_stop_it_gives_the_job_as_it_was_last() -> None:
    stop = asyncio.Event()
    hub = Hub(job("running"), job("running", 1), job("running", 2))
    assert await ended(hub.look, bars_of, Impatient(stop), stop) == job("running", 1)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (job("running"), "stopped before job j has ended: it is running, and goes on"),
        (job("cancelled"), "job j is cancelled$"),
        (job("failed", failureReason="it took longer than 1 s"), "is failed: it took longer"),
        (job("completed", 2, 1), "failed on 1 of 3 targets"),
    ],
)
def test_all_but_a_whole_success_is_refused(found: JsonObject, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        insist(found)


def test_a_whole_success_is_none_to_tell_of() -> None:
    insist(job("completed", 3))
