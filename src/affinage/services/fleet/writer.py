"""The one writer: takes the units that have queued up, runs them, commits them together.

Units that arrive while a commit is under way share the next one (group commit).

Invariant: no caller hears of a change, or of a refusal based on one, before it is committed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from affinage.domain.edge import ModuleIdentities
from affinage.domain.errors import Unavailable
from affinage.domain.moments import millis
from affinage.ports.clock import Clock
from affinage.ports.store import Store
from affinage.services.fleet.batch import Batch
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.unit import Decide, Result

MAX_UNITS: Final = 512
"""Units in one commit: what arrives at once is decided in slices that let the loop breathe."""

Committed = Callable[[Overlay], None]


@dataclass(frozen=True, slots=True)
class Unit:
    decide: Decide[Any]
    waiter: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    error: Exception


class Writer:
    def __init__(
        self, memory: Memory, store: Store, clock: Clock, identities: ModuleIdentities
    ) -> None:
        self._memory, self._store = memory, store
        self._clock, self._identities = clock, identities
        self._queue: asyncio.Queue[Unit] = asyncio.Queue()
        self._told: list[Committed] = []

    def listen(self, committed: Committed) -> None:
        """Have ``committed`` called with each overlay, after its commit, before the answers."""
        self._told.append(committed)

    async def change(self, decide: Decide[Result]) -> Result:
        """See `Fleet.change`."""
        unit = Unit(decide, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(unit)
        outcome: Result | Refusal = await unit.waiter
        if isinstance(outcome, Refusal):
            raise outcome.error
        return outcome

    async def run(self) -> None:
        """Be the one writer, until cancelled; what has been taken is finished first."""
        while True:
            units = [await self._queue.get()]
            while not self._queue.empty() and len(units) < MAX_UNITS:
                units.append(self._queue.get_nowait())
            await asyncio.shield(self._commit(units))

    async def _commit(self, units: list[Unit]) -> None:
        batch = Batch(self._memory, self._identities, millis(self._clock.now()))
        outcomes = [_outcome(batch, unit) for unit in units]
        rows = list(batch.rows())
        try:
            if rows:
                await self._store.commit(rows)
        except Unavailable as error:
            outcomes = [Refusal(error)] * len(units)
        else:
            self._memory.move(batch.overlay)
            for told in self._told:
                told(batch.overlay)
        for unit, outcome in zip(units, outcomes, strict=True):
            if not unit.waiter.done():  # a caller that was cancelled gave up only the answer
                unit.waiter.set_result(outcome)


def _outcome(batch: Batch, unit: Unit) -> Any:
    try:
        return batch.run(unit.decide)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is its caller's alone
        return Refusal(error)
