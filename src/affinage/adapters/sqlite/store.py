"""The store in one SQLite file.

A commit appends one row to a journal, which is folded into the tables behind it (ADR 0015).
Commits and slices of the fold take turns in one thread, so that the loop goes on while the disk is
waited for; another moves the log's pages into the file. What is committed has reached the disk
(`synchronous=FULL`, a write-ahead log); a kill between any two lines leaves a file that the next
start opens.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from heapq import nlargest
from importlib.resources import files
from pathlib import Path
from typing import Final

import apsw

from affinage.adapters.sql.statements import migrations, named
from affinage.adapters.sqlite import journal
from affinage.adapters.sqlite.checkpoints import LOG_PAGES, Checkpoints
from affinage.adapters.sqlite.fold import Fold
from affinage.domain.errors import Invalid, Unavailable
from affinage.ports.store import Key, Row, StoreFigures, Table

_FOLDER: Final = files("affinage.adapters.sqlite")

_CHECK: Final = "PRAGMA integrity_check(10)"

_READ_WRITE: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE

FOLD_BYTES: Final = 128 * 1024 * 1024
"""Bytes in the journal from which on it is folded; a fold holds as many in memory."""

LEAST_SLICE: Final = 64
"""Rows in a slice of the fold when little is committed."""


class SqliteStore:
    fold_of = Fold

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        vfs: str | None = None,
        fold_bytes: int = FOLD_BYTES,
        log_pages: int = LOG_PAGES,
    ) -> None:
        """Open the file, made and migrated if need be; or only to read, beside a hub's own.

        Args:
            path: the file.
            read_only: make and change nothing.
            vfs: SQLite's name for what stands between it and the disk; None is the system's.
            fold_bytes: from how much in the journal on it is folded.
            log_pages: from how many pages in SQLite's log on they are moved into the file.

        Raises:
            Invalid: it was written by a newer release, or is only read and was by an older one.
                Nothing has been changed.
            Unavailable: it cannot be opened, or is no SQLite file.
        """
        self._path, self._vfs, self._fold_bytes = path, vfs, fold_bytes
        self._statements = named((_FOLDER / "statements.sql").read_text("utf-8"))
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._fold: Fold | None = None
        self._since_slice = 0
        self._commits = self._rows = self._folded = self._failed = 0
        self._journal_rows = self._journal_bytes = 0
        try:
            self._connection = self._connect(read_only=read_only)
            self._migrate(read_only=read_only)
            if not read_only:
                self._journal_rows, self._journal_bytes = self._length()
            self._checkpoints = Checkpoints(self._connection, self._connect, log_pages)
        except apsw.Error as error:
            raise Unavailable(f"{path} cannot be opened: {error}") from error

    def read(self, table: Table) -> Iterator[tuple[Key, bytes]]:
        with self._moment() as connection:
            newest: journal.Newest = {}
            for _, _, commit in connection.execute(self._statements["read_journal"]):
                journal.add(newest, commit)
            if table is Table.DEVICES:
                rows = connection.execute(self._statements["read_devices"])
            else:
                rows = connection.execute(self._statements["read_records"], {"kind": table})
            yield from journal.laid_over(rows, newest, table)

    def page(self, table: Table, *, before: Key | None, limit: int) -> list[tuple[Key, bytes]]:
        below = journal.BEHIND_ALL if before is None else str(before)
        with self._moment() as connection:
            newest: journal.Newest = {}
            for _, _, commit in connection.execute(self._statements["read_journal"]):
                if journal.may_hold(commit, table):
                    journal.add(newest, commit)
            over = {str(key): row for (of, key), row in newest.items() if of is table}
            gone = sum(row is None for row in over.values())
            asked = {"kind": table, "below": below, "limit": limit + gone}
            rows = dict(connection.execute(self._statements["last_records"], asked))
        rows |= {key: row for key, row in over.items() if key < below}
        return nlargest(limit, ((key, row) for key, row in rows.items() if row is not None))

    async def commit(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._write, rows)
        except apsw.Error as error:
            raise Unavailable(f"the commit failed: {error}") from error

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file, the first ten; none if all is well. Blocks."""
        try:
            return [text for (text,) in self._connection.execute(_CHECK) if text != "ok"]
        except apsw.Error as error:
            return [str(error)]

    def figures(self) -> StoreFigures:
        return StoreFigures(
            commits=self._commits,
            rows=self._rows,
            journal_rows=self._journal_rows,
            folded_rows=self._folded + (self._fold.written if self._fold else 0),
            failed_folds=self._failed,
            checkpoints=self._checkpoints.done,
        )

    async def close(self) -> None:
        self._thread.shutdown()
        self._checkpoints.close()
        self._connection.close()

    @contextmanager
    def _moment(self) -> Iterator[apsw.Connection]:
        """A connection that sees the journal and the tables as they are now, whatever comes."""
        try:
            with closing(self._connect(read_only=True)) as connection:
                connection.execute("BEGIN")
                yield connection
        except apsw.Error as error:
            raise Unavailable(f"{self._path} cannot be read: {error}") from error

    def _write(self, rows: Sequence[Row]) -> None:
        body = journal.encode(rows)
        values = {"rows": len(rows), "body": body}
        self._connection.execute(self._statements["append"], values)
        self._commits += 1
        self._rows += len(rows)
        self._since_slice += len(rows)
        self._journal_rows += len(rows)
        self._journal_bytes += len(body)
        if self._fold is not None or self._journal_bytes >= self._fold_bytes:
            self._thread.submit(self._slice)
        self._checkpoints.look()

    def _slice(self) -> None:
        """One slice of a fold: twice as many rows as have been committed since the last one."""
        most = max(LEAST_SLICE, 2 * self._since_slice)
        self._since_slice = 0
        try:
            if self._fold is None:
                most = LEAST_SLICE  # what was committed before it began is not to be made up for
                self._fold = self.fold_of(self._connection, self._statements, self._fold_bytes)
            if self._fold.slice(most):
                self._end_fold(self._fold)
        except apsw.Error:  # of a full disk, say: the journal has it all, the next commit tells
            self._failed += 1
            self._fold = None

    def _end_fold(self, fold: Fold) -> None:
        self._folded += fold.written
        self._fold = None
        self._journal_rows, self._journal_bytes = self._length()

    def _length(self) -> tuple[int, int]:
        ((rows, size_bytes),) = self._connection.execute(self._statements["journal_length"])
        return rows, size_bytes

    def _connect(self, *, read_only: bool = False) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY if read_only else _READ_WRITE
        connection = apsw.Connection(str(self._path), flags=flags, vfs=self._vfs)
        connection.set_busy_timeout(5_000)
        if not read_only:
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("wal_autocheckpoint", 0)
        return connection

    def _migrate(self, *, read_only: bool) -> None:
        known = migrations(_FOLDER / "migrations")
        at = int(self._connection.pragma("user_version"))
        if at > len(known):
            raise Invalid(
                f"the store is at schema {at}, this release knows {len(known)}:"
                " start the release that wrote it, or a newer one"
            )
        if read_only and at < len(known):
            raise Invalid(
                f"the store is at schema {at}, this release reads {len(known)}:"
                " start the hub once, to bring it up"
            )
        for migration in known[at:]:
            with self._connection:
                self._connection.execute(migration.sql)
                self._connection.pragma("user_version", migration.number)
