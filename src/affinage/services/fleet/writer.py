"""The one writer: takes the units that have queued up, runs them, commits them together.

Units that arrive while a commit is under way share the next one (group commit).

Invariant: no caller hears of a change, or of a refusal based on one, before it is committed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from affinage.domain.edge import ModuleIdentities
from affinage.domain.errors import AffinageError, Unavailable
from affinage.domain.moments import millis
from affinage.ports.clock import Clock
from affinage.ports.store import Store
from affinage.services.fleet.batch import Batch
from affinage.services.fleet.commits import Commits
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.ledger import Ledger, row
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.unit import Decide, Result

MAX_UNITS: Final = 512
"""Units in one commit: what arrives at once is decided in slices that let the loop breathe."""

TURN_S: Final = 0.05
"""Seconds for which the units of one commit are decided: some take a thousand times as long."""

Committed = Callable[[Overlay], None]


class Unit(NamedTuple):
    decide: Decide[Any]
    waiter: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    error: Exception


class Writer:
    def __init__(
        self,
        memory: Memory,
        store: Store,
        clock: Clock,
        identities: ModuleIdentities,
        guards: Guards,
    ) -> None:
        self._memory, self._store = memory, store
        self._clock, self._identities, self._guards = clock, identities, guards
        self._queue: deque[Unit] = deque()
        self._queued_at = 0.0  # when the queue was last empty: no unit in it is older
        self._woken = asyncio.Event()
        self._told: list[Committed] = []
        self._is_over = False
        self.figures = Commits()
        self.ledger = Ledger()

    @property
    def depth(self) -> int:
        """Units in the queue."""
        return len(self._queue)

    def listen(self, committed: Committed) -> None:
        """Have ``committed`` called with each overlay, after its commit, before the answers."""
        self._told.append(committed)

    def change(self, decide: Decide[Result]) -> asyncio.Future[Result]:
        """See `Fleet.change`."""
        if self._is_over:
            raise _over()
        waiter: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if not self._queue:
            self._queued_at = self._clock.monotonic()
        self._queue.append(Unit(decide, waiter))
        self._woken.set()
        return waiter

    async def run(self) -> None:
        """Be the one writer, until cancelled; what has been taken is finished first.

        Whatever ends it, nobody waits in vain: who is in the queue or comes later is refused.

        Raises:
            Exception: what a store may not raise. It is not known whether the commit was written:
                only reading the store anew tells.
        """
        try:
            while await self._woken.wait():
                self._woken.clear()
                while self._queue:
                    await _to_its_end(self._counted())
        finally:
            self._is_over = True
            _refuse(self._taken(len(self._queue)), _over())

    def _taken(self, most: int) -> list[Unit]:
        return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    async def _counted(self) -> None:
        began, queued_at = self._clock.monotonic(), self._queued_at
        units = self._taken(MAX_UNITS)
        try:
            await self._commit(units)
        finally:
            self.figures.add(len(units), began - queued_at, self._clock.monotonic() - began)

    async def _commit(self, units: list[Unit]) -> None:
        """Decide and write the first of ``units``; those left go back, and out of the list."""
        batch = Batch(self._memory, self._identities, self._guards, millis(self._clock.now()))
        outcomes = self._decided(batch, units)
        self._queue.extendleft(reversed(units[len(outcomes) :]))
        del units[len(outcomes) :]
        try:
            entries = self.ledger.entries(batch.overlay.deeds, batch.at)
            if rows := [*batch.rows(), *map(row, entries)]:
                await self._store.commit(rows)
            self.ledger.take(entries)
            self._memory.move(batch.overlay)
            for told in self._told:
                told(batch.overlay)
        except Unavailable as error:
            self.figures.failed += 1
            _refuse(units, error)
        except Exception:
            _refuse(units, Unavailable("the commit failed, and may have been written"))
            raise
        else:
            _answer(units, outcomes)

    def _decided(self, batch: Batch, units: list[Unit]) -> list[object]:
        """What the first of ``units`` come to: as many as there is time for, at least one."""
        until, outcomes = self._clock.monotonic() + TURN_S, list[object]()
        for unit in units:
            outcomes.append(_outcome(batch, unit))
            if self._clock.monotonic() > until:
                break
        return outcomes


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await it also when cancelled, and only then be so."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _answer(units: Sequence[Unit], outcomes: Sequence[object]) -> None:
    for unit, outcome in zip(units, outcomes, strict=True):
        if unit.waiter.done():
            continue  # a caller that was cancelled gave up only the answer
        if isinstance(outcome, Refusal):
            unit.waiter.set_exception(outcome.error)
        else:
            unit.waiter.set_result(outcome)


def _refuse(units: Sequence[Unit], error: Exception) -> None:
    _answer(units, [Refusal(error)] * len(units))


def _over() -> Unavailable:
    return Unavailable("the hub stops: nothing is written any more")


def _outcome(batch: Batch, unit: Unit) -> Any:
    try:
        return batch.run(unit.decide)
    except StopIteration as error:  # no future takes it, as no coroutine may raise it
        return Refusal(RuntimeError(repr(error)))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is its caller's alone
        return Refusal(_without_trace(error) if isinstance(error, AffinageError) else error)


def _without_trace(refused: AffinageError) -> AffinageError:
    """A refusal needs none. Its frames lead to this unit, whose waiter will have the error.

    Together they would wait for the collector, and with them all that was asked for.
    """
    refused.__cause__ = refused.__context__ = None
    return refused.with_traceback(None)
