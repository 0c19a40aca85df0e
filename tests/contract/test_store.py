"""What every Store does. Each adapter is one parameter; none has a test of its own here."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from affinage.adapters.memory.store import MemoryStore
from affinage.adapters.sqlite.store import SqliteStore
from affinage.ports.store import Row, Store, Table

Opened: TypeAlias = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite", "sqlite that always folds"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the store; again, after it was closed, where there is a disk."""
    memory, path = MemoryStore(), tmp_path / "hub.db"
    ways: dict[str, Opened] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqliteStore(path),
        "sqlite that always folds": lambda: SqliteStore(path, fold_bytes=1),
    }
    return ways[request.param]


def committed(
    opened: Opened, *batches: Sequence[Row]
) -> dict[Table, list[tuple[int | str, bytes]]]:
    """What a store holds, opened anew, after some commits."""

    async def write() -> None:
        store = opened()
        for rows in batches:
            await store.commit(rows)
        await store.close()

    asyncio.run(write())
    store = opened()
    held = {table: list(store.read(table)) for table in Table}
    asyncio.run(store.close())
    return held


def test_a_new_store_is_empty(opened: Opened) -> None:
    assert committed(opened) == {table: [] for table in Table}


@pytest.mark.parametrize("table", Table)
def test_what_was_committed_is_read_back_in_the_order_of_keys(opened: Opened, table: Table) -> None:
    keys: list[int | str] = [10, 2, 300] if table is Table.DEVICES else ["b", "a/$x", "é"]
    held = committed(opened, [Row(table, key, f"{key}".encode()) for key in keys])
    assert held[table] == [(key, f"{key}".encode()) for key in sorted(keys, key=lambda key: key)]


def test_the_last_row_of_a_key_wins_within_a_commit_and_after_it(opened: Opened) -> None:
    first = [Row(Table.DEVICES, 1, b"a"), Row(Table.DEVICES, 1, b"b"), Row(Table.DEVICES, 2, b"c")]
    held = committed(opened, first, [Row(Table.DEVICES, 2, b"d")])
    assert held[Table.DEVICES] == [(1, b"b"), (2, b"d")]


def test_a_row_without_a_body_is_deleted_and_may_come_back(opened: Opened) -> None:
    gone = Row(Table.POLICIES, "p", None)
    held = committed(opened, [Row(Table.POLICIES, "p", b"1")], [gone, gone])
    assert held[Table.POLICIES] == []
    assert committed(opened, [gone, Row(Table.POLICIES, "p", b"2")])[Table.POLICIES] == [
        ("p", b"2")
    ]


def test_tables_do_not_share_keys(opened: Opened) -> None:
    held = committed(opened, [Row(Table.PRESENCE, "d", b"1"), Row(Table.SUBSCRIPTIONS, "d", b"2")])
    assert (held[Table.PRESENCE], held[Table.SUBSCRIPTIONS]) == ([("d", b"1")], [("d", b"2")])


def test_a_body_of_any_bytes_comes_back_as_it_was(opened: Opened) -> None:
    body = bytes(range(256)) * 400
    assert committed(opened, [Row(Table.DEVICES, 1, body)])[Table.DEVICES] == [(1, body)]


def test_an_empty_commit_is_fine(opened: Opened) -> None:
    assert committed(opened, [], [Row(Table.DEVICES, 1, b"")])[Table.DEVICES] == [(1, b"")]


def test_its_figures_count_commits_and_rows(opened: Opened) -> None:
    store = opened()
    before = store.figures()
    asyncio.run(store.commit([Row(Table.DEVICES, 1, b"a"), Row(Table.POLICIES, "p", None)]))
    after = store.figures()
    asyncio.run(store.close())
    assert (after.commits - before.commits, after.rows - before.rows) == (1, 2)


def paged(opened: Opened, before: str | None, limit: int, *batches: Sequence[Row]) -> list[str]:
    """The keys of a page of AUDIT, of a store that is open."""

    async def write() -> list[str]:
        store = opened()
        for rows in batches:
            await store.commit(rows)
        page = await asyncio.to_thread(store.page, Table.AUDIT, before=before, limit=limit)
        await store.close()
        return [f"{key}={body.decode()}" for key, body in page]

    return asyncio.run(write())


def test_a_page_has_the_greatest_keys_below_one(opened: Opened) -> None:
    rows = [Row(Table.AUDIT, key, key.encode()) for key in ("b", "d", "a", "c")]
    others = [Row(Table.POLICIES, "z", b"z")]
    assert paged(opened, None, 2, rows[:2], others, rows[2:]) == ["d=d", "c=c"]
    assert paged(opened, "c", 5) == ["b=b", "a=a"]
    assert paged(opened, "a", 5) == []


def test_a_page_has_what_was_written_last_and_nothing_deleted(opened: Opened) -> None:
    rows = [Row(Table.AUDIT, key, b"1") for key in ("a", "b", "c", "d")]
    assert paged(opened, None, 9, rows) == ["d=1", "c=1", "b=1", "a=1"]
    later = [Row(Table.AUDIT, "d", None), Row(Table.AUDIT, "c", b"2"), Row(Table.AUDIT, "b", None)]
    assert paged(opened, None, 2, later) == ["c=2", "a=1"]
