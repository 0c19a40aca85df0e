"""The feed of one life, and a target that it is forwarded to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from affinage.adapters.memory.sink import MemorySink
from affinage.domain.forwarding import Target
from affinage.services.forwarding.forwarder import GATHER_S
from affinage.services.forwarding.forwarding import Forwarding
from fakes.feeding import Feed, fed

URL = "https://historian.test/"


class Forwarded:
    """What was told to whom; `turn` lets all of it happen."""

    def __init__(self, feed: Feed, sinks: dict[Target, MemorySink]) -> None:
        self.feed, self.life = feed, feed.life
        self.sinks = {target.name: sink for target, sink in sinks.items()}
        self.all = Forwarding([*sinks.items()], feed.events, feed.life.fleet, feed.life.clock)

    async def send(self, *bodies: str, device: str = "d") -> None:
        for body in bodies:
            await self.feed.send(device, body.encode())

    async def turn(self, seconds: float = GATHER_S) -> None:
        """Let what waits be read, and handed over; ``seconds`` pass."""
        await self.life.turn()
        self.life.clock.advance(seconds)
        await self.life.turn()

    def bodies(self, name: str = "historian") -> list[Any]:
        return [event.get("body", event.get("change")) for event in self.sinks[name].told]


@asynccontextmanager
async def forwarded(
    *targets: Target,
    sinks: dict[str, MemorySink] | None = None,
    before: Feed | None = None,
    **options: Any,
) -> AsyncIterator[Forwarded]:
    """One life; ``sinks`` may be those of the life before."""
    wanted = targets or (Target("historian", URL),)
    given = {target: (sinks or {}).get(target.name) or MemorySink() for target in wanted}
    async with fed(before, **options) as feed:
        one = Forwarded(feed, given)
        await feed.life.turn()
        await one.all.open()
        running = asyncio.ensure_future(one.all.run())
        yield one
        running.cancel()
        await asyncio.wait([running])
        await one.all.close()
