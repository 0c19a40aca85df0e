import asyncio
import os
import signal

import pytest
import uvloop

from affinage.apps.cli.stopping import stop_event


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_ends_nothing(number: signal.Signals) -> None:
    async def stopped() -> bool:
        stop = stop_event()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            return await stop.wait()

    assert uvloop.run(stopped())
