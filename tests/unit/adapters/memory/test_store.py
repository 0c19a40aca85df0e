"""adapters/memory/store.py: what tests of others rely on; the rest is tests/contract's."""

import asyncio

import pytest

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.errors import Unavailable
from affinage.ports.store import Row, Table

ROW = Row(Table.POLICIES, "p", b"1")


def test_without_a_disk_nothing_fails() -> None:
    store = MemoryStore()
    asyncio.run(store.commit([ROW, Row(Table.POLICIES, "q", b"2"), Row(Table.POLICIES, "p", None)]))
    assert list(store.read(Table.POLICIES)) == [("q", b"2")]
    asyncio.run(store.close())


def test_a_disk_that_fails_writes_nothing() -> None:
    async def full() -> None:
        raise OSError("no space left")

    store = MemoryStore(full)
    with pytest.raises(Unavailable, match="no space left"):
        asyncio.run(store.commit([ROW]))
    assert list(store.read(Table.POLICIES)) == []


def test_nothing_is_written_before_the_disk_has_answered() -> None:
    seen = []

    async def slow() -> None:
        seen.append(list(store.read(Table.POLICIES)))

    store = MemoryStore(slow)
    asyncio.run(store.commit([ROW]))
    assert (seen, list(store.read(Table.POLICIES))) == ([[]], [("p", b"1")])


def test_a_page_has_the_greatest_keys_below_one() -> None:
    store = MemoryStore()
    asyncio.run(store.commit([Row(Table.AUDIT, key, b"") for key in "abcd"]))
    assert [key for key, _ in store.page(Table.AUDIT, before="d", limit=2)] == ["c", "b"]
    assert [key for key, _ in store.page(Table.AUDIT, before=None, limit=9)] == [*"dcba"]
    assert store.figures().commits == 1
