"""How late the event loop is: what everything that waits in it waits longer than it must."""

from collections.abc import Iterator
from typing import Final, NoReturn

from affinage.domain.histogram import SECONDS, Histogram
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family, spread

BEAT_S: Final = 0.25


class Pulse:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lags = Histogram(SECONDS)

    async def run(self) -> NoReturn:
        """Look four times a second how late a sleep ends, until cancelled."""
        while True:
            due = self._clock.monotonic() + BEAT_S
            await self._clock.sleep(BEAT_S)
            self.lags.add(max(0.0, self._clock.monotonic() - due))

    def families(self) -> Iterator[Family]:
        what = "How late the event loop woke who slept, four times a second."
        yield spread("affinage_loop_lag_seconds", what, self.lags)
