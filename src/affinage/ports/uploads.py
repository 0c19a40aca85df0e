"""Where the files are that devices upload: whole blobs, and the blocks that some are made of.

Each adapter passes tests/contract/test_uploads.py.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from affinage.ports.blobs import Sink


class Kept(NamedTuple):
    """A blob that is there."""

    size_bytes: int
    updated_at_s: float
    """Seconds since 1970."""


class Placing(Sink, Protocol):
    """A file that is being written, and then put in its place."""

    @property
    def replaced_bytes(self) -> int:
        """Of what was in its place, once its context has ended well; 0 before."""
        ...


class UploadStore(Protocol):
    """A `Sink` that is left by an exception leaves nothing; one that ended well is on the disk.

    Uploads and blocks are named by letters, digits and `-`; a blob as `domain.uploads` admits it.
    All of it raises Unavailable where the place cannot be used.
    """

    async def open(self, known: Collection[str]) -> int:
        """Let go the blocks of all uploads but these; how many bytes there are then in all."""
        ...

    async def measure(self) -> int:
        """How many bytes there are in all, but for those that are on their way."""
        ...

    def put(self, upload: str, blob: str) -> AbstractAsyncContextManager[Placing]:
        """Write a blob, over one that is there; Conflict if there is a folder of that name."""
        ...

    def stage(self, upload: str, block: str) -> AbstractAsyncContextManager[Placing]:
        """Keep a block of an upload, in the place of one of the same name."""
        ...

    async def staged(self, upload: str) -> dict[str, int]:
        """The blocks of an upload that are kept, and their bytes."""
        ...

    async def join(self, upload: str, blocks: Sequence[str], blob: str) -> int:
        """Make a blob of blocks, in this order; they are kept.

        Returns:
            The bytes of what was in its place.

        Raises:
            NotFound: one is not there. Nothing has changed.
        """
        ...

    async def discard(self, upload: str) -> None:
        """Let go the blocks of an upload."""
        ...

    async def find(self, blob: str) -> Kept | None:
        """The blob, if it is there."""
        ...

    async def page(self, device: str, after: str, limit: int) -> list[tuple[str, Kept]]:
        """Some blobs in the order of their names, part by part: those behind ``after``.

        Args:
            device: whose; '' for all.
            after: a blob that may have gone; '' for the first ones.
        """
        ...

    def read(self, blob: str) -> AsyncIterator[bytes]:
        """What is in a blob, as it is when it is begun; NotFound."""
        ...

    async def delete(self, blob: str) -> int:
        """Let a blob go; how many bytes it took, 0 if there is none."""
        ...
