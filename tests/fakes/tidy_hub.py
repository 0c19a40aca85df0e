"""`affinage`, with a store that tidies up all the time: a kill meets it at that as often as not.

A hub folds its journal after 128 MiB, which takes longer than a life under test lasts.
"""

from pathlib import Path
from typing import Any, Final

from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps import cli, hub

FOLD_BYTES: Final = 2**18


class TidyStore(SqliteStore):
    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, fold_bytes=FOLD_BYTES, **options)


if __name__ == "__main__":
    hub.SqliteStore = TidyStore  # type: ignore[attr-defined]  # not a name that hub lends
    cli.main()
