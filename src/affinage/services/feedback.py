"""Feedback: what became of messages, kept until a back end has taken it.

One batch at a time is given out under a lock; it comes again if it is neither completed nor let go
in time. Locks are known to this process alone.

Source: docs/spec/messages.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import LockLost
from affinage.domain.feedback import Feedback
from affinage.domain.principal import Principal, Right
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.queues import NOT_A_QUEUE

MAX_BATCH: Final = 64
"""Records that are given out together."""

MAX_RECORDS: Final = 10_000
"""Records that are kept; of more, the oldest fall."""

LOCK_S: Final = 60.0
"""Seconds for which a batch is kept from others."""

_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records, and the token that they are completed by."""

    token: str
    records: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True)
class _Lock:
    keys: tuple[str, ...]
    until: float


class FeedbackShelf:
    def __init__(self, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._clock, self._ids, self._limits = fleet, clock, ids, limits
        self._records: dict[str, Feedback] = {}
        """As committed, the oldest first, by the key of the row."""
        self._locks: dict[str, _Lock] = {}
        self._last = 0
        """The number of the newest record, committed or not."""

    def open(self) -> None:
        """Read the records; from now on, hear of every commit."""
        for name, body in self._fleet.saved(Table.MESSAGES):
            if name.startswith(NOT_A_QUEUE):
                self._follow(name, body)
        self._fleet.listen(self._committed)

    def rows(self, records: Iterable[Feedback | None]) -> tuple[Row, ...]:
        """What adds these records; the oldest fall where there are too many."""
        added = [self._row(record) for record in records if record is not None]
        surplus = len(self._records) + len(added) - MAX_RECORDS
        fallen = [*self._records][: max(0, surplus)]
        return (*added, *(Row(Table.MESSAGES, name, None) for name in fallen))

    async def receive(self, *, by: Principal) -> Batch | None:
        """Give out the oldest records that nobody has; None if there are none.

        Source: MESSAGE-22, MESSAGE-23.
        """
        self._admit(by)
        self._unlock()
        held = {name for lock in self._locks.values() for name in lock.keys}
        names = tuple(name for name in self._records if name not in held)[:MAX_BATCH]
        if not names:
            return None
        token = self._ids.uuid()
        self._locks[token] = _Lock(names, self._clock.monotonic() + LOCK_S)
        return Batch(token, tuple(self._records[name] for name in names))

    async def complete(self, token: str, *, by: Principal) -> None:
        """Forget the records of a batch, for good.

        Raises:
            LockLost: its lock has ended. Nothing has changed.
            Unavailable: the commit failed; the lock goes on.
        """
        self._admit(by)
        lock = self._lock(token)
        await self._fleet.save(*(Row(Table.MESSAGES, name, None) for name in lock.keys))
        self._locks.pop(token, None)

    async def abandon(self, token: str, *, by: Principal) -> None:
        """Let a batch go: it is given out again. LockLost."""
        self._admit(by)
        self._lock(token)
        del self._locks[token]

    @property
    def count(self) -> int:
        """Records that nobody has completed."""
        return len(self._records)

    def _admit(self, by: Principal) -> None:
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.MESSAGE, by)

    def _lock(self, token: str) -> _Lock:
        self._unlock()
        try:
            return self._locks[token]
        except KeyError:
            raise LockLost("the lock has ended, or there never was one") from None

    def _unlock(self) -> None:
        now = self._clock.monotonic()
        self._locks = {token: lock for token, lock in self._locks.items() if lock.until > now}

    def _row(self, record: Feedback) -> Row:
        self._last += 1
        return Row(Table.MESSAGES, f"{NOT_A_QUEUE}{self._last:0{_WIDTH}}", codec.encode(record))

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table is Table.MESSAGES and str(row.key).startswith(NOT_A_QUEUE):
                self._follow(str(row.key), row.body)

    def _follow(self, name: str, body: bytes | None) -> None:
        if body is None:
            self._records.pop(name, None)
        else:
            self._records[name] = codec.decode(body, Feedback)
            self._last = max(self._last, int(name.removeprefix(NOT_A_QUEUE)))
