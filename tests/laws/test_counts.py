"""After any history, a count is the number of rows behind it, and what evaluating every row gives.

The counts are asked for all the time, as by somebody who watches: what is shown last must know of
every move before it.
"""

import asyncio
from typing import Any, Final

from hypothesis import given, settings

from affinage.domain.query.evaluate import matches
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection
from affinage.services.checks.finding import Progress, Severity
from affinage.services.checks.recount import Recount
from affinage.services.checks.settled import Settled
from affinage.services.counts import FRESH_S, Question
from affinage.services.registry import FreshModules, makings
from fakes.vault import OpenVault
from laws.test_fleet import CONDITIONS, OPERATOR, History, Operation, histories

TEXTS: Final = [f"SELECT deviceId FROM devices WHERE {condition}" for condition in CONDITIONS]
QUESTIONS: Final = [
    Question(text, Collection.DEVICES)
    for text in (*TEXTS, "SELECT * FROM devices", "SELECT * FROM devices.modules")
]

PATIENCE: Final = 2_000
"""Quarters of a second after which everything was counted that may be."""


FEW: Final = settings(max_examples=max(settings().max_examples // 5, 10))
"""A history that is watched takes many times as long as one that is not."""


class Watched(History):
    """A history that somebody watches."""

    async def _happen(self, what: str, *given: Any) -> None:
        await super()._happen(what, *given)
        await self.counts.show(QUESTIONS, by=OPERATOR)
        await self.pause()

    async def pause(self) -> None:
        self.clock.advance(FRESH_S)
        await self.turn()

    async def finish(self, work: Any) -> Any:
        """Let time pass until something has ended."""
        task = asyncio.ensure_future(work)
        for _ in range(PATIENCE):
            if task.done():
                return task.result()
            await self.pause()
        raise AssertionError("it comes to no end")

    async def settled(self) -> dict[Question, int]:
        """Every count, once it knows of everything."""
        for _ in range(PATIENCE):
            await self.counts.show(QUESTIONS, by=OPERATOR)
            shown = self.counts.settled(QUESTIONS)
            if len(shown) == len(QUESTIONS):
                return shown
            await self.pause()
        raise AssertionError("something is never counted")

    async def listed(self, text: str) -> int:
        """How many rows are on the pages of a query."""
        rows, token = 0, None
        while True:
            page = await self.queries.run(text, continuation=token, max_rows=2, by=OPERATOR)
            rows += len(page.rows)
            if (token := page.continuation) is None:
                return rows

    async def evaluated(self, text: str) -> int:
        query = self.fleet.groups.expanded_query(parse_query(text))
        rows = [row async for row in self.fleet.rows(query.collection, None)]
        return sum(matches(query.condition, row) for row in rows)


@FEW
@given(histories)
def test_a_count_is_its_list_and_what_evaluating_gives(history: list[Operation]) -> None:
    """CONFIGURATION-33"""
    hub = Watched()

    async def check() -> None:
        for (text, _), shown in (await hub.settled()).items():
            assert shown == await hub.listed(text) == await hub.evaluated(text), text

    asyncio.run(hub.live(history, check))


@FEW
@given(histories)
def test_the_doctor_agrees(history: list[Operation]) -> None:
    """NATIVE-23, NATIVE-24"""
    hub = Watched()

    async def check() -> None:
        identities = FreshModules(makings(OpenVault(), hub.ids))
        recount = Recount(hub.fleet, hub.counts, hub.clock)
        settled = Settled(hub.fleet, hub.sweeps, identities, hub.clock)
        for one in (recount, settled):
            [finding] = await hub.finish(one.check(Progress()))
            assert finding.severity is Severity.OK, finding
            assert "not compared" not in finding.what

    asyncio.run(hub.live(history, check))
