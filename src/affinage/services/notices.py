"""Notices of files: kept until a back end has taken them, given out one at a time under a lock.

As with feedback on messages, locks are known to this process alone.

Source: UPLOAD-22, UPLOAD-23.
"""

from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import LockLost
from affinage.domain.principal import Principal, Right
from affinage.domain.uploads import Notice
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.limits import UNLIMITED, Limits, Operation

MAX_NOTICES: Final = 10_000
"""Notices that are kept; of more, the oldest fall."""

LOCK_S: Final = 60.0
"""Seconds for which a notice is kept from others."""

NOT_AN_UPLOAD: Final = "/"
"""What the keys of the table begin with that name no upload."""

_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Given:
    """A notice, and the token that it is completed by."""

    token: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class _Lock:
    name: str
    until: float


class NoticeShelf:
    def __init__(self, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._clock, self._ids, self._limits = fleet, clock, ids, limits
        self._notices: dict[str, Notice] = {}
        """As committed, the oldest first, by the key of the row."""
        self._locks: dict[str, _Lock] = {}
        self._last = 0

    def open(self) -> None:
        """Read the notices; from now on, hear of every commit."""
        for name, body in self._fleet.saved(Table.UPLOADS):
            self._follow(name, body)
        self._fleet.listen(self._committed)

    def rows(self, notice: Notice) -> tuple[Row, ...]:
        """What adds a notice; the oldest falls where there are too many."""
        self._last += 1
        added = Row(Table.UPLOADS, f"{NOT_AN_UPLOAD}{self._last:0{_WIDTH}}", codec.encode(notice))
        surplus = len(self._notices) + 1 - MAX_NOTICES
        fallen = [*self._notices][: max(0, surplus)]
        return (added, *(Row(Table.UPLOADS, name, None) for name in fallen))

    async def receive(self, *, by: Principal) -> Given | None:
        """Give out the oldest notice that nobody has; None if there is none."""
        self._admit(by)
        held = {lock.name for lock in self._living().values()}
        name = next((name for name in self._notices if name not in held), None)
        if name is None:
            return None
        token = self._ids.uuid()
        self._locks[token] = _Lock(name, self._clock.monotonic() + LOCK_S)
        return Given(token, self._notices[name])

    async def complete(self, token: str, *, by: Principal) -> None:
        """Forget a notice, for good.

        Raises:
            LockLost: its lock has ended. Nothing has changed.
            Unavailable: the commit failed; the lock goes on.
        """
        self._admit(by)
        await self._fleet.save(Row(Table.UPLOADS, self._lock(token).name, None))
        self._locks.pop(token, None)

    async def abandon(self, token: str, *, by: Principal) -> None:
        """Let a notice go: it is given out again. LockLost."""
        self._admit(by)
        self._lock(token)
        del self._locks[token]

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

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table is Table.UPLOADS:
                self._follow(str(row.key), row.body)

    def _follow(self, name: str, body: bytes | None) -> None:
        if not name.startswith(NOT_AN_UPLOAD):
            return
        if body is None:
            self._notices.pop(name, None)
        else:
            self._notices[name] = codec.decode(body, Notice)
            self._last = max(self._last, int(name.removeprefix(NOT_AN_UPLOAD)))
