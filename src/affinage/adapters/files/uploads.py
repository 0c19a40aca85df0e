"""Files that devices upload, below one folder: a blob is the file of its name.

What is on its way is in `.open`, a folder for each upload; a file is moved to its place when it is
whole and on the disk. No device's folder is called so: names that begin with a dot, or the sign for
it, are written with that sign before them.
"""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any, Final, ParamSpec, TypeVar

from affinage.domain.errors import Conflict, NotFound, Unavailable
from affinage.ports.uploads import Kept, Placing

OPEN: Final = ".open"
ESCAPE: Final = "%"

_COPIED: Final = 1024 * 1024
"""Bytes that are copied at a time."""

P = ParamSpec("P")
Result = TypeVar("Result")


class FolderUploads:
    """Implements `ports.uploads.UploadStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = folder / OPEN
        self._placing = threading.Lock()

    async def open(self, known: Collection[str]) -> int:
        return await _apart(self._opened, known)

    @asynccontextmanager
    async def put(self, upload: str, blob: str) -> AsyncIterator[Placing]:
        async with self._written(upload, lambda: self._path(blob)) as sink:
            yield sink

    @asynccontextmanager
    async def stage(self, upload: str, block: str) -> AsyncIterator[Placing]:
        path = self._open / upload / block
        async with self._written(upload, lambda: path) as sink:
            yield sink

    async def staged(self, upload: str) -> dict[str, int]:
        return await _apart(self._staged, upload)

    async def join(self, upload: str, blocks: Sequence[str], blob: str) -> int:
        parts = [self._open / upload / block for block in blocks]
        async with self.put(upload, blob) as sink:
            assert isinstance(sink, _Writing)
            await _apart(_copy, parts, sink.opened)
        return sink.replaced_bytes

    async def discard(self, upload: str) -> None:
        await _apart(shutil.rmtree, self._open / upload, ignore_errors=True)

    async def find(self, blob: str) -> Kept | None:
        return await _apart(self._found, blob)

    @asynccontextmanager
    async def _written(self, upload: str, place: Callable[[], Path]) -> AsyncIterator["_Writing"]:
        """A file beside, then in its place; gone if the context is left by an exception."""
        opened: IO[bytes] = await _apart(self._begun, self._open / upload)
        with opened:
            try:
                writing = _Writing(opened)
                yield writing
                writing.replaced_bytes = await _apart(self._finish, opened, place())
            except BaseException:
                _drop(opened)
                raise

    def _opened(self, known: Collection[str]) -> int:
        self._open.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._open.iterdir():
            if left.name not in known:
                shutil.rmtree(left, ignore_errors=True)
            else:
                for part in left.glob("tmp*"):
                    part.unlink()
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def _staged(self, upload: str) -> dict[str, int]:
        folder = self._open / upload
        if not folder.is_dir():
            return {}
        kept = (path for path in folder.iterdir() if not path.name.startswith("tmp"))
        return {path.name: path.stat().st_size for path in kept}

    def _begun(self, folder: Path) -> Any:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=folder, delete=False)

    def _finish(self, opened: IO[bytes], path: Path) -> int:
        """Put it in its place, where it is safe; the bytes of what was there."""
        opened.flush()
        os.fsync(opened.fileno())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._placing:  # or two might say that they replaced the same
                replaced = path.stat().st_size if path.is_file() else 0
                Path(opened.name).replace(path)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            raise Conflict(f"{path.name} cannot be a file and a folder") from None
        for folder in (path.parent, *path.parent.parents):
            _sync(folder)
            if folder == self._folder:
                break
        return replaced

    def _found(self, blob: str) -> Kept | None:
        path = self._path(blob)
        if not path.is_file():
            return None
        said = path.stat()
        return Kept(said.st_size, said.st_mtime)

    def _path(self, blob: str) -> Path:
        return self._folder.joinpath(*map(_escaped, blob.split("/")))


class _Writing:
    def __init__(self, opened: IO[bytes]) -> None:
        self.opened = opened
        self.replaced_bytes = 0

    async def write(self, data: bytes) -> None:
        await _apart(self.opened.write, data)


def _drop(opened: IO[bytes]) -> None:
    Path(opened.name).unlink(missing_ok=True)


def _escaped(part: str) -> str:
    return ESCAPE + part if part.startswith((".", ESCAPE)) else part


def _copy(parts: Sequence[Path], opened: IO[bytes]) -> None:
    for part in parts:
        try:
            with part.open("rb") as source:
                shutil.copyfileobj(source, opened, _COPIED)
        except FileNotFoundError:
            raise NotFound("a block of the list was not sent") from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _apart(work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """What ``work`` gives, in a thread; Unavailable where the system fails."""
    with _told():
        return await asyncio.to_thread(work, *args, **kwargs)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise Unavailable(f"the folder for uploads cannot be used: {why}") from None
