"""adapters/sqlite/events.py: what the contract cannot say: files that are none, disks that fail."""

import asyncio
from pathlib import Path
from typing import Any

import apsw
import pytest

from affinage.adapters.sqlite.events import SqliteEvents
from affinage.domain.errors import Unavailable
from affinage.ports.events import Bounds, Fresh, Kept, Window

EVENT = Fresh(0, "telemetry", "d", b"x")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"anything else" * 1000)
    with pytest.raises(Unavailable, match="cannot be opened"):
        SqliteEvents(tmp_path / "events.db")


def test_a_torn_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    store = SqliteEvents(path)
    asyncio.run(store.append([EVENT]))
    asyncio.run(store.close())
    whole = path.read_bytes()
    store = SqliteEvents(path)
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(Unavailable, match=r"events cannot be read: .*malformed"):
        asyncio.run(store.read(Window(0, 9)))
    asyncio.run(store.close())
    with pytest.raises(Unavailable, match=r"cannot be opened: .*malformed"):
        SqliteEvents(path)


def test_what_the_disk_refuses_is_not_kept(tmp_path: Path) -> None:
    store = SqliteEvents(tmp_path / "events.db")
    store._connection.pragma("query_only", 1)
    with pytest.raises(Unavailable, match="events cannot be kept"):
        asyncio.run(store.append([EVENT]))
    with pytest.raises(Unavailable, match="events cannot be pruned"):
        asyncio.run(_appended_and_pruned(store))
    assert store.bounds() == Bounds(1, 1)
    asyncio.run(store.close())


class NoContext:
    """A connection that is no context manager: what that does holds the interpreter's lock."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_the_loop_need_not_wait_for_the_disk(tmp_path: Path) -> None:
    store = SqliteEvents(tmp_path / "events.db")
    store._connection = NoContext(store._connection)  # type: ignore[assignment]  # as good as one
    asyncio.run(store.append([EVENT]))
    assert store.bounds() == Bounds(1, 1)
    asyncio.run(store.close())


async def _appended_and_pruned(store: SqliteEvents) -> None:
    store._connection.pragma("query_only", 0)
    await store.append([EVENT])
    store._connection.pragma("query_only", 1)
    await store.prune(max_bytes=0, before=0)


def test_it_goes_on_where_it_was_and_reads_what_is_wanted(tmp_path: Path) -> None:
    async def used() -> None:
        for start in range(2):
            store = SqliteEvents(tmp_path / "events.db")
            assert store.bounds() == Bounds(start, start)
            await store.append([EVENT])
            await store.close()
        store = SqliteEvents(tmp_path / "events.db")
        assert await store.read(Window(0, 9, max_bytes=1)) == [Kept(1, b"x")]
        assert await store.prune(max_bytes=10**9, before=1) == 2
        assert (store.bounds(), await store.prune(max_bytes=0, before=1)) == (Bounds(3, 2), 0)
        await store.close()

    asyncio.run(used())
