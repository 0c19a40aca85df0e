"""services/checks/recount.py: counts are compared with what evaluating every row gives."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from affinage.domain.query.parse import parse_query
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.recount import PATIENCE, ROUNDS, Recount, Tally
from affinage.services.counts import FRESH_S, Counts, Question
from affinage.services.fleet.fleet import Overlay
from fakes.life import OWNER, Life, living
from fakes.looped import looped

RANGE = "SELECT * FROM devices WHERE tags.n > 1"


class Deaf(Counts):
    """A fault: it is never told what moved."""

    def _committed(self, overlay: Overlay) -> None:
        super()._committed(replace(overlay, moves=[]))


class Restless(Counts):
    """Never comes to know of everything that has moved below a tag."""

    def settled(self, questions: Iterable[Question]) -> dict[Question, int]:
        return super().settled(one for one in questions if "tags" not in one.text)


async def prepared(life: Life, **queries: str) -> None:
    """Two devices that a configuration targets, and one that it does not."""
    await life.create("a", "b", "b/m", tags={"ring": "x", "n": 2})
    await life.create("c")
    body: Any = {"targetCondition": "tags.ring = 'x'", "metrics": {"queries": queries}}
    await life.configurations.put("one", body, if_match=None, by=OWNER)
    await life.settle()


async def finished(life: Life, recount: Recount, progress: Progress | None = None) -> Finding:
    """The one finding, once quarters of a second have passed."""
    checking = asyncio.ensure_future(recount.check(progress or Progress()))
    for _ in range(ROUNDS * (PATIENCE + 2)):
        await life.turn()
        life.clock.advance(FRESH_S)
    [finding] = await checking
    return finding


@looped
async def test_where_every_count_is_right_nothing_is_to_do() -> None:
    """NATIVE-23"""
    async with living() as life:
        queries = {"range": RANGE, "m": "SELECT * FROM devices.modules", "same": RANGE}
        await prepared(life, **queries)
        progress = Progress()
        recount = Recount(life.fleet, life.counts, life.clock)
        finding = await finished(life, recount, progress)
        assert finding == Finding(
            "counts", Severity.OK, "5 counts agree with a recount of every twin"
        )
        assert (progress.done, progress.total) == (4, 4)


@looped
async def test_a_count_that_misses_a_move_is_a_problem() -> None:
    """NATIVE-23"""
    async with living() as life:
        await prepared(life)
        deaf = Deaf(life.fleet, life.queries, life.clock)
        counting = asyncio.ensure_future(deaf.run())
        recount = Recount(life.fleet, deaf, life.clock)
        assert (await finished(life, recount)).severity is Severity.OK
        await life.tag("c", ring="x")
        finding = await finished(life, recount)
        counting.cancel()
        assert finding.severity is Severity.PROBLEM
        assert finding.details == ("one/targetedCount shows 2, a recount finds 3",)
        assert (finding.what, "restart" in finding.next_step) == (
            "1 counts are wrong, 1 agree",
            True,
        )


@looped
async def test_a_count_that_moves_meanwhile_is_made_again() -> None:
    """NATIVE-23"""
    async with living() as life:
        await prepared(life, range=RANGE)
        recount = Recount(life.fleet, life.counts, life.clock)
        checking = asyncio.ensure_future(recount.check(Progress()))
        await asyncio.sleep(0)
        await life.tag("c", ring="x", n=2)
        for _ in range(ROUNDS * PATIENCE):
            life.clock.advance(FRESH_S)
            await life.turn()
        [finding] = await checking
        assert finding.what == "3 counts agree with a recount of every twin"


@looped
async def test_a_count_that_moves_all_the_time_is_not_compared() -> None:
    """NATIVE-23"""
    async with living() as life:
        await prepared(life)
        restless = Restless(life.fleet, life.queries, life.clock)
        counting = asyncio.ensure_future(restless.run())
        finding = await finished(life, Recount(life.fleet, restless, life.clock))
        counting.cancel()
        assert (finding.severity, finding.details) == (Severity.OK, ("one/targetedCount",))
        assert finding.what.endswith("; 1 moved all the time and were not compared")


@looped
async def test_without_configurations_nothing_is_counted() -> None:
    async with living() as life:
        recount = Recount(life.fleet, life.counts, life.clock)
        finding = await finished(life, recount)
        assert (finding.severity, finding.what[:8]) == (Severity.OK, "0 counts")


@looped
async def test_a_tally_has_the_rows_of_the_query() -> None:
    async with living() as life:
        await prepared(life)
        for text, wanted in (
            ("SELECT * FROM devices", 3),
            ("SELECT TOP 2 * FROM devices", 2),
            ("SELECT COUNT() FROM devices WHERE tags.n = 9", 1),
            ("SELECT tags.ring, COUNT() FROM devices GROUP BY tags.ring", 2),
        ):
            tally = Tally(parse_query(text))
            async for row in life.fleet.rows(tally.query.collection, None):
                tally.add(row)
            assert tally.rows == wanted, text


@looped
async def test_no_condition_and_jobs_have_no_rows() -> None:
    async with living() as life:
        body: Any = {
            "targetCondition": "",
            "metrics": {"queries": {"j": "SELECT * FROM devices.jobs"}},
        }
        await life.configurations.put("one", body, if_match=None, by=OWNER)
        finding = await finished(life, Recount(life.fleet, life.counts, life.clock))
        assert (finding.severity, finding.what[:8]) == (Severity.OK, "3 counts")
