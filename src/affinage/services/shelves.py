"""Shelves of records for back ends: each is kept until one of them has taken it.

What has lain longest is given out first, under a lock: nobody else is given it, and it comes again
if it is neither completed nor let go in time. Locks are known to this process alone.

Source: MESSAGE-22 to MESSAGE-24, UPLOAD-22, UPLOAD-23.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from msgspec import Struct

from affinage.domain.errors import LockLost
from affinage.domain.principal import Principal, Right
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.limits import UNLIMITED, Limits, Operation

LOCK_S: Final = 60.0
"""Seconds for which what was given out is kept from others."""

_WIDTH: Final = 12

Record = TypeVar("Record", bound=Struct)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Record]):
    """What lies on a shelf."""

    record: type[Record]
    table: Table
    prefix: str
    """What the keys of its rows begin with, and those of no other rows in the table."""
    most: int
    """Records that are kept; of more, the oldest fall."""
    at_once: int
    """Records that are given out together."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[Record]):
    """What is given out, and the token that it is completed by."""

    token: str
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class _Lock:
    keys: tuple[str, ...]
    until: float


class Shelf(Generic[Record]):
    def __init__(
        self, kind: Kind[Record], fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED
    ) -> None:
        self._kind, self._fleet = kind, fleet
        self._clock, self._ids, self._limits = clock, ids, limits
        self._records: dict[str, Record] = {}
        """As committed, the oldest first, by the key of the row."""
        self._locks: dict[str, _Lock] = {}
        self._last = 0
        """The number of the newest record, committed or not."""

    def open(self) -> None:
        """Read the records; from now on, hear of every commit."""
        for key, body in self._fleet.saved(self._kind.table):
            self._follow(key, body)
        self._fleet.listen(self._committed)

    def rows(self, *records: Record) -> tuple[Row, ...]:
        """What adds these records; the oldest fall where there are too many."""
        added = [self._row(record) for record in records]
        surplus = len(self._records) + len(added) - self._kind.most
        fallen = [*self._records][: max(0, surplus)]
        return (*added, *(self._gone(key) for key in fallen))

    async def receive(self, *, by: Principal) -> Batch[Record] | None:
        """Give out the oldest records that nobody has; None if there are none."""
        self._admit(by)
        held = {key for lock in self._living().values() for key in lock.keys}
        keys = tuple(key for key in self._records if key not in held)[: self._kind.at_once]
        if not keys:
            return None
        token = self._ids.uuid()
        self._locks[token] = _Lock(keys, self._clock.monotonic() + LOCK_S)
        return Batch(token, tuple(self._records[key] for key in keys))

    async def complete(self, token: str, *, by: Principal) -> None:
        """Forget what was given out, for good.

        Raises:
            LockLost: its lock has ended. Nothing has changed.
            Unavailable: the commit failed; the lock goes on.
        """
        self._admit(by)
        await self._fleet.save(*map(self._gone, self._lock(token).keys))
        self._locks.pop(token, None)

    async def abandon(self, token: str, *, by: Principal) -> None:
        """Let it go: it is given out again. LockLost."""
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
        try:
            return self._living()[token]
        except KeyError:
            raise LockLost("the lock has ended, or there never was one") from None

    def _living(self) -> dict[str, _Lock]:
        now = self._clock.monotonic()
        self._locks = {token: lock for token, lock in self._locks.items() if lock.until > now}
        return self._locks

    def _row(self, record: Record) -> Row:
        self._last += 1
        key = f"{self._kind.prefix}{self._last:0{_WIDTH}}"
        return Row(self._kind.table, key, codec.encode(record))

    def _gone(self, key: str) -> Row:
        return Row(self._kind.table, key, None)

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table is self._kind.table:
                self._follow(str(row.key), row.body)

    def _follow(self, key: str, body: bytes | None) -> None:
        if not key.startswith(self._kind.prefix):
            return
        if body is None:
            self._records.pop(key, None)
        else:
            self._records[key] = codec.decode(body, self._kind.record)
            self._last = max(self._last, int(key.removeprefix(self._kind.prefix)))
