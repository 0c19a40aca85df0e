"""adapters/system/clock.py."""

import asyncio
from datetime import UTC, datetime, timedelta

from affinage.adapters.system.clock import SystemClock, wall_time
from affinage.ports.clock import Clock

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


def test_the_time_is_the_walls_in_utc() -> None:
    before = wall_time()
    now = SystemClock().now()
    assert before <= now <= wall_time()
    assert now.tzinfo is UTC


def test_time_stands_while_the_wall_clock_is_behind_what_it_was() -> None:
    walls = iter([NOON, NOON + timedelta(hours=1), NOON, NOON + timedelta(hours=2)])
    clock: Clock = SystemClock(lambda: next(walls))
    assert [clock.now() - NOON for _ in range(3)] == [
        timedelta(hours=1),
        timedelta(hours=1),
        timedelta(hours=2),
    ]


def test_sleeping_takes_at_least_as_long_as_was_asked() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(clock.sleep(0.01))
    assert clock.monotonic() - before >= 0.009  # a loop may wake within its clock's resolution
