"""The machine's clocks: the wall's, which is not trusted to go forward, and the monotonic one."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


def wall_time() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """Time that never goes back, while the machine's own may.

    After a jump back `now` stands until the wall clock has caught up, and `monotonic` goes on: who
    compares the two sees the jump.
    """

    def __init__(self, wall: Callable[[], datetime] = wall_time) -> None:
        self._wall = wall
        self._latest = wall()

    def now(self) -> datetime:
        self._latest = max(self._latest, self._wall())
        return self._latest

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
