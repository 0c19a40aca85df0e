"""Files that devices upload, below one folder: a blob is the file of its name.

What is on its way is in `.open`, a folder for each upload; a file is moved to its place when it is
whole and on the disk. No device's folder is called so: names that begin with a dot, or the sign for
it, are written with that sign before them.

The hub may write its store on the same disk, so a share of it is never taken, nor of its inodes:
whoever counts bytes does not see how many files they are in.
"""

import asyncio
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, ParamSpec, TypeVar

from affinage.adapters.files.listing import escaped, files_below
from affinage.domain.errors import Conflict, NotFound, Unavailable
from affinage.ports.uploads import Kept, Placing

OPEN: Final = ".open"

SPARE: Final = 0.02
"""The share of the file system, of its bytes as of its inodes, that stays free."""

THREADS: Final = 4
"""That wait for this disk; those that all else shares never do."""

_HALF: Final = "tmp"
"""What the names of files begin with that are not whole; those of blocks are digits and letters
up to `f`."""

_COPIED: Final = 1024 * 1024
"""Bytes that are copied at a time."""

_READ: Final = 256 * 1024
"""Bytes that are read at a time."""

P = ParamSpec("P")
Result = TypeVar("Result")


class FolderUploads:
    """Implements `ports.uploads.UploadStore`."""

    def __init__(self, folder: Path, spare: float = SPARE) -> None:
        self._folder, self._spare = folder, spare
        self._open = folder / OPEN
        self._placing = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, "uploads")

    async def open(self, known: Collection[str]) -> int:
        await self._apart(self._tidied, known)
        return await self.measure()

    async def measure(self) -> int:
        return await self._apart(self._bytes)

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
        return await self._apart(self._staged, upload)

    async def join(self, upload: str, blocks: Sequence[str], blob: str) -> int:
        parts = [self._open / upload / block for block in blocks]
        async with self.put(upload, blob) as sink:
            assert isinstance(sink, _Writing)
            await self._apart(self._copy, parts, sink.half)
        return sink.replaced_bytes

    async def discard(self, upload: str) -> None:
        await self._apart(shutil.rmtree, self._open / upload, ignore_errors=True)

    async def find(self, blob: str) -> Kept | None:
        return await self._apart(self._found, blob)

    async def page(self, device: str, after: str, limit: int) -> list[tuple[str, Kept]]:
        return await self._apart(self._listed, device, after, limit)

    async def read(self, blob: str) -> AsyncIterator[bytes]:
        with await self._apart(self._opened, blob) as opened:
            while piece := await self._apart(opened.read, _READ):
                yield piece

    async def delete(self, blob: str) -> int:
        return await self._apart(self._deleted, self._path(blob))

    @asynccontextmanager
    async def _written(self, upload: str, place: Callable[[], Path]) -> AsyncIterator["_Writing"]:
        """A file beside, then in its place; gone if the context is left by an exception."""
        half = await self._apart(self._begun, self._open / upload)
        try:
            writing = _Writing(half, self._apart, self._check_spare)
            yield writing
            writing.replaced_bytes = await self._apart(self._finish, half, place())
        except BaseException:
            half.unlink(missing_ok=True)
            raise

    async def _apart(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """What ``work`` gives, in a thread; Unavailable where the system fails."""
        loop = asyncio.get_running_loop()
        with _told():
            return await loop.run_in_executor(self._threads, partial(work, *args, **kwargs))

    def _tidied(self, known: Collection[str]) -> None:
        self._open.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._open.iterdir():
            if left.name not in known:
                shutil.rmtree(left, ignore_errors=True)
            else:
                for part in left.glob(f"{_HALF}*"):
                    part.unlink()

    def _bytes(self) -> int:
        """Of whole files; they may be moved and deleted meanwhile."""
        found = ((at, name) for at, _, names in os.walk(self._folder) for name in names)
        whole = (Path(at, name) for at, name in found if not self._is_half(at, name))
        return sum(map(_size, whole))

    def _is_half(self, at: str, name: str) -> bool:
        return name.startswith(_HALF) and Path(at).parent == self._open

    def _check_spare(self) -> None:
        """OSError where too little of the disk would be left."""
        disk = os.statvfs(self._open)
        has_bytes = disk.f_bavail >= disk.f_blocks * self._spare
        has_inodes = disk.f_favail >= disk.f_files * self._spare  # of none where none are counted
        if not (has_bytes and has_inodes):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _staged(self, upload: str) -> dict[str, int]:
        folder = self._open / upload
        if not folder.is_dir():
            return {}
        kept = (path for path in folder.iterdir() if not path.name.startswith(_HALF))
        return {path.name: path.stat().st_size for path in kept}

    def _begun(self, folder: Path) -> Path:
        """A file that is not held open: as many may be on their way as there are connections."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_spare()
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=_HALF)
        os.close(descriptor)
        return Path(name)

    def _finish(self, half: Path, path: Path) -> int:
        """Put it in its place, where it is safe; the bytes of what was there."""
        _sync(half)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._placing:  # or two might say that they replaced the same
                replaced = path.stat().st_size if path.is_file() else 0
                half.replace(path)
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

    def _listed(self, device: str, after: str, limit: int) -> list[tuple[str, Kept]]:
        behind = tuple(after.split("/")) if after else ()
        inside = [device] if device else []
        if inside and behind:
            if behind[0] > device:
                return []
            behind = behind[1:] if behind[0] == device else ()
        place = self._folder.joinpath(*map(escaped, inside))
        names = ("/".join((*inside, *parts)) for parts in files_below(place, behind))
        found = ((name, self._found(name)) for name in names if "/" in name)
        return [*islice(((name, kept) for name, kept in found if kept), limit)]

    def _opened(self, blob: str) -> IO[bytes]:
        try:
            return self._path(blob).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"there is no {blob}") from None

    def _deleted(self, path: Path) -> int:
        """The folders that it leaves empty go, too: their names are free for blobs again."""
        with self._placing:  # or what replaces it meanwhile might be let go
            size = path.stat().st_size if path.is_file() else 0
            path.unlink(missing_ok=True)
        with suppress(OSError):  # one that is not empty
            for folder in path.parents[: len(path.relative_to(self._folder).parts) - 1]:
                folder.rmdir()
        _sync(self._folder)
        return size

    def _path(self, blob: str) -> Path:
        return self._folder.joinpath(*map(escaped, blob.split("/")))

    def _copy(self, parts: Sequence[Path], half: Path) -> None:
        with half.open("r+b") as whole:
            for part in parts:
                self._check_spare()
                try:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, whole, _COPIED)
                except FileNotFoundError:
                    raise NotFound("a block of the list was not sent") from None


class _Writing:
    def __init__(
        self, half: Path, apart: Callable[..., Awaitable[Any]], check: Callable[[], None]
    ) -> None:
        self.half = half
        self.replaced_bytes = 0
        self._apart, self._check = apart, check

    async def write(self, data: bytes) -> None:
        await self._apart(self._written, data)

    def _written(self, data: bytes) -> None:
        self._check()
        with self.half.open("r+b") as opened:  # it is not made anew if its upload has ended
            opened.seek(0, os.SEEK_END)
            opened.write(data)


def _size(path: Path) -> int:
    """Its bytes; none if it has gone."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _sync(path: Path) -> None:
    """Have a file, or a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise Unavailable(f"the folder for uploads cannot be used: {why}") from None
