"""The machine's time, and what a test has added to it.

Time goes on as the machine's does, and a test can have some more of it pass at once. There are two
of these clocks in a hub: the services', by which messages expire and jobs begin, and the doors',
by which tokens do. For SDKs make their tokens by the machine's clock: had the doors' gone ahead
with the services', every SDK would be refused after an hour that a test let pass.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from weakref import WeakSet

from affinage.apps.times import Times
from affinage.ports.clock import Clock


class MovableClock:
    """Implements `ports.clock.Clock`; `advance` wakes those who have slept long enough by then."""

    def __init__(self, machine: Clock, ahead_s: float = 0.0) -> None:
        self._machine, self._ahead_s = machine, ahead_s
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._machine.now() + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return self._machine.monotonic() + self._ahead_s

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        await asyncio.sleep(0)
        while (left_s := until - self.monotonic()) > 0:
            await self._machine_goes_on(left_s)

    def advance(self, seconds: float) -> None:
        """Let that much more time pass, now."""
        assert seconds >= 0, "no clock goes back"
        self._ahead_s += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def _machine_goes_on(self, seconds: float) -> None:
        """Return after that long, or at the next move."""
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            pass


class TokenClock:
    """The doors' clock: the machine's date, moved apart from ``clock``, whose seconds it counts.

    It is their timer as well: what rings when a token has expired rings as soon as that is so.
    """

    def __init__(self, machine: Clock, clock: Clock, ahead_s: float = 0.0) -> None:
        self._machine, self._clock, self._ahead_s = machine, clock, ahead_s
        self._alarms: WeakSet[_Alarm] = WeakSet()

    def now(self) -> datetime:
        return self._machine.now() + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def call_later(self, delay: float, callback: Callable[[], object]) -> "_Alarm":
        alarm = _Alarm(delay, callback)
        self._alarms.add(alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        """Let tokens age by that much, now."""
        assert seconds >= 0, "no clock goes back"
        self._ahead_s += seconds
        for alarm in self._alarms:
            alarm.bring_forward(seconds)


class _Alarm:
    """Rings once, unless it is cancelled; who set it holds it until then."""

    def __init__(self, delay_s: float, callback: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._callback = callback
        self._rings_at = self._loop.time() + delay_s
        self._handle = self._loop.call_at(self._rings_at, callback)

    def cancel(self) -> None:
        self._handle.cancel()

    def bring_forward(self, seconds: float) -> None:
        """Do nothing if it has rung or was cancelled."""
        if self._handle.cancelled() or self._rings_at <= self._loop.time():
            return
        self.cancel()
        self._rings_at -= seconds
        self._handle = self._loop.call_at(self._rings_at, self._callback)


@dataclass(frozen=True, slots=True)
class MovableTimes:
    """The two clocks of a hub; ``times`` is how it is given them."""

    clock: MovableClock
    tokens: TokenClock

    @classmethod
    def of(cls, machine: Clock, ahead_s: float = 0.0, aged_s: float = 0.0) -> Self:
        """Begin that far ahead, for the services and for tokens."""
        clock = MovableClock(machine, ahead_s)
        return cls(clock, TokenClock(machine, clock, aged_s))

    @property
    def times(self) -> Times:
        return Times(self.clock, self.tokens, lambda: self.tokens)
