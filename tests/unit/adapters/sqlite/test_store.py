"""adapters/sqlite/store.py: one file, and what becomes of it when something goes wrong."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from affinage.adapters.sqlite.checkpoints import LOG_PAGES
from affinage.adapters.sqlite.store import SqliteStore
from affinage.domain.errors import Invalid, Unavailable
from affinage.ports.store import Row, Table

KILLED = """
import asyncio, os, sys
from pathlib import Path
from affinage.adapters.sqlite.store import SqliteStore
from affinage.ports.store import Row, Table

store = SqliteStore(Path(sys.argv[1]))
asyncio.run(store.commit([Row(Table.DEVICES, 1, b"kept")]))
os._exit(9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    asyncio.run(opened.close())


def commit(store: SqliteStore, *rows: Row) -> None:
    asyncio.run(store.commit(rows))


def device(number: int, body: bytes = b"x") -> Row:
    return Row(Table.DEVICES, number, body)


def test_what_is_committed_is_in_the_file(store: SqliteStore, path: Path) -> None:
    commit(store, device(1, b"a"), Row(Table.PRESENCE, "d", b"b"))
    other = SqliteStore(path, read_only=True)
    assert list(other.read(Table.DEVICES)) == [(1, b"a")]
    assert list(other.read(Table.PRESENCE)) == [("d", b"b")]
    asyncio.run(other.close())


def test_a_whole_file_has_no_faults_and_a_torn_one_says_so(path: Path) -> None:
    store = SqliteStore(path)
    rows = [Row(Table.DEVICES, number, bytes(5000)) for number in range(40)]
    asyncio.run(store.commit(rows))
    assert store.faults() == []
    asyncio.run(store.close())
    torn = bytearray(path.read_bytes())
    torn[8192:] = b"\xff" * (len(torn) - 8192)
    path.write_bytes(torn)
    reader = SqliteStore(path, read_only=True)
    assert reader.faults()
    asyncio.run(reader.close())


def test_who_only_reads_writes_nothing(store: SqliteStore, path: Path) -> None:
    reader = SqliteStore(path, read_only=True)
    with pytest.raises(Unavailable, match="the commit failed"):
        commit(reader, device(1))
    asyncio.run(reader.close())
    assert list(store.read(Table.DEVICES)) == []


def test_who_only_reads_makes_no_file(path: Path) -> None:
    with pytest.raises(Unavailable, match=f"{path} cannot be opened"):
        SqliteStore(path, read_only=True)
    assert not path.exists()


def test_a_file_that_is_none_of_ours_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no SQLite file, but it is long enough to be looked at" * 20)
    with pytest.raises(Unavailable, match="cannot be opened"):
        SqliteStore(path)
    with pytest.raises(Unavailable, match="cannot be opened"):
        SqliteStore(path.parent)


def test_a_newer_releases_file_is_refused_and_left_alone(store: SqliteStore, path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    with pytest.raises(Invalid, match=r"the store is at schema 99, this release knows \d+"):
        SqliteStore(path)
    assert connection.pragma("user_version") == 99
    connection.close()


def test_a_full_disk_fails_the_commit_as_a_whole(path: Path) -> None:
    store = SqliteStore(path)
    commit(store, device(1, b"before"))
    pages = int(store._connection.pragma("page_count"))  # the only way to a full disk without one
    store._connection.pragma("max_page_count", pages + 2)
    with pytest.raises(Unavailable, match="full"):
        commit(store, device(2), device(3, bytes(100_000)), device(1, b"after"))
    assert list(store.read(Table.DEVICES)) == [(1, b"before")]
    store._connection.pragma("max_page_count", 10_000)
    commit(store, device(2))
    assert [key for key, _ in store.read(Table.DEVICES)] == [1, 2]
    asyncio.run(store.close())


def test_what_is_committed_is_so_though_its_pages_cannot_be_moved(path: Path) -> None:
    vfs = FullVfs()
    store = SqliteStore(path, vfs=vfs.vfs_name, log_pages=1)
    vfs.is_full = True
    for number in range(20):
        commit(store, device(number))
        store._checkpoints._thread.submit(lambda: None).result()  # the try to move them has ended
    assert store.figures().checkpoints == 0
    assert [key for key, _ in store.read(Table.DEVICES)] == [*range(20)]
    vfs.is_full = False
    for number in range(2):
        commit(store, device(number))
        store._checkpoints._thread.submit(lambda: None).result()
    assert store.figures().checkpoints == 1
    asyncio.run(store.close())


class FullVfs(apsw.VFS):
    """The system's files, of which the store itself may find no room to grow."""

    vfs_name = "full"

    def __init__(self) -> None:
        self.is_full = False
        super().__init__(self.vfs_name, "")

    def xOpen(  # noqa: N802  # SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return FullFile(self, name, flags)


class FullFile(apsw.VFSFile):
    def __init__(self, vfs: FullVfs, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._vfs, self._is_log = vfs, bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._vfs.is_full and not self._is_log:
            raise apsw.FullError
        super().xWrite(data, offset)


def test_what_cannot_be_read_is_said_to_be_so(path: Path) -> None:
    store = SqliteStore(path)
    commit(store, *(Row(Table.DEVICES, number, bytes(5000)) for number in range(40)))
    asyncio.run(store.close())
    torn = bytearray(path.read_bytes())
    torn[8192:] = b"\xff" * (len(torn) - 8192)
    path.write_bytes(torn)
    store = SqliteStore(path, read_only=True)
    with pytest.raises(Unavailable, match=rf"{path} cannot be read: .*malformed"):
        list(store.read(Table.DEVICES))
    with pytest.raises(Unavailable, match=rf"{path} cannot be read: .*malformed"):
        store.page(Table.AUDIT, before=None, limit=1)
    asyncio.run(store.close())


def test_a_commit_waits_in_a_thread_of_its_own(store: SqliteStore, path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    async def meanwhile() -> int:
        committing = asyncio.ensure_future(store.commit([device(1)]))
        turns = 0
        while not committing.done():
            await asyncio.sleep(0)
            turns += 1
            if turns == 50:
                other.execute("COMMIT")
        await committing
        return turns

    assert asyncio.run(meanwhile()) >= 50
    other.close()


def test_what_was_acknowledged_survives_the_process(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, env=os.environ)
    store = SqliteStore(path)
    assert ended.returncode == 9
    assert list(store.read(Table.DEVICES)) == [(1, b"kept")]
    asyncio.run(store.close())


def test_it_is_durable_to_the_disk(store: SqliteStore) -> None:
    assert store._connection.pragma("synchronous") == 2
    assert store._connection.pragma("journal_mode") == "wal"


def test_a_file_of_an_older_schema_is_brought_up(path: Path) -> None:
    apsw.Connection(str(path)).close()
    store = SqliteStore(path)
    commit(store, device(1))
    at = store._connection.pragma("user_version")
    asyncio.run(store.close())
    again = SqliteStore(path)
    assert again._connection.pragma("user_version") == at
    assert list(again.read(Table.DEVICES)) == [(1, b"x")]
    asyncio.run(again.close())


def test_the_journal_is_folded_behind_the_commits_and_stays_short(path: Path) -> None:
    store = SqliteStore(path, fold_bytes=20_000)

    async def commits() -> list[int]:
        lengths = []
        for number in range(400):
            await store.commit([device(key, bytes(100)) for key in range(number, number + 10)])
            lengths.append(store.figures().journal_rows)
        return lengths

    lengths = asyncio.run(commits())
    figures = store.figures()
    assert (figures.commits, figures.rows, figures.failed_folds) == (400, 4000, 0)
    assert 0 < figures.folded_rows < 4000
    assert max(lengths) < 2 * (20_000 // 100)
    assert [key for key, _ in store.read(Table.DEVICES)] == list(range(409))
    asyncio.run(store.close())


def test_a_fold_that_the_disk_has_no_room_for_is_given_up(path: Path) -> None:
    store = SqliteStore(path, fold_bytes=1)
    pages = int(store._connection.pragma("page_count"))
    store._connection.pragma("max_page_count", pages + 30)
    commit(store, device(1, bytes(100_000)))
    store._thread.submit(lambda: None).result()
    assert store.figures().failed_folds == 1
    assert list(store.read(Table.DEVICES)) == [(1, bytes(100_000))]
    asyncio.run(store.close())


def test_the_log_is_moved_into_the_file_beside_the_commits(path: Path) -> None:
    """How long the log grows meanwhile is the disk's affair; then it begins anew."""
    store = SqliteStore(path)

    async def pages_until_moved() -> list[int]:
        pages = []
        while store.figures().checkpoints < 2:
            await store.commit([device(number, bytes(20_000)) for number in range(50)])
            pages.append(store._checkpoints._pages)
        return pages

    pages = asyncio.run(pages_until_moved())
    restarts = [after for before, after in pairwise(pages) if after < before]
    assert restarts
    assert max(restarts) < LOG_PAGES
    asyncio.run(store.close())


def test_who_only_reads_refuses_an_older_schema(path: Path) -> None:
    asyncio.run(SqliteStore(path).close())
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("user_version", 1)
    with pytest.raises(Invalid, match="the store is at schema 1, this release reads 2"):
        SqliteStore(path, read_only=True)


def test_a_fold_does_not_write_all_that_had_gathered_in_one_slice(path: Path) -> None:
    store = SqliteStore(path, fold_bytes=400_000)

    async def until_folding() -> None:
        await store.commit([device(number, bytes(100)) for number in range(4_000)])
        while not store.figures().folded_rows:
            await store.commit([device(1)])

    asyncio.run(until_folding())
    assert store.figures().folded_rows < 4_000
    assert store.figures().journal_rows >= 4_000
    asyncio.run(store.close())


def test_a_page_is_read_from_the_table_and_the_journal_alike(tmp_path: Path) -> None:
    async def paged(fold_bytes: int, *batches: list[Row]) -> list[tuple[int | str, bytes]]:
        store = SqliteStore(tmp_path / "hub.db", fold_bytes=fold_bytes)
        for rows in batches:
            await store.commit(rows)
        page = await asyncio.to_thread(store.page, Table.AUDIT, before="d", limit=2)
        await store.close()
        return page

    rows = [Row(Table.AUDIT, key, b"1") for key in "abcd"]
    asyncio.run(paged(1, rows[:2], [Row(Table.POLICIES, "c", b"x")]))
    assert asyncio.run(paged(10**9, rows[2:])) == [("c", b"1"), ("b", b"1")]
    gone = [Row(Table.AUDIT, "b", None), Row(Table.AUDIT, "c", b"2")]
    assert asyncio.run(paged(10**9, gone)) == [("c", b"2"), ("a", b"1")]
