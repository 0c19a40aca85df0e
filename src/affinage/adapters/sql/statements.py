"""Named statements and numbered migrations, read from `.sql` files: Python builds no SQL."""

import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import NamedTuple

_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_MIGRATION = re.compile(r"(\d{4})_(pre|post)_(\w+)\.sql")


class Migration(NamedTuple):
    """One step of the schema, forward only; ``number`` is where the schema is after it."""

    number: int
    stage: str
    """``pre`` may run while the older release serves; ``post`` only when none does."""
    name: str
    sql: str


def named(text: str) -> dict[str, str]:
    """The statements of a file by their names."""
    return {name: body.strip() for name, body in _NAMED.findall(text)}


def migrations(folder: Traversable) -> list[Migration]:
    """Every migration of a folder, in order; their numbers are 1, 2, 3 …"""
    found = sorted(_migrations(folder))
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    return found


def _migrations(folder: Traversable) -> Iterator[Migration]:
    for file in folder.iterdir():
        if match := _MIGRATION.fullmatch(file.name):
            yield Migration(int(match[1]), match[2], match[3], file.read_text("utf-8"))
