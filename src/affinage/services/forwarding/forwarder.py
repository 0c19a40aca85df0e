"""One target of the feed: each event handed over in order, at least once, from a durable place.

What a target is told is decided in `domain/forwarding.py`, how in its sink.

Source: docs/spec/forwarding.md.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, NoReturn, Protocol, TypeVar

import structlog
from msgspec import Struct

from affinage.domain.errors import AffinageError, Throttled, TooLarge, Unavailable
from affinage.domain.forwarding import Target, pause_s
from affinage.domain.principal import Kind as By
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.sinks import Sink
from affinage.ports.store import Row, Table
from affinage.services.events import Page
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet

Result = TypeVar("Result")

BATCH: Final = 500
"""Events that are handed over at once, at most."""

GATHER_S: Final = 0.25
"""For which more is waited for, once something has come: a request for each would cost more."""

IDLE_S: Final = 60.0
"""After which it is looked whether there is something, though nobody said so."""

PLACES: Final = 5_000
"""Offsets without anything for a target after which its place is kept all the same."""

FORWARDER: Final = Principal(By.HUB, "forwarder", "hub", "forwarding", Right.SERVICE_CONNECT)

_log = structlog.get_logger(__name__)


class Feed(Protocol):
    """What is forwarded."""

    @property
    def newest(self) -> int:
        """The greatest offset that was ever given."""
        ...

    async def page(
        self, after: int, *, kind: str | None = None, limit: int, by: Principal
    ) -> Page: ...

    async def wait(self, after: int, seconds: float, *, by: Principal) -> None: ...


class Reached(Struct, frozen=True, array_like=True):
    """Where a target has got to, as the store has it."""

    offset: int


@dataclass(slots=True)
class Standing:
    """How it is with one target, since the start."""

    forwarded: int = 0
    failures: int = 0
    lost: int = 0
    """Events that the feed no longer had."""
    refused: int = 0
    """Events that the target will never take."""
    trouble: str = ""
    """Why the last attempt failed; empty once one did not."""
    since: datetime | None = None
    """When the first of a row of failures was."""


class Forwarder:
    """One target."""

    def __init__(self, target: Target, sink: Sink, feed: Feed, fleet: Fleet, clock: Clock) -> None:
        self.target, self._sink, self._feed = target, sink, feed
        self._fleet, self._clock = fleet, clock
        self.standing = Standing()
        self.offset = self._kept = 0
        """The last that the target has, or does not want."""

    async def open(self) -> None:
        """Find the place; a target that is new begins with what comes from now on. FORWARD-5."""
        newest = self._feed.newest
        kept = dict(self._fleet.saved(Table.MARKS)).get(self._row)
        if kept is None:
            self.offset = newest
            await self._keep()
        else:
            found = codec.decode(kept, Reached).offset
            self.offset = self._kept = found if found <= newest else 0  # the feed began anew

    async def run(self) -> NoReturn:
        """Hand over what comes, until cancelled."""
        while True:
            if await self._go_on():
                await self._feed.wait(self.offset, IDLE_S, by=FORWARDER)
                await self._clock.sleep(GATHER_S)

    async def close(self) -> None:
        await self._sink.close()

    @property
    def behind(self) -> int:
        """Offsets that it has not come to."""
        return self._feed.newest - self.offset

    @property
    def _row(self) -> str:
        return f"forward:{self.target.name}"

    async def _go_on(self) -> bool:
        """Hand over the next page; whether it was the last for now."""
        page = await self._page()
        if page.lost:
            self.standing.lost += page.lost
            _log.warning("events lost before they were forwarded", **self._fields, lost=page.lost)
        wanted = [event for event in page.events if self.target.wants(event)]
        if wanted:
            await self._hand_over(wanted)
        self.offset = page.next
        if wanted or self.offset - self._kept >= PLACES:
            await self._keep()
        return page.is_last

    async def _page(self) -> Page:
        """The next page, as soon as the feed can be read: a disk may fail for a while, too."""
        ask = partial(self._feed.page, kind=self.target.kind, limit=BATCH, by=FORWARDER)
        page = await self._until_done(partial(ask, self.offset), Unavailable)
        self._succeeded(0)
        return page

    async def _hand_over(self, events: Sequence[JsonObject]) -> None:
        """Until the target has them; what it will never take is counted, and passed over."""
        try:
            await self._until_done(partial(self._sink.send, events), Exception)
        except TooLarge as error:
            if len(events) == 1:
                self.standing.refused += 1
                _log.warning("event refused", **self._fields, offset=events[0]["offset"])
                self._succeeded(0)
                return
            half = len(events) // 2
            _log.info("events sent in halves", **self._fields, why=str(error))
            await self._hand_over(events[:half])
            await self._hand_over(events[half:])
        else:
            self._succeeded(len(events))

    async def _until_done(
        self, ask: Callable[[], Awaitable[Result]], passing: type[Exception]
    ) -> Result:
        """What ``ask`` gives; failures that pass are told by the doctor, and it is tried again."""
        failures = 0
        while True:
            try:
                return await ask()
            except TooLarge:
                raise
            except passing as error:
                failures += 1
                wish_s = error.retry_after_s if isinstance(error, Throttled) else None
                self._failed(error)
                await self._clock.sleep(pause_s(failures, wish_s))

    def _failed(self, error: Exception) -> None:
        standing = self.standing
        standing.failures += 1
        standing.since = standing.since or self._clock.now()
        if isinstance(error, AffinageError):
            standing.trouble = str(error)
            _log.warning("not forwarded", **self._fields, why=standing.trouble)
        else:
            standing.trouble = type(error).__name__
            _log.exception("forwarding failed", **self._fields)

    def _succeeded(self, count: int) -> None:
        self.standing.forwarded += count
        self.standing.trouble, self.standing.since = "", None

    async def _keep(self) -> None:
        """Write down the place; if that fails, what is behind it is forwarded twice."""
        try:
            await self._fleet.save(Row(Table.MARKS, self._row, codec.encode(Reached(self.offset))))
        except Unavailable as error:
            _log.warning("place not kept", **self._fields, error=str(error))
        else:
            self._kept = self.offset

    @property
    def _fields(self) -> dict[str, str]:
        return {"target": self.target.name}
