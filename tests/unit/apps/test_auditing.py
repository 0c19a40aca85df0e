"""apps/auditing.py: over the API and in the folder alike, what is broken is named."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps.auditing import verify_folder, verify_pages
from affinage.domain import audit
from affinage.domain.audit import Anchor, Deed, Entry
from affinage.domain.errors import Malformed
from affinage.domain.principal import Kind, Principal
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.ledger import key_of
from fakes.looped import looped

BY = Principal(Kind.POLICY, "service", "https", "7")


def chain(count: int) -> list[Entry]:
    made, tip = list[Entry](), Anchor()
    for number in range(count):
        made.append(audit.entry(Deed(BY, "twin.patch", f"d{number}"), tip, number))
        tip = Anchor(made[-1].number, made[-1].hash)
    return made


def row(one: Entry, body: bytes | None = None) -> Row:
    return Row(Table.AUDIT, key_of(one.number), body or codec.encode(one))


def stored(folder: Path, *rows: Row) -> Any:
    """What is found in a folder that has these rows."""

    async def write() -> None:
        store = SqliteStore(folder / "hub.db")
        await store.commit(rows)
        await store.close()

    asyncio.run(write())
    return verify_folder(folder)


def test_a_log_as_it_was_written_verifies(tmp_path: Path) -> None:
    """AUDIT-6"""
    entries = chain(3)
    found = stored(tmp_path, *map(row, entries))
    newest = {"number": 3, "hash": entries[-1].hash}
    assert found.document == {"entries": 3, "newest": newest, "faults": []}


def test_an_empty_one_does_too(tmp_path: Path) -> None:
    assert stored(tmp_path).document == {"entries": 0, "newest": {}, "faults": []}


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (lambda one: [row(replace(one, name="x"))], "entry 2 is not as it was written"),
        (lambda one: [Row(Table.AUDIT, key_of(2), None)], "entries 2 to 2 are missing"),
        (lambda one: [row(one, b"\xc1")], "entry 2 cannot be read"),
    ],
)
def test_what_is_broken_is_named(
    tmp_path: Path, broken: Callable[[Entry], list[Row]], fault: str
) -> None:
    """AUDIT-6"""
    entries = chain(3)
    assert fault in stored(tmp_path, *map(row, entries), *broken(entries[1])).faults


def test_oldest_entries_that_are_gone_without_an_anchor_are_missed(tmp_path: Path) -> None:
    """AUDIT-6, AUDIT-9"""
    first, second = chain(2)
    assert stored(tmp_path, row(second)).faults == ["entries 1 to 1 are missing"]
    mark = Row(Table.MARKS, "audit", codec.encode(Anchor(1, first.hash)))
    assert stored(tmp_path, mark).faults == []


async def paged(*pages: Any) -> AsyncIterator[Any]:
    for page in pages:
        yield page


@looped
async def test_pages_of_a_hub_are_verified_alike() -> None:
    """AUDIT-6"""
    first, second = map(audit.document, chain(2))
    anchor = {"number": 0, "hash": audit.GENESIS}
    whole = [{"entries": [second], "anchor": anchor}, {"entries": [first], "anchor": anchor}]
    assert (await verify_pages(paged(*whole))).faults == []
    changed = [{"entries": [{**second, "subject": "x"}, first], "anchor": anchor}]
    assert (await verify_pages(paged(*changed))).faults == ["entry 2 is not as it was written"]
    with pytest.raises(Malformed):
        await verify_pages(paged({"entries": [{}], "anchor": anchor}))
