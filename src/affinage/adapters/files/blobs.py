"""Files below one folder, by `file://` addresses.

What leads out of the folder, by `..` or a link, is not admitted.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

from affinage.domain.errors import NotFound, Unavailable
from affinage.ports.blobs import Sink, Source

CHUNK: Final = 256 * 1024
"""Bytes that are read at a time."""


class FolderBlobs:
    """Implements `ports.blobs.Blobs`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def admits(self, uri: str) -> bool:
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            return False
        return "\0" not in unquote(parts.path) and self._path(uri).is_relative_to(self._folder)

    @asynccontextmanager
    async def read(self, uri: str, name: str) -> AsyncIterator[Source]:
        path = self._file(uri, name)
        try:
            opened = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise NotFound(f"there is no {name}") from None
        except OSError as error:
            raise _unavailable(name, error) from None
        with opened:
            yield _Reading(opened)

    @asynccontextmanager
    async def write(self, uri: str, name: str) -> AsyncIterator[Sink]:
        path = self._file(uri, name)
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as opened:
                try:
                    yield _Writing(opened)
                    await asyncio.to_thread(_finish, opened, path)
                except BaseException:
                    _discard(opened)
                    raise
        except OSError as error:
            raise _unavailable(name, error) from None

    def _file(self, uri: str, name: str) -> Path:
        """The file, if it is where it may be: a link may have been made since it was admitted."""
        path = (self._path(uri) / name).resolve()
        if not path.is_relative_to(self._folder):
            raise Unavailable(f"{name} leads out of the folder that is allowed")
        return path

    @staticmethod
    def _path(uri: str) -> Path:
        return Path(unquote(urlsplit(uri).path)).resolve()


class _Reading:
    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self.size_bytes: int | None = os.fstat(opened.fileno()).st_size

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self._opened.read, CHUNK):
            yield chunk


class _Writing:
    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._opened.write, data)


def _finish(opened: IO[bytes], path: Path) -> None:
    opened.flush()
    os.fsync(opened.fileno())
    Path(opened.name).replace(path)


def _discard(opened: IO[bytes]) -> None:
    Path(opened.name).unlink(missing_ok=True)


def _unavailable(name: str, error: OSError) -> Unavailable:
    why = os.strerror(error.errno).lower() if error.errno else str(error)
    return Unavailable(f"{name} cannot be reached: {why}")
