"""The audit log as it is read and pruned; entries are made by the writer, see `fleet.ledger`.

Nothing of it is held in memory: who reads it has the store read, page by page, in a thread.

Source: docs/spec/audit.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from affinage.domain import audit
from affinage.domain.audit import Anchor, Deed, Entry
from affinage.domain.errors import Unavailable
from affinage.domain.moments import Millis, millis
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet

MAX_ENTRIES: Final = 1_000_000
"""Entries that are kept, unless set otherwise."""

MAX_DAYS: Final = 400.0
"""Days for which entries are kept, unless set otherwise."""

MAX_PAGE: Final = 1_000
"""Entries in one page."""

MAX_SCANNED: Final = 20_000
"""Entries that are looked through for one page; what is left is the next page's."""

SLICE: Final = 1_000
"""Entries that are read, or pruned, at a time."""

PRUNE_S: Final = 3600.0
"""Seconds between two looks for entries that are too old, or too many."""

DAY_MS: Final = 86_400_000

START: Final = "hub.start"
"""The action of the entry that a start of the hub makes."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None asks for any."""

    actor: str | None = None
    action: str | None = None
    """``twin.patch``, or ``twin`` for whatever is done to twins."""
    subject: str | None = None
    since: Millis | None = None
    until: Millis | None = None
    """From that moment on no more."""

    def meets(self, entry: Entry) -> bool:
        return (
            self.actor in (None, entry.name)
            and self.subject in (None, entry.subject)
            and self.action in (None, entry.action, entry.action.partition(".")[0])
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[JsonObject]
    """Newest first."""
    next: int | None
    """What the next page is behind; None if there is none."""
    anchor: Anchor
    """Where the log begins."""


class Audit:
    def __init__(
        self,
        fleet: Fleet,
        clock: Clock,
        *,
        max_entries: int = MAX_ENTRIES,
        max_days: float = MAX_DAYS,
    ) -> None:
        self._fleet, self._clock = fleet, clock
        self._max_entries, self._max_days = max_entries, max_days

    async def open(self) -> None:
        """Note that the hub has started. Source: AUDIT-7."""
        hub = Principal(Kind.HUB, "hub", "process", "")
        deed = Deed(hub, START, "hub")
        await self._fleet.save(deeds=(deed,))

    async def run(self) -> NoReturn:
        """Prune now and then, until cancelled."""
        while True:
            try:
                await self._prune()
            except Unavailable as error:
                _log.warning("audit log not pruned", error=str(error))
            await self._clock.sleep(PRUNE_S)

    async def page(
        self, wanted: Wanted, *, before: int | None = None, limit: int, by: Principal
    ) -> Page:
        """Entries, newest first, below the number ``before`` (None for all).

        Fewer than ``limit`` may come though there are more: then ``next`` says where to go on.

        Source: AUDIT-8.
        """
        by.require(Right.REGISTRY_READ)
        limit, found, scanned = max(1, min(limit, MAX_PAGE)), list[Entry](), 0
        while scanned < MAX_SCANNED:
            entries = await self._fleet.entries(before, SLICE)
            for entry in entries:
                before, scanned = entry.number, scanned + 1
                if wanted.meets(entry):
                    found.append(entry)
                if len(found) == limit:
                    return self._page(found, before)
            if len(entries) < SLICE or _is_before(entries[-1], wanted):
                return self._page(found, None)
        return self._page(found, before)

    async def get(self, number: int, *, by: Principal) -> JsonObject | None:
        """One entry, None if there is none of that number."""
        by.require(Right.REGISTRY_READ)
        entries = await self._fleet.entries(number + 1, 1)
        return audit.document(entries[0]) if entries and entries[0].number == number else None

    def _page(self, found: list[Entry], last: int | None) -> Page:
        anchor = self._fleet.anchor
        is_last = last is None or last <= anchor.number + 1
        return Page([*map(audit.document, found)], None if is_last else last, anchor)

    async def _prune(self) -> None:
        """Forget the oldest entries that are too many, or too old; never the newest."""
        while await self._prune_slice():
            pass

    async def _prune_slice(self) -> bool:
        """Whether there may be more to prune. Source: AUDIT-9."""
        oldest = await self._fleet.entries(self._fleet.anchor.number + 1 + SLICE, SLICE)
        is_spent = self._spent(self._fleet.audited.number)
        gone = [entry for entry in oldest if is_spent(entry)]
        if not gone:
            return False
        await self._fleet.prune(gone)
        return len(gone) == SLICE

    def _spent(self, newest: int) -> Callable[[Entry], bool]:
        since = millis(self._clock.now()) - int(self._max_days * DAY_MS)
        first = newest - self._max_entries

        def is_spent(entry: Entry) -> bool:
            return entry.number <= first or (entry.at < since and entry.number < newest)

        return is_spent


def _is_before(oldest: Entry, wanted: Wanted) -> bool:
    """Whether everything older is too old to be wanted, if the clock never went back."""
    return wanted.since is not None and oldest.at < wanted.since - DAY_MS
