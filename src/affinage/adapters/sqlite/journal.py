"""What a commit looks like in the journal, and what a stretch of the journal comes to.

A commit is one body, so that writing it is one step, without the interpreter's lock, however many
rows it has.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import msgspec

from affinage.ports.store import Key, Table

Newest: TypeAlias = dict[tuple[Table, Key], bytes | None]
"""The newest row of each key; None where it was deleted."""

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(list[tuple[Table, Key, bytes | None]]).decode


BEHIND_ALL: Final = "\U0010ffff"
"""Greater than every key that is text."""


def may_hold(commit: bytes, table: Table) -> bool:
    """Whether a commit may have rows of a table; far quicker than decoding it."""
    return encode(table) in commit


def add(newest: Newest, commit: bytes) -> None:
    """Write the rows of one commit over those of the commits before it."""
    newest.update(((table, key), row) for table, key, row in decode(commit))


def laid_over(
    rows: Iterable[tuple[Key, bytes]], newest: Newest, table: Table
) -> Iterator[tuple[Key, bytes]]:
    """The rows of a table with the journal's over them, in the order of their keys."""
    over = {key: row for (of, key), row in newest.items() if of is table}
    fresh = sorted(over.items(), key=lambda item: item[0], reverse=True)
    for key, row in rows:
        while fresh and fresh[-1][0] < key:  # type: ignore[operator]  # keys of one table
            yield from _living(fresh.pop())
        if key in over:
            yield from _living(fresh.pop())
        else:
            yield key, row
    while fresh:
        yield from _living(fresh.pop())


def _living(item: tuple[Key, bytes | None]) -> Iterator[tuple[Key, bytes]]:
    key, row = item
    if row is not None:
        yield key, row
