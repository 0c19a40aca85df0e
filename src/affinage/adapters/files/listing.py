"""The files below a folder, in the order of their names, part by part."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ESCAPE: Final = "%"
"""What stands before a name that begins with a dot, or with this."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes in a name that are no text."""

Parts = tuple[str, ...]


def escaped(part: str) -> str:
    """What a part of a blob's name is called in the file system."""
    return ESCAPE + part if part.startswith((".", ESCAPE)) else part


def files_below(folder: Path, after: Sequence[str] = ()) -> Iterator[Parts]:
    """The names of the files below a folder that are behind another, in order.

    Nothing that begins with a dot, or is called as `escaped` calls nothing, and no link.
    """
    first, rest = (after[0], after[1:]) if after else ("", ())
    for name, entry in _entries(folder):
        if name < first:
            continue
        if entry.is_dir(follow_symlinks=False):
            inner = files_below(Path(entry.path), rest if name == first else ())
            yield from ((name, *parts) for parts in inner)
        elif entry.is_file(follow_symlinks=False) and not (after and name == first):
            yield (name,)


def _entries(folder: Path) -> list[tuple[str, "os.DirEntry[str]"]]:
    """What is in a folder, by name; nothing if it has gone."""
    try:
        with os.scandir(folder) as found:
            named = [(entry.name.removeprefix(ESCAPE), entry) for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return []
    known = [(name, entry) for name, entry in named if _is_ours(name, entry.name)]
    return sorted(known, key=lambda one: one[0])


def _is_ours(name: str, written: str) -> bool:
    """Whether a name can be a part of a blob's: it is text, and written as the hub writes it."""
    return bool(name) and escaped(name) == written and not _SURROGATES.search(name)
