"""services/doctor.py: one examination at a time, for who may ask."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from affinage.domain.errors import Forbidden, NotFound
from affinage.domain.principal import Right
from affinage.services.checks.finding import Check, Finding, Progress, Severity
from affinage.services.doctor import Doctor, Examination
from fakes.clock import FixedClock
from fakes.life import OWNER, policy
from fakes.looped import looped

WELL = Finding("a", Severity.OK, "fine")
ILL = Finding("b", Severity.WARNING, "not so fine")


def finds(*findings: Finding) -> Check:
    async def check(progress: Progress) -> Sequence[Finding]:
        progress.done += 1
        await asyncio.sleep(0)
        return findings

    return check


async def fails(_: Progress) -> Sequence[Finding]:
    raise KeyError("secret")


@asynccontextmanager
async def at_work(*checks: Check) -> AsyncIterator[Doctor]:
    doctor = Doctor(checks, FixedClock())
    running = asyncio.ensure_future(doctor.run())
    yield doctor
    running.cancel()


async def ended(examination: Examination) -> None:
    """Return once it has; so few checks take a few turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert examination.ended_at is not None


@looped
async def test_an_examination_finds_what_its_checks_find() -> None:
    """NATIVE-21"""
    async with at_work(finds(WELL), finds(ILL, WELL)) as doctor:
        begun = doctor.begin(by=OWNER)
        assert (begun.number, begun.findings, begun.ended_at) == (1, [], None)
        await ended(begun)
        assert (begun.findings, begun.severity) == ([WELL, ILL, WELL], Severity.WARNING)
        assert (doctor.latest(by=OWNER), begun.progress.done) == (begun, 2)


@looped
async def test_who_asks_meanwhile_joins_and_who_asks_later_begins_anew() -> None:
    """NATIVE-20"""
    async with at_work(finds(WELL)) as doctor:
        first = doctor.begin(by=OWNER)
        await asyncio.sleep(0)
        assert doctor.begin(by=OWNER) is first
        await ended(first)
        second = doctor.begin(by=OWNER)
        assert (second.number, doctor.latest(by=OWNER)) == (2, second)


@looped
async def test_a_check_that_fails_is_a_problem_and_the_others_go_on() -> None:
    async with at_work(fails, finds(WELL)) as doctor:
        with capture_logs() as lines:
            begun = doctor.begin(by=OWNER)
            await ended(begun)
        assert [one.severity for one in begun.findings] == [Severity.PROBLEM, Severity.OK]
        assert "secret" not in begun.findings[0].what
        assert lines[0]["event"] == "check failed"


@looped
async def test_before_the_first_there_is_none() -> None:
    """NATIVE-20"""
    with pytest.raises(NotFound, match="begin one"):
        Doctor([], FixedClock()).latest(by=OWNER)


@looped
async def test_who_may_not_read_the_registry_learns_nothing() -> None:
    """NATIVE-20"""
    doctor = Doctor([], FixedClock())
    for ask in (doctor.begin, doctor.latest):
        with pytest.raises(Forbidden, match="REGISTRY_READ"):
            ask(by=policy(Right.SERVICE_CONNECT | Right.DEVICE_CONNECT))


@looped
async def test_what_is_there_later_is_looked_at_behind_the_others() -> None:
    """NATIVE-21"""
    async with at_work(finds(WELL)) as doctor:
        doctor.look_at(finds(ILL))
        begun = doctor.begin(by=OWNER)
        await ended(begun)
        assert begun.findings == [WELL, ILL]
