"""The events feed of one life of a hub, over a store of events with a disk of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from affinage.adapters.memory.events import MemoryEvents
from affinage.services.events import Events
from fakes.life import OWNER, Disk, Life, itself, key_of, living


class Feed:
    """The feed of one life, over a store of events with a disk of its own."""

    def __init__(self, life: Life, before: "Feed | None" = None, **options: Any) -> None:
        self.life = life
        self.disk: Disk = before.disk if before else Disk()
        self.store: MemoryEvents = before.store if before else MemoryEvents(self.disk.sync)
        self.events = Events(life.fleet, self.store, life.clock, **options)

    def send(self, name: str = "d", payload: bytes = b"hot", **properties: str) -> Any:
        return self.events.send(key_of(name), properties, payload, by=itself(name))

    async def page(self, after: int = 0, **asked: Any) -> Any:
        await self.life.turn()
        return await self.events.page(after, **{"limit": 100, **asked}, by=OWNER)

    async def told(self, after: int = 1, **asked: Any) -> list[tuple[Any, ...]]:
        """Kind, whose, and what: behind the first one, which is of the start."""
        found = (await self.page(after, **asked)).events
        return [(one["kind"], one.get("deviceId"), one.get("change")) for one in found]


def figures(one: Feed) -> dict[str, Any]:
    return {
        family.name: sample.value for family in one.events.families() for sample in family.samples
    }


@asynccontextmanager
async def fed(
    before: Feed | None = None, life: Life | None = None, **options: Any
) -> AsyncIterator[Feed]:
    async with living(before.life if before else None, life) as one:
        told = Feed(one, before, **options)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(told.events.run()), tasks.create_task(told.events.tend())]
            await told.events.open()
            yield told
            for task in running:
                task.cancel()
