"""The feed: telemetry and what happens to the fleet, in one order, kept for a while.

A message is answered when it is durable. What happens to twins follows their commits: what lies
between the last commit and a kill may not be told, and the entry of each start says so.

Source: docs/spec/events.md.
"""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

import structlog

from affinage.domain import happening
from affinage.domain.device import Device
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.happening import Happening, Kind, Properties
from affinage.domain.identity import AuthType
from affinage.domain.moments import Millis, iso, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.events import EventStore, Fresh, Window
from affinage.ports.exposition import Family, number
from affinage.ports.exposition import Kind as Kinds
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.told import Detail, told_by

MAX_BYTES: Final = 1024 * 1024 * 1024
"""Bytes of events that are kept, unless set otherwise."""

MAX_DAYS: Final = 7.0
"""Days for which events are kept, unless set otherwise."""

MAX_EVENTS: Final = 1_000
"""Events in one page."""

MAX_OFFSETS: Final = 20_000
"""Offsets that are looked through for one page; what is left is the next page's."""

MAX_QUEUED: Final = 64 * 1024 * 1024
"""Bytes of events that wait for the disk; what comes then is refused, or told as lost."""

PROPERTY: Final = 100
"""Bytes that a property takes while its message waits, besides its name and value."""

BATCH: Final = 1_000
"""Events that are appended at once."""

PRUNE_EVERY: Final = 10_000
"""Events after which the oldest are pruned if there are too many."""

PRUNE_S: Final = 60.0
"""Seconds after which the oldest are pruned if they are too old."""

RETRY_S: Final = 1.0
"""Seconds until the disk is tried again that failed."""

DAY_MS: Final = 86_400_000

LATEST: Final = -1
"""As an offset: behind whatever there is now."""

_log = structlog.get_logger(__name__)


class Waiting(NamedTuple):
    event: Happening
    waiter: asyncio.Future[None] | None
    """Who waits until it is durable; None where nobody does."""
    size: int
    """Bytes that it takes while it waits, about."""


@dataclass(frozen=True, slots=True)
class Page:
    events: list[JsonObject]
    next: int
    """The offset to go on after."""
    oldest: int
    """The first that is kept."""
    lost: int
    """Events after the offset asked for that are not kept any more."""
    is_last: bool
    """Whether nothing more was there."""


class Events:
    def __init__(
        self,
        fleet: Fleet,
        store: EventStore,
        clock: Clock,
        *,
        detail: Detail = Detail.CHANGES,
        max_bytes: int = MAX_BYTES,
        max_days: float = MAX_DAYS,
        limits: Limits = UNLIMITED,
    ) -> None:
        """``detail`` is what of twins is told."""
        self._fleet, self._store, self._clock, self._detail = fleet, store, clock, detail
        self._max_bytes, self._max_days, self._limits = max_bytes, max_days, limits
        self._queue: deque[Waiting] = deque()
        self._queued_bytes = self._appended = 0
        self._lost = self._lost_ever = 0
        self._woken = asyncio.Event()
        self._came = asyncio.Event()
        self._stamps: dict[TwinKey, tuple[str, Properties]] = {}
        self._has_failed = False
        self.is_over = False

    async def open(self) -> None:
        """Tell that the hub has started, and from now on what happens. Source: EVENT-9."""
        self._fleet.listen(self._committed)
        self._tell([Happening(Kind.HUB, self._now(), told={"change": "started"})])

    async def run(self) -> NoReturn:
        """Keep what comes, until cancelled; what is on its way to the disk gets there."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._queue:
                await _to_its_end(self._append())

    async def tend(self) -> NoReturn:
        """Prune what is too old now and then, until cancelled."""
        while True:
            await self._clock.sleep(PRUNE_S)
            await self._prune()

    async def close(self) -> None:
        """Keep what is left, once nothing comes any more, and let the store go."""
        while self._queue and not self._has_failed:
            await self._append()
        self._refuse(self._queue)
        await self._store.close()

    def end(self) -> None:
        """Have every follower come to its end: the hub stops."""
        self.is_over = True
        self._wake_followers()

    def turn_s(self, *, by: Principal) -> float:
        """The seconds to wait before one message is sent, in its turn. Source: THROTTLE-7."""
        by.require(Right.DEVICE_CONNECT)
        return self._limits.reserve(Operation.TELEMETRY)

    def send(
        self,
        key: TwinKey,
        properties: Properties,
        payload: bytes,
        *,
        is_will: bool = False,
        is_due: bool = False,
        by: Principal,
    ) -> asyncio.Future[None]:
        """Keep a device's message; done once that is durable. Order is that of the calls.

        Args:
            is_will: whether the device left it for the case that it is lost.
            is_due: whether its sender has waited for its turn.

        Raises:
            Forbidden: it is another's.
            Throttled: it has no turn yet, and there are too many.
            TooLarge: more than `happening.MAX_TELEMETRY`.
            Unavailable: the disk is slower than what comes, or fails; it was not kept.

        Source: EVENT-1 to EVENT-4, EVENT-8.
        """
        by.require_self(key)
        if not is_due:
            self._limits.take(Operation.TELEMETRY, by)
        at = self._now()
        stamps = {**self._stamped(key, by), "iothub-enqueuedtime": iso(at)}
        event = happening.telemetry(key, properties, payload, stamps, is_will=is_will, at=at)
        size = event.size + happening.said(properties) + PROPERTY * len(properties)
        if self._queued_bytes + size > MAX_QUEUED:
            raise Unavailable(f"{self._queued_bytes} of {MAX_QUEUED} bytes wait for the disk")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(Waiting(event, waiter, size))
        return waiter

    @property
    def newest(self) -> int:
        """The greatest offset that was ever given; 0 before the first."""
        return self._store.bounds().newest

    async def page(
        self,
        after: int,
        *,
        kind: str | None = None,
        device: str | None = None,
        limit: int,
        by: Principal,
    ) -> Page:
        """The first events after an offset: 0 for all that are kept, LATEST for none.

        Raises:
            Invalid: there never was an event with that offset, or no such kind.

        Source: EVENT-5 to EVENT-7.
        """
        by.require(Right.SERVICE_CONNECT)
        if kind is not None and kind not in [*Kind]:
            raise Invalid(f"{kind[:40]!r} is no kind: there are {', '.join(Kind)}")
        bounds = self._store.bounds()
        if after == LATEST:
            return Page([], bounds.newest, bounds.oldest, 0, is_last=True)
        if after > bounds.newest:
            raise Invalid(f"offset {after} is beyond the newest, {bounds.newest}")
        lost = max(0, bounds.oldest - 1 - after) if after else 0
        start = max(after, bounds.oldest - 1)
        until = min(bounds.newest, start + MAX_OFFSETS)
        limit = max(1, min(limit, MAX_EVENTS))
        kept = await self._store.read(Window(start, until, kind, device, limit))
        shown = [happening.document(offset, codec.decode(body, Happening)) for offset, body in kept]
        # A page that is not full went on to its end, unless its bytes were too many.
        is_whole = len(kept) < limit and sum(len(one.body) for one in kept) < _HALF_PAGE
        following = until if is_whole else kept[-1].offset
        return Page(shown, following, bounds.oldest, lost, is_last=following == bounds.newest)

    async def wait(self, after: int, seconds: float, *, by: Principal) -> None:
        """Return once there are events after an offset, the hub stops, or the time is over."""
        by.require(Right.SERVICE_CONNECT)
        if self._store.bounds().newest > after or self.is_over:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._came.wait()

    def families(self) -> Iterator[Family]:
        bounds = self._store.bounds()
        what = "Events that were ever kept: the newest offset."
        yield number("affinage_events_total", Kinds.COUNTER, what, bounds.newest)
        kept = bounds.newest - bounds.oldest + 1 if bounds.newest else 0
        yield number("affinage_events", Kinds.GAUGE, "Events that are kept.", kept)
        what = "Bytes of events that wait for the disk."
        yield number("affinage_events_queued_bytes", Kinds.GAUGE, what, self._queued_bytes)
        what = "Events of the hub's own that could not be kept."
        yield number("affinage_events_lost_total", Kinds.COUNTER, what, self._lost_ever)

    # ── what comes ───────────────────────────────────────────────────────────────────────────

    def _committed(self, overlay: Overlay) -> None:
        if self._detail is not Detail.OFF:
            self._tell(told_by(overlay, self._detail, self._now()))

    def _tell(self, events: Iterable[Happening]) -> None:
        """Keep what the hub itself tells; nobody waits for it."""
        for event in events:
            if self._queued_bytes > MAX_QUEUED:
                self._lost += 1
                self._lost_ever += 1
            else:
                self._put(Waiting(event, None, event.size))

    def _put(self, waiting: Waiting) -> None:
        self._queue.append(waiting)
        self._queued_bytes += waiting.size
        self._woken.set()

    async def _append(self) -> None:
        """The next of the queue, all in one transaction."""
        taken = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        events = [_fresh(one.event) for one in taken]
        if lost := self._lost:
            told = {"change": "lost", "lost": lost}
            events.append(_fresh(Happening(Kind.HUB, self._now(), told=told)))
        try:
            await self._store.append(events)
        except Unavailable as error:
            await self._failed(taken, error)
            return
        self._lost -= lost  # more may have been lost meanwhile
        self._has_failed = False
        self._queued_bytes -= sum(one.size for one in taken)
        for one in taken:
            if one.waiter and not one.waiter.done():
                one.waiter.set_result(None)
        self._wake_followers()
        await self._prune_if_many(len(events))

    async def _failed(self, taken: list[Waiting], error: Unavailable) -> None:
        """Nothing was kept: who waits is refused, what the hub tells is tried again."""
        _log.warning("events not kept", error=str(error))
        self._has_failed = True
        own = [one for one in taken if one.waiter is None]
        self._refuse(one for one in taken if one.waiter is not None)
        self._queue.extendleft(reversed(own))
        await self._clock.sleep(RETRY_S)

    def _refuse(self, several: Iterable[Waiting]) -> None:
        for one in several:
            self._queued_bytes -= one.size
            if one.waiter and not one.waiter.done():
                one.waiter.set_exception(Unavailable("the message could not be kept"))

    def _wake_followers(self) -> None:
        self._came.set()
        self._came = asyncio.Event()

    # ── what goes ────────────────────────────────────────────────────────────────────────────

    async def _prune_if_many(self, count: int) -> None:
        self._appended += count
        if self._appended >= PRUNE_EVERY:
            self._appended = 0
            await self._prune()

    async def _prune(self) -> None:
        before = self._now() - int(self._max_days * DAY_MS)
        try:
            while await self._store.prune(max_bytes=self._max_bytes, before=before):
                pass
        except Unavailable as error:
            _log.warning("events not pruned", error=str(error))

    # ── who sends ────────────────────────────────────────────────────────────────────────────

    def _stamped(self, key: TwinKey, by: Principal) -> Properties:
        """What the hub says of a sender; looked up once for a connection. Source: EVENT-3."""
        known = self._stamps.get(key)
        if known and known[0] == by.request_id:
            return known[1]
        if len(self._stamps) >= MAX_STAMPS:
            self._stamps.clear()
        stamps = _stamps(self._fleet.find(key.device), key, by)
        self._stamps[key] = (by.request_id, stamps)
        return stamps

    def _now(self) -> Millis:
        return millis(self._clock.now())


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await it also when cancelled, and only then be so."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


MAX_STAMPS: Final = 100_000
"""Senders of which the hub knows without looking what it says of them."""

X509: Final = (AuthType.SELF_SIGNED, AuthType.CERTIFICATE_AUTHORITY)
"""How an identity proves itself that does it by a certificate."""

_HALF_PAGE: Final = 512 * 1024


def _fresh(event: Happening) -> Fresh:
    return Fresh(event.at, event.kind, event.device, codec.encode(event))


def _stamps(device: Device | None, key: TwinKey, by: Principal) -> Properties:
    stamps = {"iothub-connection-device-id": key.device}
    if key.module is not None:
        stamps["iothub-connection-module-id"] = key.module
    if device is not None and (key.module is None or key.module in device.modules):
        identity = device.identity if key.module is None else device.modules[key.module].identity
        scope = "hub" if by.voucher else "device" if key.module is None else "module"
        is_x509 = identity.credentials.type in X509 and not by.voucher
        how: dict[str, Any] = {
            "scope": scope,
            "type": "x509" if is_x509 else "sas",
            "issuer": "external" if is_x509 else "iothub",
            "acceptingIpFilterRule": None,
        }
        stamps["iothub-connection-auth-generation-id"] = identity.generation
        stamps["iothub-connection-auth-method"] = json.dumps(how, separators=(",", ":"))
        if model := device.twin_of(key).model_id:
            stamps["dt-dataschema"] = model
    return {**stamps, "iothub-message-source": "Telemetry"}
