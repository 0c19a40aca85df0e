"""The store in one SQLite file.

One connection, used by one thread at a time: a commit runs in a thread of its own, so that the
loop goes on while the disk is waited for. What is committed has reached the disk
(`synchronous=FULL`, a write-ahead log); a kill between any two lines leaves a file that the next
start opens.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Final

import apsw

from affinage.adapters.sql.statements import migrations, named
from affinage.domain.errors import Invalid, Unavailable
from affinage.ports.store import Key, Row, Table

_FOLDER: Final = files("affinage.adapters.sqlite")

_READ_WRITE: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE

_CHECK: Final = "PRAGMA integrity_check(10)"

PAGES_PER_CHECKPOINT: Final = 4_000
"""Pages of 4 KiB in the log before they are folded into the file."""


class SqliteStore:
    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, made and migrated if need be; or only to read, beside a hub's own.

        Raises:
            Invalid: it was written by a newer release. Nothing has been changed.
            Unavailable: it cannot be opened, or is no SQLite file.
        """
        self._statements = named((_FOLDER / "statements.sql").read_text("utf-8"))
        self._thread = ThreadPoolExecutor(1, "sqlite")
        try:
            flags = apsw.SQLITE_OPEN_READONLY if read_only else _READ_WRITE
            self._connection = apsw.Connection(str(path), flags=flags)
            self._connection.set_busy_timeout(5_000)
            if not read_only:
                self._prepare()
        except apsw.Error as error:
            raise Unavailable(f"{path} cannot be opened: {error}") from error

    def read(self, table: Table) -> Iterator[tuple[Key, bytes]]:
        if table is Table.DEVICES:
            yield from self._connection.execute(self._statements["read_devices"])
        else:
            yield from self._connection.execute(self._statements["read_records"], {"kind": table})

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file, the first ten; none if all is well. Blocks."""
        try:
            return [text for (text,) in self._connection.execute(_CHECK) if text != "ok"]
        except apsw.Error as error:
            return [str(error)]

    async def commit(self, rows: Sequence[Row]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._write, rows)
        except apsw.Error as error:
            raise Unavailable(f"the commit failed: {error}") from error

    async def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

    def _write(self, rows: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                self._write_row(row)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # of a full disk SQLite has rolled back itself
                self._connection.execute("ROLLBACK")
            raise

    def _write_row(self, row: Row) -> None:
        what = "device" if row.table is Table.DEVICES else "record"
        values: dict[str, int | str | bytes] = {"key": row.key}
        if row.body is None:
            statement = self._statements[f"delete_{what}"]
        else:
            statement = self._statements[f"put_{what}"]
            values["body"] = row.body
        if row.table is not Table.DEVICES:
            values["kind"] = row.table
        self._connection.execute(statement, values)

    def _prepare(self) -> None:
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        self._connection.pragma("wal_autocheckpoint", PAGES_PER_CHECKPOINT)
        self._migrate()

    def _migrate(self) -> None:
        known = migrations(_FOLDER / "migrations")
        at = int(self._connection.pragma("user_version"))
        if at > len(known):
            raise Invalid(
                f"the store is at schema {at}, this release knows {len(known)}:"
                " start the release that wrote it, or a newer one"
            )
        for migration in known[at:]:
            with self._connection:
                self._connection.execute(migration.sql)
                self._connection.pragma("user_version", migration.number)
