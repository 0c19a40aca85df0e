"""How long a hub keeps a device waiting that asks for its twin: what a busy loop would show first.

The answer is in memory and needs no commit, so that what is measured is the loop's being elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from hubs import Hub
from machine import percentile

from affinage.clients.device import DeviceClient

EVERY_S: Final = 0.01


class Waits:
    """Milliseconds that each answer took."""

    def __init__(self) -> None:
        self.ms: list[float] = []

    def ms_at(self, share: float) -> float:
        """What so many of them did not pass."""
        return percentile(self.ms, share)


@asynccontextmanager
async def probing(hub: Hub, number: int = 1) -> AsyncIterator[Waits]:
    """Have a device ask all the while."""
    waits, device = Waits(), await hub.device(number)
    task = asyncio.ensure_future(_ask(device, waits))
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait([task])
        await device.close()


async def _ask(device: DeviceClient, waits: Waits) -> None:
    while True:
        began = perf_counter()
        await device.get_twin()
        waits.ms.append(1000 * (perf_counter() - began))
        await asyncio.sleep(EVERY_S)
