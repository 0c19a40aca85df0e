"""services/checks/vouching.py"""

from datetime import timedelta

import pytest

from affinage.domain.values import JsonObject
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.vouching import Vouching
from fakes.believing import believe
from fakes.life import OWNER, Life, living
from fakes.looped import looped
from fakes.pki import LIFE, authority


async def found(life: Life) -> list[Finding]:
    return [*await Vouching(life.authorities, life.clock).check(Progress())]


@pytest.mark.parametrize(
    ("days", "severity"),
    [(365, Severity.OK), (89, Severity.WARNING), (1, Severity.WARNING)],
)
@looped
async def test_it_is_told_in_time_when_an_authority_ends(days: int, severity: Severity) -> None:
    """AUTHORITY-10"""
    async with living() as life:
        end = life.clock.now() + timedelta(days=days)
        await believe(life, "cave", authority("Root", end=end))
        [finding] = await found(life)
        assert (finding.severity, finding.what) == (severity, f"cave ends on {end:%Y-%m-%d}")
        assert bool(finding.next_step) == (severity is not Severity.OK)


@looped
async def test_one_that_has_ended_is_a_problem() -> None:
    """AUTHORITY-10"""
    async with living() as life:
        await believe(life, "cave", authority("Root"))
        life.clock.advance(2 * LIFE.total_seconds())
        [finding] = await found(life)
        assert (finding.severity, "no device comes in" in finding.what) == (Severity.PROBLEM, True)


@looped
async def test_one_that_vouches_for_nobody_is_not_told_of() -> None:
    """AUTHORITY-10"""
    async with living() as life:
        body: JsonObject = {"certificate": authority("Root").pem}
        await life.authorities.put("cave", body, if_match=None, by=OWNER)
        assert await found(life) == []
