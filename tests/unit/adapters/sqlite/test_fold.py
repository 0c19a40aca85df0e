"""adapters/sqlite/fold.py: slices that end anywhere, and always leave the same rows to read."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from affinage.adapters.sqlite.fold import GROUP, Fold
from affinage.adapters.sqlite.store import SqliteStore
from affinage.ports.store import Key, Row, Table

Held = dict[tuple[Table, Key], bytes]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "hub.db")
    yield opened
    asyncio.run(opened.close())


def commit(store: SqliteStore, *rows: Row) -> None:
    asyncio.run(store.commit(rows))


def fold(store: SqliteStore, size_bytes: int = 1 << 20) -> Fold:
    return Fold(store._connection, store._statements, size_bytes)


def to_its_end(one: Fold) -> None:
    while not one.slice(1):
        pass


def count(store: SqliteStore, table: str) -> int:
    ((found,),) = store._connection.execute(f"SELECT count(*) FROM {table}")
    return int(found)


def held(store: SqliteStore) -> Held:
    return {(table, key): body for table in Table for key, body in store.read(table)}


def any_row(chance: random.Random) -> Row:
    body = chance.choice([None, chance.randbytes(20), chance.randbytes(20)])
    if chance.random() < 0.8:
        return Row(Table.DEVICES, chance.randrange(3) * 4096 + chance.randrange(40), body)
    return Row(chance.choice([Table.PRESENCE, Table.POLICIES]), chance.choice("abc"), body)


def test_a_fold_moves_the_newest_rows_and_empties_the_journal(store: SqliteStore) -> None:
    commit(store, *(Row(Table.DEVICES, n, b"old") for n in range(GROUP + 3)))
    commit(store, Row(Table.DEVICES, 1, b"new"), Row(Table.DEVICES, 2, None))
    one = fold(store)
    to_its_end(one)
    assert one.written == GROUP + 3
    assert (count(store, "devices"), count(store, "journal")) == (GROUP + 2, 0)
    assert dict(store.read(Table.DEVICES))[1] == b"new"


def test_it_takes_no_more_of_the_journal_than_its_bound(store: SqliteStore) -> None:
    for number in range(5):
        commit(store, Row(Table.DEVICES, number, bytes(1000)))
    to_its_end(fold(store, size_bytes=2500))
    assert (count(store, "devices"), count(store, "journal")) == (3, 2)


def test_of_an_empty_journal_nothing_is_folded(store: SqliteStore) -> None:
    assert fold(store).slice(1)


@pytest.mark.parametrize("seed", range(20))
def test_wherever_it_is_given_up_the_rows_that_are_read_are_the_same(
    store: SqliteStore, seed: int
) -> None:
    chance, expected = random.Random(seed), Held()
    for _ in range(60):
        rows = [any_row(chance) for _ in range(chance.randrange(1, 12))]
        commit(store, *rows)
        for row in rows:
            _write(expected, row)
        one = fold(store, chance.choice([50, 500, 5000]))
        for _ in range(chance.randrange(8)):
            one.slice(chance.choice([1, 5, 50]))
        assert held(store) == expected


def _write(expected: Held, row: Row) -> None:
    if row.body is None:
        expected.pop((row.table, row.key), None)
    else:
        expected[row.table, row.key] = row.body


def test_a_slice_that_fails_leaves_the_journal_and_is_synchronous_again(
    store: SqliteStore,
) -> None:
    commit(store, Row(Table.DEVICES, 1, bytes(100_000)))
    pages = int(store._connection.pragma("page_count"))
    store._connection.pragma("max_page_count", pages + 1)
    with pytest.raises(apsw.FullError):
        to_its_end(fold(store))
    assert store._connection.pragma("synchronous") == 2
    assert (count(store, "devices"), count(store, "journal")) == (0, 1)


def test_what_is_committed_meanwhile_is_left_for_the_next_one(store: SqliteStore) -> None:
    commit(store, Row(Table.DEVICES, 1, b"a"))
    one = fold(store)
    one.slice(1)
    commit(store, Row(Table.DEVICES, 1, b"b"))
    to_its_end(one)
    assert count(store, "journal") == 1
    assert list(store.read(Table.DEVICES)) == [(1, b"b")]
