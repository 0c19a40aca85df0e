"""Copies of a store as it was at one moment, taken while a hub writes to it."""

from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Final

import apsw

from affinage.adapters.sql.statements import migrations
from affinage.domain.errors import Invalid, Unavailable

PAGES_PER_STEP: Final = 1_000

Tell = Callable[[int, int], None]
"""Is told how many of how many pages have been copied."""


def take(store: Path, copy: Path, tell: Tell) -> int:
    """Copy a store, as it is now, into a file that is not there yet; its schema's number.

    Raises:
        Unavailable: the store cannot be read, or the copy not be written.
    """
    try:
        with closing(_opened(store, apsw.SQLITE_OPEN_READONLY)) as source:
            source.execute("BEGIN")  # one moment for all of it: no commit makes it begin anew
            schema = int(source.pragma("user_version"))
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            with (
                closing(_opened(copy, flags)) as target,
                target.backup("main", source, "main") as at,
            ):
                while not at.done:
                    at.step(PAGES_PER_STEP)
                    tell(at.page_count - at.remaining, at.page_count)
            return schema
    except apsw.Error as error:
        raise Unavailable(f"{store} cannot be copied: {error}") from error


def check(copy: Path) -> None:
    """Return if a hub of this release could start from it.

    Raises:
        Invalid: it is torn, none of ours, or a newer release's.
    """
    known = len(migrations(files("affinage.adapters.sqlite") / "migrations"))
    try:
        with closing(_opened(copy, apsw.SQLITE_OPEN_READWRITE)) as store:
            faults = [text for (text,) in store.execute("PRAGMA integrity_check(1)")]
            schema = int(store.pragma("user_version"))
    except apsw.Error as error:
        raise Invalid(f"the store in it cannot be opened: {error}") from error
    if faults != ["ok"]:
        raise Invalid(f"the store in it is torn: {faults[0]}")
    if not 0 < schema <= known:
        raise Invalid(
            f"the store in it is at schema {schema}, this release knows {known}:"
            " restore it with the release that made it, or a newer one"
        )


def _opened(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(5_000)
    return connection
