"""services/pulse.py."""

import asyncio
from contextlib import suppress

from affinage.services.pulse import BEAT_S, Pulse
from fakes.clock import FixedClock
from fakes.looped import looped


@looped
async def test_a_loop_that_is_late_is_seen() -> None:
    clock = FixedClock()
    pulse = Pulse(clock)
    running = asyncio.ensure_future(pulse.run())
    for late_s in (0.0, 2.0):
        await asyncio.sleep(0)
        clock.advance(BEAT_S + late_s)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    [family] = pulse.families()
    assert (pulse.lags.count, pulse.lags.total) == (2, 2.0)
    assert family.samples[0].value is pulse.lags
