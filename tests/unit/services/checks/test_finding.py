"""services/checks/finding.py."""

import asyncio

import pytest

from affinage.services.checks.finding import (
    MAX_DETAILS,
    WORK_S,
    Finding,
    Pace,
    Verdict,
    some,
    worst,
)
from fakes.clock import FixedClock
from fakes.looped import looped


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        ([], Verdict.OK),
        ([Verdict.OK, Verdict.OK], Verdict.OK),
        ([Verdict.WARNING, Verdict.OK], Verdict.WARNING),
        ([Verdict.OK, Verdict.PROBLEM, Verdict.WARNING], Verdict.PROBLEM),
    ],
)
def test_the_worst_finding_decides(verdicts: list[Verdict], wanted: Verdict) -> None:
    assert worst([Finding("a", verdict, "") for verdict in verdicts]) is wanted


def test_of_many_details_the_first_are_told() -> None:
    names = [str(number) for number in range(MAX_DETAILS + 2)]
    assert some(names[:MAX_DETAILS]) == tuple(names[:MAX_DETAILS])
    assert some(names) == (*names[:MAX_DETAILS], "and 2 more")


@looped
async def test_who_has_worked_lets_others_on_for_as_long() -> None:
    """NATIVE-22"""
    clock = FixedClock()
    pace = Pace(clock)
    await pace.breathe()
    clock.advance(WORK_S)
    breathing = asyncio.ensure_future(pace.breathe())
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    clock.advance(WORK_S)
    await breathing
    await pace.breathe()
