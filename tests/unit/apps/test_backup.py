"""apps/backup.py: all of a hub in one file, and nothing of it where the file is not whole."""

import asyncio
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps.backup import BESIDE, STORE, make, restore
from affinage.domain.errors import Conflict, Invalid, Unavailable
from affinage.ports.store import Row, Table

CREATED = "2026-01-01T00:00:00+00:00"


def no_bar(_done: int, _total: int) -> None: ...


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Of a hub that runs, with rows in its tables and in its journal."""
    data = tmp_path / "data"
    (data / "tls").mkdir(parents=True)
    for name in BESIDE:
        (data / name).write_bytes(f"content of {name}".encode())
    opened = SqliteStore(data / STORE, fold_bytes=10_000)
    for number in range(100):
        asyncio.run(opened.commit([Row(Table.DEVICES, number, bytes(300))]))
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def archive(store: SqliteStore, tmp_path: Path) -> Path:
    target = tmp_path / "hub.backup"
    make(tmp_path / "data", target, CREATED, replaces=False, tell=no_bar)
    return target


def rows(path: Path) -> list[tuple[int | str, bytes]]:
    store = SqliteStore(path)
    found = list(store.read(Table.DEVICES))
    asyncio.run(store.close())
    return found


def test_a_backup_of_a_hub_that_writes_is_restored_as_it_was(
    store: SqliteStore, archive: Path, tmp_path: Path
) -> None:
    before = list(store.read(Table.DEVICES))
    asyncio.run(store.commit([Row(Table.DEVICES, 1, None), Row(Table.DEVICES, 500, b"late")]))
    manifest = restore(archive, tmp_path / "again")
    assert rows(tmp_path / "again" / STORE) == before
    assert [part.name for part in manifest.parts] == [STORE, *BESIDE]
    for name in BESIDE:
        assert (tmp_path / "again" / name).read_text() == f"content of {name}"


def test_commits_meanwhile_do_not_make_it_begin_anew(store: SqliteStore, tmp_path: Path) -> None:
    asyncio.run(store.commit([Row(Table.POLICIES, str(n), bytes(100_000)) for n in range(100)]))
    before, told = list(store.read(Table.DEVICES)), list[int]()

    def write(done: int, _total: int) -> None:
        told.append(done)
        asyncio.run(store.commit([Row(Table.DEVICES, len(told), b"late")]))

    make(tmp_path / "data", tmp_path / "file", CREATED, replaces=False, tell=write)
    restore(tmp_path / "file", tmp_path / "again")
    assert len(told) > 1
    assert told == sorted(told)
    assert rows(tmp_path / "again" / STORE) == before


def test_only_its_owner_may_read_it_and_what_is_made_of_it(archive: Path, tmp_path: Path) -> None:
    restore(archive, tmp_path / "again")
    for path in (archive, tmp_path / "again" / "vault.key", tmp_path / "again" / "tls" / "ca.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_there_is_replaced_only_if_it_is_asked_for(
    store: SqliteStore, tmp_path: Path
) -> None:
    target = tmp_path / "hub.backup"
    target.write_text("mine")
    with pytest.raises(Conflict, match="--force"):
        make(tmp_path / "data", target, CREATED, replaces=False, tell=no_bar)
    assert target.read_text() == "mine"
    make(tmp_path / "data", target, CREATED, replaces=True, tell=no_bar)
    restore(target, tmp_path / "again")


def test_a_folder_without_a_hub_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nothing to back up"):
        make(tmp_path, tmp_path / "file", CREATED, replaces=False, tell=no_bar)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(b"no store" * 1000)
    with pytest.raises(Unavailable, match="cannot be copied"):
        make(tmp_path, tmp_path / "file", CREATED, replaces=False, tell=no_bar)
    assert [path.name for path in tmp_path.iterdir()] == [STORE]


def test_nothing_is_restored_over_what_is_there(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="not empty"):
        restore(archive, tmp_path / "data")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9])
def test_a_torn_file_changes_nothing(archive: Path, tmp_path: Path, share: float) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    refused(archive, tmp_path)


def test_whatever_byte_of_content_is_changed_is_noticed(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    with tarfile.open(archive, "r:") as opened:
        members = [(each.offset_data, each.size) for each in opened]
    for offset, size in members:
        for at in (offset, offset + size // 2, offset + size - 1):
            changed = bytearray(whole)
            changed[at] ^= 1
            archive.write_bytes(changed)
            refused(archive, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a tar", bytes(20_000)])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)
    refused(tmp_path / "foreign", tmp_path)


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "place.json", "hub.db"])
def test_a_tar_with_files_of_its_own_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    with tarfile.open(archive, "a:") as opened:
        member = tarfile.TarInfo(name)
        member.size = 4
        opened.addfile(member, io.BytesIO(b"evil"))
    refused(archive, tmp_path)


def test_a_newer_releases_backup_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "data" / STORE))
    connection.pragma("user_version", 99)
    connection.close()
    make(tmp_path / "data", tmp_path / "file", CREATED, replaces=False, tell=no_bar)
    with pytest.raises(Invalid, match="schema 99"):
        restore(tmp_path / "file", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def refused(archive: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Invalid):
        restore(archive, tmp_path / "again")
    assert sorted(tmp_path.iterdir()) == before
