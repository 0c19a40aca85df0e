"""services/checks/finding.py."""

import asyncio

import pytest

from affinage.services.checks.finding import (
    MAX_DETAILS,
    WORK_S,
    Finding,
    Pace,
    Severity,
    some,
    worst,
)
from fakes.clock import FixedClock
from fakes.looped import looped


@pytest.mark.parametrize(
    ("severities", "wanted"),
    [
        ([], Severity.OK),
        ([Severity.OK, Severity.OK], Severity.OK),
        ([Severity.WARNING, Severity.OK], Severity.WARNING),
        ([Severity.OK, Severity.PROBLEM, Severity.WARNING], Severity.PROBLEM),
    ],
)
def test_the_worst_finding_decides(severities: list[Severity], wanted: Severity) -> None:
    assert worst([Finding("a", severity, "") for severity in severities]) is wanted


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
