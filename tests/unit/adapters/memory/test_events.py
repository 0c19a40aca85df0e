"""adapters/memory/events.py: what it is beside what the contract says of every store of events."""

import asyncio

import pytest

from affinage.adapters.memory.events import MemoryEvents
from affinage.domain.errors import Unavailable
from affinage.ports.events import Bounds, Fresh, Kept, Window


async def full() -> None:
    raise OSError("no space left")


def test_what_the_disk_refuses_is_not_kept() -> None:
    store = MemoryEvents(full)
    with pytest.raises(Unavailable, match="no space left"):
        asyncio.run(store.append([Fresh(0, "hub", "", b"x")]))
    assert store.bounds() == Bounds(0, 0)


def test_it_keeps_reads_and_forgets_in_order() -> None:
    async def used() -> None:
        store = MemoryEvents()
        await store.append([Fresh(at, "hub", "", b"xx") for at in range(3)])
        assert await store.read(Window(0, 9, limit=1)) == [Kept(1, b"xx")]
        assert await store.read(Window(0, 9, max_bytes=3)) == [Kept(1, b"xx")]
        assert await store.read(Window(1, 2, kind="hub", device="")) == [Kept(2, b"xx")]
        assert await store.read(Window(0, 9, device="d")) == []
        assert await store.prune(max_bytes=4, before=0) == 1
        assert await store.prune(max_bytes=9, before=2) == 1
        assert await store.prune(max_bytes=9, before=2) == 0
        assert store.bounds() == Bounds(3, 3)
        await store.close()

    asyncio.run(used())
