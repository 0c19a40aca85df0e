"""The machine's clocks: the wall's, which somebody may set, and the monotonic one."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final


def wall_time() -> datetime:
    return datetime.now(UTC)


STANDS: Final = timedelta(minutes=1)
"""How far a machine's clock may go back before that is believed."""


class SystemClock:
    """Time that does not go back by a little, as the machine's own may.

    After a jump back of a minute at most, `now` stands until the wall clock has caught up. After a
    longer one it goes back as well: somebody has set right what was wrong, and until it had caught
    up nothing would fall due, and no token of the right time would open a door. `monotonic` goes on
    in any case: who compares the two sees the jump.
    """

    def __init__(self, wall: Callable[[], datetime] = wall_time) -> None:
        self._wall = wall
        self._latest = wall()

    def now(self) -> datetime:
        wall = self._wall()
        if not timedelta(0) <= self._latest - wall <= STANDS:
            self._latest = wall
        return self._latest

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
