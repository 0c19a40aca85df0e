"""How many rows each metric has, counted in the background; who asks is shown the latest count.

Decided here: which counts are out of date, when they are counted again, and who waits for it. What
the bitmaps answer is counted again within FRESH_S of a change; what takes looking at rows, one
question at a time. Either then rests for PAUSES times as long as it took, so that counting takes
no more than its share of the hub, whoever asks how often.
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from affinage.domain.moments import Millis, millis
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection, Query, groups
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.moved import Moved, Reads
from affinage.services.queries import Queries

READERS: Final = Right.REGISTRY_READ | Right.SERVICE_CONNECT
"""Either right reads counts. ACCESS-5."""

FRESH_S: Final = 0.25
"""Between two counts of what the bitmaps answer. CONFIGURATION-22."""

PAUSES: Final = 4
"""Counting rests for so many times as long as it took."""

REST_S: Final = 60.0
"""A question that nobody has asked for so long is forgotten."""

WAIT_S: Final = 1.0
"""How long somebody waits for a count that was never made, or is due."""

SLICE: Final = 8
"""Questions answered by bitmaps before others get their turn: a few milliseconds at most."""

_HUB: Final = Principal(Kind.HUB, "counts", "hub", "counts", READERS)


class Question(NamedTuple):
    """A metric's query; without FROM it is over ``default``. An empty text has no rows."""

    text: str
    default: Collection


@lru_cache(maxsize=4096)
def parsed(question: Question) -> Query | None:
    """The query; None of an empty text."""
    return parse_query(question.text, default=question.default) if question.text else None


def names_group(question: Question) -> bool:
    """Whether what it asks depends on what a group is."""
    query = parsed(question)
    return query is not None and bool(groups(query))


class How(StrEnum):
    """By what rows were counted."""

    INDEX = "index"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Counted:
    rows: int
    at: Millis
    """When; for a scan, when it began: what changed since may be counted or not."""
    how: How


@dataclass(slots=True, eq=False)
class Entry:
    """One question that somebody asks."""

    query: Query | None
    """With its groups written out."""
    asked_at: float
    reads: Reads | None = None
    """None until it was first tried."""
    counted: Counted | None = None
    change: int = 0
    """How often what it reads has moved, as far as is known."""
    answered: int = -1
    """The change that the count knows of."""
    needs_scan: bool = False
    scanned_at: float = -math.inf
    is_slow: bool = False
    """Somebody waited for its first count in vain: nobody else does."""

    @property
    def is_stale(self) -> bool:
        return self.answered < self.change

    def answer(self, counted: Counted, change: int) -> None:
        self.counted, self.answered = counted, change


class Counts:
    def __init__(self, fleet: Fleet, queries: Queries, clock: Clock) -> None:
        self._fleet, self._queries, self._clock = fleet, queries, clock
        self._entries: dict[Question, Entry] = {}
        self._new: list[Entry] = []
        self._moved = Moved()
        self._next_at = clock.monotonic()
        """When what has moved is counted next."""
        self._asked, self._stirred, self._undecided = (asyncio.Event() for _ in range(3))
        self._told = asyncio.Event()
        fleet.listen(self._committed)

    async def show(
        self, questions: Iterable[Question], *, by: Principal
    ) -> Mapping[Question, Counted]:
        """The latest counts; what was not counted yet is left out. Computes nothing.

        Waits for WAIT_S at most: for a first count, unless somebody did so in vain, and for a
        count by bitmaps that is due at this moment.

        Source: CONFIGURATION-22, CONFIGURATION-30 to CONFIGURATION-32.
        """
        by.require(READERS)
        self._fold()
        entries = {question: self._entry(question) for question in questions}
        await self._patiently([*entries.values()])
        return {one: entry.counted for one, entry in entries.items() if entry.counted}

    def forget(self, questions: Iterable[Question]) -> None:
        """Have them counted anew before they are shown again."""
        for question in questions:
            self._entries.pop(question, None)

    def settled(self, questions: Iterable[Question]) -> dict[Question, int]:
        """Those counts after which nothing has moved that they depend on."""
        self._drop_resting(self._clock.monotonic())  # their paths may be followed no more
        self._fold()
        known = {one: self._entries.get(one) for one in questions}
        return {
            one: entry.counted.rows
            for one, entry in known.items()
            if entry and entry.counted and not entry.is_stale
        }

    async def run(self) -> None:
        """Count, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._answer_new())
            tasks.create_task(self._follow())
            tasks.create_task(self._scan())

    def asked(self, question: Question) -> Query | None:
        """The query as it is counted: with its groups written out. None of an empty text."""
        query = parsed(question)
        return None if query is None else self._fleet.groups.expanded_query(query)

    def _committed(self, overlay: Overlay) -> None:
        if overlay.groups:
            self.forget([question for question in self._entries if names_group(question)])
        if self._entries:
            self._moved.add(overlay)
            self._stirred.set()

    def _fold(self) -> None:
        """Mark what has moved since the last time."""
        moved, self._moved = self._moved, Moved()
        if not moved:
            return
        for entry in self._entries.values():
            if entry.reads and moved.concerns(entry.reads):
                entry.change += 1

    def _entry(self, question: Question) -> Entry:
        now = self._clock.monotonic()
        entry = self._entries.get(question)
        if entry is None or entry.asked_at + REST_S < now:
            entry = Entry(self.asked(question), now)
            self._entries[question] = entry
            self._new.append(entry)
            self._asked.set()
        entry.asked_at = now
        if entry.reads:
            self._fleet.use(entry.reads.collection, entry.reads.paths)
        return entry

    async def _patiently(self, entries: Sequence[Entry]) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while any(map(self._is_awaited, entries)):
                    await self._told.wait()
        except TimeoutError:
            for entry in entries:
                entry.is_slow = entry.counted is None

    def _is_awaited(self, entry: Entry) -> bool:
        if entry.counted is None:
            return not entry.is_slow
        is_due = self._clock.monotonic() >= self._next_at
        return entry.is_stale and not entry.needs_scan and is_due

    def _tell(self) -> None:
        """Wake everybody who waits for a count."""
        self._told.set()
        self._told = asyncio.Event()

    async def _answer_new(self) -> NoReturn:
        """Count at once what was never counted: each question once in REST_S."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            new, self._new = self._new, []
            await self._by_bitmaps(new)

    async def _follow(self) -> NoReturn:
        """Count again what has moved, at its pace."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            began = self._clock.monotonic()
            self._drop_resting(began)
            self._fold()
            await self._by_bitmaps([one for one in self._entries.values() if one.is_stale])
            pause = max(FRESH_S, PAUSES * (self._clock.monotonic() - began))
            self._next_at = self._clock.monotonic() + pause
            await self._clock.sleep(pause)

    async def _scan(self) -> NoReturn:
        """Count by rows what the bitmaps do not answer, the oldest first."""
        while True:
            await self._undecided.wait()
            self._undecided.clear()
            while (entry := self._oldest()) is not None:
                if self._fleet.is_indexing:  # to scan beside that would be twice the work
                    await asyncio.sleep(0)
                    continue
                began = self._clock.monotonic()
                await self._by_rows(entry)
                self._tell()
                entry.scanned_at = self._clock.monotonic()
                await self._clock.sleep(PAUSES * (entry.scanned_at - began))

    def _drop_resting(self, now: float) -> None:
        kept = {
            one: entry for one, entry in self._entries.items() if entry.asked_at + REST_S >= now
        }
        self._entries = kept

    async def _by_bitmaps(self, entries: Sequence[Entry]) -> None:
        for position, entry in enumerate(entries, start=1):
            self._try(entry)
            if position % SLICE == 0:
                await asyncio.sleep(0)
        self._tell()

    def _try(self, entry: Entry) -> bool:
        """Count by bitmaps; False, and remembered for the scans, if they do not answer."""
        rows = self._rows(entry)
        entry.needs_scan = rows is None
        if rows is None:
            self._undecided.set()
            self._stirred.set()  # to try again: its bitmaps may be on their way
            return False
        entry.answer(Counted(rows, millis(self._clock.now()), How.INDEX), entry.change)
        return True

    def _rows(self, entry: Entry) -> int | None:
        if entry.query is None:
            return 0
        found = self._queries.tally(entry.query)
        entry.reads = Reads.of(entry.query, self._fleet)  # which the tally has had followed
        return found

    async def _by_rows(self, entry: Entry) -> None:
        if self._try(entry):
            return
        assert entry.query is not None  # nothing is answered at once
        self._fold()
        at, change = millis(self._clock.now()), entry.change
        rows = await self._queries.count(entry.query, by=_HUB)
        entry.answer(Counted(rows, at, How.SCAN), change)

    def _oldest(self) -> Entry | None:
        """Of those that wait for a scan, and had none just now."""
        until = self._clock.monotonic() - FRESH_S
        waiting = [one for one in self._entries.values() if one.is_stale and one.needs_scan]
        due = [one for one in waiting if one.scanned_at <= until]
        return min(due, key=lambda one: one.scanned_at, default=None)
