"""A disk that can lose its power at any moment, told from a record of what was asked of it.

A run goes to real files through `RecordingVfs`. Afterwards `Disk` replays the record up to any
point, and leaves what a machine could find there: what was synced, and of the rest an arbitrary
part, torn at the bounds of sectors, in any order.
"""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

SECTORS: Final = (512, 4096)


@dataclass(frozen=True, slots=True)
class Write:
    file: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Has ended; what was asked for before ``since`` is on the disk."""

    file: str
    since: int


@dataclass(frozen=True, slots=True)
class Delete:
    file: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What the caller wants to remember, as of an acknowledgement."""

    number: int


Asked = Write | Truncate | Sync | Delete | Mark


class RecordingVfs(apsw.VFS):
    """The system's files, with everything asked of them kept in ``record``."""

    def __init__(self, name: str) -> None:
        self.record: list[Asked] = []
        self.lock = threading.Lock()
        super().__init__(name, "")

    def add(self, asked: Asked) -> None:
        with self.lock:
            self.record.append(asked)

    def xOpen(  # noqa: N802  # SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _RecordingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.add(Delete(Path(filename).name))


class _RecordingFile(apsw.VFSFile):
    def __init__(
        self, vfs: RecordingVfs, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._vfs = vfs
        full = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(full).name if full else ""
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._vfs.add(Write(self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._vfs.add(Truncate(self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        with self._vfs.lock:
            since = len(self._vfs.record)
        super().xSync(flags)
        self._vfs.add(Sync(self._name, since))


@dataclass
class _File:
    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Write | Truncate]] = field(default_factory=list)

    def sync(self, since: int) -> None:
        for at, asked in self.pending:
            if at < since:
                _apply(self.synced, asked)
        self.pending = [(at, asked) for at, asked in self.pending if at >= since]

    def found(self, chance: random.Random) -> bytes:
        """What a machine may find: nothing of what was not synced, all of it, or any part."""
        content, pending = bytearray(self.synced), [asked for _, asked in self.pending]
        share = chance.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        if share < 1.0:
            pieces = _pieces(pending, chance.choice(SECTORS))
            pending = [piece for piece in pieces if chance.random() < share]
            if chance.random() < 0.5:
                chance.shuffle(pending)
        for asked in pending:
            _apply(content, asked)
        return bytes(content)


class Disk:
    """The disk after the first ``at`` things of a record; it only goes forward."""

    def __init__(self, record: Iterable[Asked]) -> None:
        self._record = list(record)
        self._files: dict[str, _File] = {}
        self.at = self.mark = 0

    def go_to(self, at: int) -> None:
        for number in range(self.at, at):
            self._go(number, self._record[number])
        self.at = at

    def lose_power(self, folder: Path, chance: random.Random) -> None:
        """Leave in ``folder`` what could be found there after a loss of power at this point."""
        for name, file in self._files.items():
            (folder / name).write_bytes(file.found(chance))

    def _go(self, number: int, asked: Asked) -> None:
        match asked:
            case Mark():
                self.mark = asked.number
            case Delete():
                self._files.pop(asked.file, None)
            case Sync():
                self._files.setdefault(asked.file, _File()).sync(asked.since)
            case Write() | Truncate():
                file = self._files.setdefault(asked.file, _File())
                file.pending.append((number, asked))


def _apply(content: bytearray, asked: Write | Truncate) -> None:
    size = asked.size if isinstance(asked, Truncate) else asked.offset
    content.extend(bytes(max(0, size - len(content))))
    if isinstance(asked, Truncate):
        del content[size:]
    else:
        content[size : size + len(asked.content)] = asked.content


def _pieces(pending: Iterable[Write | Truncate], sector: int) -> list[Write | Truncate]:
    pieces: list[Write | Truncate] = []
    for asked in pending:
        if isinstance(asked, Truncate):
            pieces.append(asked)
            continue
        at, end = asked.offset, asked.offset + len(asked.content)
        while at < end:
            until = min(end, (at // sector + 1) * sector)
            part = asked.content[at - asked.offset : until - asked.offset]
            pieces.append(Write(asked.file, at, part))
            at = until
    return pieces
