"""A clock that stands until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2025, 1, 1, tzinfo=UTC)


class FixedClock:
    """Implements `ports.clock.Clock`.

    Who sleeps is woken by `advance`, in the order of the moments slept until, and runs when the
    test next lets the loop turn (``await asyncio.sleep(0)``).
    """

    def __init__(self, at: datetime = START) -> None:
        self._now = at
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @property
    def sleepers(self) -> int:
        """How many are asleep now."""
        return sum(not sleeper.done() for _, sleeper in self._sleepers)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, sleeper))
        await sleeper

    def advance(self, seconds: float) -> None:
        """Let that much time pass, on both clocks; wake who has slept long enough."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        self._sleepers.sort(key=lambda each: each[0])
        due = [sleeper for until, sleeper in self._sleepers if until <= self._monotonic]
        self._sleepers = self._sleepers[len(due) :]
        for sleeper in due:
            if not sleeper.done():  # it may have been cancelled
                sleeper.set_result(None)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, as an operator would; nobody wakes."""
        self._now += timedelta(seconds=seconds)
