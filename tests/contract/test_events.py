"""What every store of events does. Each adapter is a parameter; none has tests of its own here."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest

from affinage.adapters.memory.events import MemoryEvents
from affinage.adapters.sqlite.events import SqliteEvents
from affinage.ports.events import Bounds, EventStore, Fresh, Window

T = TypeVar("T")
Opened: TypeAlias = Callable[[], EventStore]
ALL = 10**9


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the store; again, after it was closed, where there is a disk."""
    memory = MemoryEvents()
    ways: dict[str, Opened] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqliteEvents(tmp_path / "events.db"),
    }
    return ways[request.param]


def using(opened: Opened, work: Callable[[EventStore], Awaitable[T]]) -> T:
    async def used() -> T:
        store = opened()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(used())


def event(text: str, kind: str = "telemetry", device: str = "d", at: int = 0) -> Fresh:
    return Fresh(at, kind, device, text.encode())


def append(opened: Opened, *texts: str) -> None:
    using(opened, lambda store: store.append([*map(event, texts)]))


def read(opened: Opened, window: Window) -> list[str]:
    kept = using(opened, lambda store: store.read(window))
    return [f"{offset}={body.decode()}" for offset, body in kept]


def bounds(opened: Opened) -> Bounds:
    async def found(store: EventStore) -> Bounds:
        return store.bounds()

    return using(opened, found)


def test_a_new_one_is_empty(opened: Opened) -> None:
    assert bounds(opened) == Bounds(0, 0)
    assert read(opened, Window(0, ALL)) == []


def test_events_are_read_in_their_order_behind_an_offset(opened: Opened) -> None:
    append(opened, "a", "b")
    append(opened, "c")
    assert read(opened, Window(0, ALL)) == ["1=a", "2=b", "3=c"]
    assert read(opened, Window(1, ALL, limit=1)) == ["2=b"]
    assert read(opened, Window(0, 2)) == ["1=a", "2=b"]
    assert bounds(opened) == Bounds(1, 3)


def test_they_are_read_by_kind_and_device(opened: Opened) -> None:
    several = [event("a", "twin"), event("b", device="e"), event("c")]
    using(opened, lambda store: store.append(several))
    assert read(opened, Window(0, ALL, kind="twin")) == ["1=a"]
    assert read(opened, Window(0, ALL, device="e")) == ["2=b"]
    assert read(opened, Window(0, ALL, kind="telemetry", device="d")) == ["3=c"]


def test_so_many_bytes_come_at_once_and_one_event_whatever_it_takes(opened: Opened) -> None:
    append(opened, "a" * 60, "b" * 60, "c" * 10)
    assert len(read(opened, Window(0, ALL, max_bytes=100))) == 1
    assert len(read(opened, Window(0, ALL, max_bytes=120))) == 2
    assert len(read(opened, Window(0, ALL, max_bytes=10))) == 1


def test_what_is_too_old_goes_and_no_offset_comes_again(opened: Opened) -> None:
    several = [event("a", at=1), event("b", at=2), event("c", at=3)]
    using(opened, lambda store: store.append(several))
    assert using(opened, lambda store: store.prune(max_bytes=ALL, before=3)) == 2
    assert bounds(opened) == Bounds(3, 3)
    assert using(opened, lambda store: store.prune(max_bytes=ALL, before=9)) == 1
    assert bounds(opened) == Bounds(4, 3)
    append(opened, "d")
    assert read(opened, Window(0, ALL)) == ["4=d"]
    assert using(opened, lambda store: store.prune(max_bytes=ALL, before=0)) == 0


def test_the_oldest_go_when_there_are_too_many_bytes(opened: Opened) -> None:
    append(opened, *("x" * 10_000 for _ in range(300)))

    async def prune(store: EventStore) -> None:
        while await store.prune(max_bytes=1_000_000, before=0):
            pass

    using(opened, prune)
    oldest, newest = bounds(opened)
    assert newest == 300
    assert 150 < oldest < 250


def test_nothing_appended_is_fine(opened: Opened) -> None:
    append(opened)
    append(opened, "a")
    assert read(opened, Window(0, ALL)) == ["1=a"]
