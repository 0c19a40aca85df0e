"""adapters/system/clock.py."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from affinage.adapters.system.clock import SystemClock, wall_time
from affinage.ports.clock import Clock

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


def test_the_time_is_the_walls_in_utc() -> None:
    before = wall_time()
    now = SystemClock().now()
    assert before <= now <= wall_time()
    assert now.tzinfo is UTC


@pytest.mark.parametrize(
    ("walls", "told"),
    [
        ([60, 0, 59.9, 61], [60, 60, 60, 61]),
        ([3600, 0, 1], [3600, 0, 1]),
        ([61, 0, -1, -60, -61.5], [61, 0, 0, 0, -61.5]),
    ],
    ids=["by a little", "by far", "again and again"],
)
def test_time_stands_or_goes_back_with_the_walls(walls: list[float], told: list[float]) -> None:
    ahead = iter([timedelta(seconds=seconds) for seconds in [0, *walls]])
    clock: Clock = SystemClock(lambda: NOON + next(ahead))
    assert [(clock.now() - NOON).total_seconds() for _ in walls] == told


def test_sleeping_takes_at_least_as_long_as_was_asked() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(clock.sleep(0.01))
    assert clock.monotonic() - before >= 0.009  # a loop may wake within its clock's resolution
