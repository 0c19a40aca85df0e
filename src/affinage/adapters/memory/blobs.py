"""Files that are only remembered, below `memory:` addresses; for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from affinage.domain.errors import NotFound
from affinage.ports.blobs import Sink, Source


class MemoryBlobs:
    """Implements `ports.blobs.Blobs`."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        """By address and name."""

    def admits(self, uri: str) -> bool:
        return uri.startswith("memory:")

    @asynccontextmanager
    async def read(self, uri: str, name: str) -> AsyncIterator[Source]:
        if (uri, name) not in self.files:
            raise NotFound(f"there is no {name}")
        yield _Reading(self.files[uri, name])

    @asynccontextmanager
    async def write(self, uri: str, name: str) -> AsyncIterator[Sink]:
        writing = _Writing()
        yield writing
        self.files[uri, name] = b"".join(writing.parts)


class _Reading:
    def __init__(self, whole: bytes) -> None:
        self._whole = whole
        self.size_bytes: int | None = len(whole)

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._whole), 7):  # as a network cuts them
            yield self._whole[start : start + 7]


class _Writing:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    async def write(self, data: bytes) -> None:
        self.parts.append(data)
