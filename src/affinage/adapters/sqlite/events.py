"""Events in an SQLite file of their own: appended, read and pruned by a thread each for itself.

What was appended has reached the disk (`synchronous=FULL`, a write-ahead log). Pages of what was
pruned are written again, so the file grows to its bound and stays there.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from affinage.adapters.sql.statements import named
from affinage.domain.errors import Unavailable
from affinage.ports.events import Bounds, Fresh, Kept, Window

SLICE: Final = 1_000
"""Events that are forgotten in one transaction."""

ROW_BYTES: Final = 64
"""About what an event takes beside its body."""


Result = TypeVar("Result")


class SqliteEvents:
    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open the file, made if need be; ``vfs`` as of the store.

        Raises:
            Unavailable: it cannot be opened, or is no SQLite file.
        """
        self._path, self._vfs = path, vfs
        self._statements = named((files(__package__) / "events.sql").read_text("utf-8"))
        self._writing, self._reading = (ThreadPoolExecutor(1, name) for name in ("events", "feed"))
        try:
            self._connection = self._connect()
            self._connection.execute(self._statements["schema"])
            self._reader = self._connect()
            self._bounds = self._found_bounds()
        except apsw.Error as error:
            raise Unavailable(f"{path} cannot be opened: {error}") from error

    async def append(self, events: Sequence[Fresh]) -> None:
        try:
            await self._run(self._append, events)
        except apsw.Error as error:
            raise Unavailable(f"events cannot be kept: {error}") from error

    def bounds(self) -> Bounds:
        return self._bounds

    async def read(self, window: Window) -> list[Kept]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reading, self._read, window)
        except apsw.Error as error:
            raise Unavailable(f"events cannot be read: {error}") from error

    async def prune(self, *, max_bytes: int, before: int) -> int:
        try:
            return await self._run(self._prune, max_bytes, before)
        except apsw.Error as error:
            raise Unavailable(f"events cannot be pruned: {error}") from error

    async def close(self) -> None:
        for thread in (self._writing, self._reading):
            thread.shutdown()
        self._reader.close()
        self._connection.close()

    async def _run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writing, work, *arguments)

    def _append(self, events: Sequence[Fresh]) -> None:
        # Not `with` the connection: that commits with the interpreter's lock held, so that the
        # loop, and everybody in it, would wait for the disk as well.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(self._statements["append"], events)
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        newest = self._bounds.newest + len(events)
        self._bounds = Bounds(self._bounds.oldest or 1, newest)

    def _read(self, window: Window) -> list[Kept]:
        found, size = list[Kept](), 0
        asked = window._asdict()
        for offset, body in self._reader.execute(self._statements["read"], asked):
            size += len(body)
            if found and size > window.max_bytes:
                break
            found.append(Kept(offset, body))
        return found

    def _prune(self, max_bytes: int, before: int) -> int:
        taken, last, gone = self._taken(), 0, 0
        first: list[tuple[int, int, int]]
        first = [*self._connection.execute(self._statements["first"], {"limit": SLICE})]
        for offset, at, size in first:
            if taken <= max_bytes and at >= before:
                break
            taken, last, gone = taken - size - ROW_BYTES, offset, gone + 1
        if gone:
            self._connection.execute(self._statements["prune"], {"offset": last})
            self._bounds = self._found_bounds()
        return gone

    def _taken(self) -> int:
        """Bytes of the file that hold something."""
        pages, free = (
            int(self._connection.pragma(name)) for name in ("page_count", "freelist_count")
        )
        return (pages - free) * int(self._connection.pragma("page_size"))

    def _found_bounds(self) -> Bounds:
        ((oldest,),) = self._connection.execute(self._statements["oldest"])
        ((newest,),) = self._connection.execute(self._statements["newest"])
        return Bounds(oldest or (newest + 1 if newest else 0), newest)

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), vfs=self._vfs)
        connection.set_busy_timeout(5_000)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        return connection
