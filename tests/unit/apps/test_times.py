import asyncio
from contextlib import closing

from affinage.apps.times import system_times


def test_a_hub_in_production_has_one_clock_and_rings_by_its_loop() -> None:
    times = system_times()
    assert times.clock is times.doors
    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(_rings_by(loop))


async def _rings_by(loop: asyncio.AbstractEventLoop) -> None:
    assert system_times().timer() is loop
