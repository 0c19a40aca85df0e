"""Checkpoints: the log's pages, moved into the file beside the commits.

A thread of its own moves them while commits go on. The log can begin anew only when nothing is left
to move, so the store's thread moves the last few pages itself, between two commits.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import apsw

LOG_PAGES: Final = 4_000
"""Pages of 4 KiB in the log before they are moved."""

PASSES: Final = 4
"""How often the pages that came meanwhile are moved too, before the store's thread is asked."""

FEW_PAGES: Final = 200
"""So many are moved in a millisecond or two."""


class Checkpoints:
    def __init__(
        self, connection: apsw.Connection, connect: Callable[[], apsw.Connection], log_pages: int
    ) -> None:
        self._connection, self._connect, self._log_pages = connection, connect, log_pages
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._beside: apsw.Connection | None = None
        self._under_way: Future[None] | None = None
        self._pages = 0
        self.done = 0
        connection.set_wal_hook(self._committed)

    def look(self) -> None:
        """Begin one, or end one, if it is time; the store's thread calls it between commits.

        One that fails, as on a full disk, is tried again: until then the log has it all, and what
        was committed before it is committed.
        """
        if self._under_way is None:
            if self._pages >= self._log_pages:
                self._under_way = self._thread.submit(self._move)
        elif self._under_way.done():
            self._under_way = None
            with suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                self.done += 1

    def close(self) -> None:
        self._thread.shutdown()
        if self._beside is not None:
            self._beside.close()

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _move(self) -> None:
        if self._beside is None:
            self._beside = self._connect()
        for _ in range(PASSES):
            _, moved = self._beside.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if self._pages - moved < FEW_PAGES:
                break
