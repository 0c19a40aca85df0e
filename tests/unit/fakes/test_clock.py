"""fakes/clock.py."""

import asyncio
from datetime import timedelta

from affinage.ports.clock import Clock
from fakes.clock import START, FixedClock


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock()
    seen: Clock = clock
    assert (seen.now(), seen.monotonic()) == (START, 0)
    clock.advance(90)
    assert (seen.now(), seen.monotonic()) == (START + timedelta(seconds=90), 90)
    clock.jump(60)
    assert (seen.now(), seen.monotonic()) == (START + timedelta(seconds=150), 90)


def test_sleepers_wake_in_the_order_of_their_moments() -> None:
    async def scenario() -> list[float]:
        clock, woken = FixedClock(), list[float]()

        async def sleeper(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(seconds)

        async with asyncio.TaskGroup() as tasks:
            for seconds in (3, 1, 2, 0):
                tasks.create_task(sleeper(seconds))
            cancelled = tasks.create_task(sleeper(1))
            await asyncio.sleep(0)
            assert clock.sleepers == 4
            cancelled.cancel()
            clock.advance(2)
            await asyncio.sleep(0)
            clock.advance(1)
        assert clock.sleepers == 0
        return woken

    assert asyncio.run(scenario()) == [0, 1, 2, 3]
