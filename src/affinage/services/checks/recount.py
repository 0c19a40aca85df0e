"""Whether the counts that are shown are what evaluating every row gives.

The fleet goes on changing meanwhile: a count is compared only if nothing that it depends on moved
from the beginning of the recount until it was looked at. The others are recounted, a few times.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from affinage.domain.principal import Kind, Principal
from affinage.domain.query.evaluate import matches
from affinage.domain.query.select import group
from affinage.domain.query.syntax import Collection, Query
from affinage.domain.row import TwinRow
from affinage.ports.clock import Clock
from affinage.services.checks.finding import Finding, Pace, Progress, Severity, some
from affinage.services.configurations import questions_of
from affinage.services.counts import FRESH_S, READERS, Counts, Question
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.moved import Moved, Reads

CHECK: Final = "counts"
ROUNDS: Final = 3
"""How often a count that moves meanwhile is made again."""

PATIENCE: Final = 8
"""How often a count that is not up to date is waited for, FRESH_S each time."""

_NEXT: Final = (
    "restart the hub, which counts anew from its store; keep its log and report this, it is a fault"
)
_HUB: Final = Principal(Kind.HUB, "doctor", "hub", "doctor", READERS)

Named = Mapping[Question, list[str]]
"""The metrics, as ``configuration/metric``, that ask a question."""


@dataclass(slots=True)
class Outcome:
    """Of several rounds."""

    agreed: int = 0
    wrong: list[str] = field(default_factory=list)


class Recount:
    def __init__(self, fleet: Fleet, counts: Counts, clock: Clock) -> None:
        self._fleet, self._counts, self._clock = fleet, counts, clock
        self._moved: Moved | None = None
        fleet.listen(self._committed)

    async def check(self, progress: Progress) -> Sequence[Finding]:
        """Compare every count of every configuration with a recount by `evaluate`."""
        asked = self._asked()
        left, outcome = set(asked), Outcome()
        for _ in range(ROUNDS):
            if left:
                left = await self._round(left, asked, outcome, progress)
        return [_found(outcome, sorted(name for one in left for name in asked[one]))]

    def _committed(self, overlay: Overlay) -> None:
        if self._moved is not None:
            self._moved.add(overlay)

    def _asked(self) -> Named:
        asked: dict[Question, list[str]] = {}
        for one in self._fleet.configurations():
            for name, question in questions_of(one).items():
                asked.setdefault(question, []).append(f"{one.id}/{name}")
        return asked

    async def _round(
        self, questions: set[Question], asked: Named, outcome: Outcome, progress: Progress
    ) -> set[Question]:
        """Recount once; those that could not be compared."""
        asking = {one: self._counts.asked(one) for one in questions}
        queries = {one: query for one, query in asking.items() if query is not None}
        await self._counts.show(questions, by=_HUB)
        self._moved, reads = Moved(), {one: Reads.of(queries[one], self._fleet) for one in queries}
        wanted = await self._by_rows(queries, progress) | dict.fromkeys(questions - {*queries}, 0)
        shown = await self._up_to_date(questions)
        moved, self._moved = self._moved, None
        steady = {one for one in shown if one not in reads or not moved.concerns(reads[one])}
        for one in steady:
            _compare(asked[one], shown[one], wanted[one], outcome)
        return questions - steady

    async def _up_to_date(self, questions: Iterable[Question]) -> dict[Question, int]:
        """What is shown and settled, once all of it is, or patience is over."""
        asked = [*questions]
        for _ in range(PATIENCE):
            await self._counts.show(asked, by=_HUB)
            if len(shown := self._counts.settled(asked)) == len(asked):
                return shown
            await self._clock.sleep(FRESH_S)
        return self._counts.settled(asked)

    async def _by_rows(
        self, queries: Mapping[Question, Query], progress: Progress
    ) -> dict[Question, int]:
        tallies = {one: Tally(query) for one, query in queries.items()}
        pace = Pace(self._clock)
        for collection in Collection.DEVICES, Collection.MODULES:
            asking = [one for one in tallies.values() if one.query.collection is collection]
            rows = (self._fleet.tally(collection, None) or 0) if asking else 0
            progress.total += rows
            end = progress.done + rows
            if asking:
                async for row in self._fleet.rows(collection, None):
                    for tally in asking:
                        tally.add(row)
                    progress.done += 1
                    await pace.breathe()
            progress.done = end  # rows came and went
        return {one: tally.rows for one, tally in tallies.items()}


class Tally:
    """How many rows a query has, by looking at every row of its collection."""

    def __init__(self, query: Query) -> None:
        self.query, self._selected = query, 0
        self._groups: set[Hashable] = set()

    def add(self, row: TwinRow) -> None:
        if matches(self.query.condition, row):
            self._selected += 1
            if self.query.group_by:
                self._groups.add(group(self.query, row))

    @property
    def rows(self) -> int:
        if self.query.group_by:
            return len(self._groups)
        if self.query.is_aggregate:
            return 1
        top = self.query.top
        return self._selected if top is None else min(top, self._selected)


def _compare(names: Iterable[str], shown: int, wanted: int, outcome: Outcome) -> None:
    for name in names:
        if shown == wanted:
            outcome.agreed += 1
        else:
            outcome.wrong.append(f"{name} shows {shown}, a recount finds {wanted}")


def _found(outcome: Outcome, moving: Sequence[str]) -> Finding:
    also = f"; {len(moving)} moved all the time and were not compared" if moving else ""
    if outcome.wrong:
        what = f"{len(outcome.wrong)} counts are wrong, {outcome.agreed} agree{also}"
        return Finding(CHECK, Severity.PROBLEM, what, _NEXT, some(sorted(outcome.wrong)))
    what = f"{outcome.agreed} counts agree with a recount of every twin{also}"
    return Finding(CHECK, Severity.OK, what, "", some(moving))
