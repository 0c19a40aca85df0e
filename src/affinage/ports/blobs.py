"""Places outside the hub where files may be put, and fetched from: those that the operator allowed.

Each adapter passes tests/contract/test_blobs.py.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Source(Protocol):
    """A file that is being read."""

    @property
    def size_bytes(self) -> int | None:
        """None if the place does not say."""
        ...

    def chunks(self) -> AsyncIterator[bytes]: ...


class Sink(Protocol):
    """A file that is being written; it is there, whole, when its context has ended well."""

    async def write(self, data: bytes) -> None: ...


class Blobs(Protocol):
    def admits(self, uri: str) -> bool:
        """Whether files may be put below this address, or fetched from there."""
        ...

    def read(self, uri: str, name: str) -> AbstractAsyncContextManager[Source]:
        """The file ``name`` at an admitted address.

        Raises:
            NotFound: there is none.
            Unavailable: the place cannot be reached, or does not answer as it should.
        """
        ...

    def write(self, uri: str, name: str) -> AbstractAsyncContextManager[Sink]:
        """Write the file ``name`` at an admitted address, over one that is there.

        A context that is left by an exception writes nothing.

        Raises:
            Unavailable: as `read`; nothing was written.
        """
        ...
