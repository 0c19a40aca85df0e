"""Blobs on their way: whole, or in blocks, within the room that there is.

A body is written as it comes, and is in its place once it is whole. Whether its upload is still
worth something is asked with each piece: a slow body may take longer than its upload, and whoever
switches a device off wants no more of it.

Source: docs/spec/uploads.md, UPLOAD-11 to UPLOAD-14.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import (
    BlobExists,
    Malformed,
    NotFound,
    Throttled,
    TooManyUploads,
    Unauthorized,
    Unavailable,
)
from affinage.domain.uploads import Upload
from affinage.ports.blobs import Sink
from affinage.ports.uploads import Kept, UploadStore
from affinage.services.room import Claim, Room
from affinage.services.sending.figures import UploadFigures

MAX_BLOCKS: Final = 50_000
"""Blocks of one upload."""

MAX_BODIES: Final = 32
"""Bodies of one device that are on their way: storage's clients send 5 to 20 where told to."""

RETRY_S: Final = 1.0
"""Seconds after which a body that had no turn may be sent again."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a device sends."""

    chunks: AsyncIterator[bytes]
    md5: bytes | None = None
    """Of the whole, if its sender says."""
    size: int = 0
    """Bytes of the whole, if its sender says: 0 if not."""


class Sending:
    def __init__(
        self,
        store: UploadStore,
        room: Room,
        figures: UploadFigures,
        uploads: Mapping[str, Upload],
        check: Callable[[Upload], None],
    ) -> None:
        """``uploads`` are those that are open, by id; ``check`` raises if one is worth nothing."""
        self._store, self._room, self._figures = store, room, figures
        self._open, self._check = uploads, check
        self._blocks: dict[str, dict[str, int]] = {}
        """By the id of an upload: the bytes of the blocks that were sent."""
        self._bodies: Counter[str] = Counter()
        """On their way, by device."""

    async def open(self) -> None:
        """Look what is there, and let go what is of no open upload. Unavailable."""
        self._room.found(await self._store.open({*self._open}))

    async def find(self, upload: Upload) -> Kept | None:
        """The blob of an upload, if it is there."""
        return await self._store.find(upload.blob)

    async def put(self, upload: Upload, body: Body, *, only_new: bool) -> Kept:
        """Write the blob of an upload; see `Uploads.put`."""
        await self._check_new(upload, only_new=only_new)
        async with self._turn(upload):
            with self._room.claim(expected=body.size) as claim:
                async with self._store.put(upload.id, upload.blob) as sink:
                    await self._take(upload, body, sink, claim)
            self._room.give(sink.replaced_bytes)
            return await self._kept(upload)

    async def stage(self, upload: Upload, block: str, body: Body) -> None:
        """Keep a block of an upload; see `Uploads.stage`."""
        async with self._turn(upload):
            sizes, name = await self._sent(upload), _named(block)
            if name not in sizes and len(sizes) >= MAX_BLOCKS:
                raise TooManyUploads(f"the upload has {len(sizes)} of {MAX_BLOCKS} blocks")
            with self._room.claim(upload.id, body.size) as claim:
                async with self._store.stage(upload.id, name) as sink:
                    await self._take(upload, body, sink, claim)
                if upload.id not in self._open:  # else nobody would let the block go
                    raise Unauthorized("the upload has ended")
            self._room.give(sink.replaced_bytes, upload.id)
            sizes[name] = sizes.get(name, 0) + claim.taken - sink.replaced_bytes

    async def join(self, upload: Upload, blocks: Sequence[str], *, only_new: bool) -> Kept:
        """Make the blob of an upload of its blocks; see `Uploads.join`."""
        await self._check_new(upload, only_new=only_new)
        async with self._turn(upload):
            sizes, names = await self._sent(upload), [*map(_named, blocks)]
            if len(names) > MAX_BLOCKS or not {*names} <= sizes.keys():
                raise NotFound("a block of the list was not sent, or it has too many")
            with self._room.claim() as claim:
                claim.take(sum(sizes[name] for name in names))
                replaced = await self._store.join(upload.id, names, upload.blob)
            self._room.give(replaced)
            return await self._kept(upload)

    async def forget(self, upload: Upload) -> None:
        """Let the blocks of an upload go that has ended."""
        sizes = await self._sent(upload)
        await self._store.discard(upload.id)
        if self._blocks.pop(upload.id, None) is not None:
            self._room.give(sum(sizes.values()), upload.id)

    async def measure(self) -> None:
        """Look what is there if there was no room: files may have been moved, or deleted."""
        if self._room.is_short:
            self._room.found(await self._store.measure())

    @asynccontextmanager
    async def _turn(self, upload: Upload) -> AsyncIterator[None]:
        """One of the bodies that may be on their way; Throttled. UPLOAD-14."""
        if (own := self._bodies[upload.device]) >= MAX_BODIES:
            what = f"{own} of {MAX_BODIES} bodies of {upload.device} are on their way"
            raise Throttled(what, retry_after_s=RETRY_S)
        self._count(upload, 1)
        try:
            yield
        finally:
            self._count(upload, -1)
            if upload.id not in self._open:  # it ended meanwhile, and this may have left something
                await self.forget(upload)

    def _count(self, upload: Upload, more: int) -> None:
        self._figures.bodies += more
        self._bodies[upload.device] += more
        if not self._bodies[upload.device]:
            del self._bodies[upload.device]

    async def _take(self, upload: Upload, body: Body, sink: Sink, claim: Claim) -> None:
        """Write all of a body; BodyTooLarge, Malformed if it is another than ``md5`` is of."""
        digest = hashlib.md5(usedforsecurity=False)
        async for chunk in body.chunks:
            self._check(upload)
            claim.take(len(chunk))
            self._figures.received_bytes += len(chunk)
            digest.update(chunk)
            await sink.write(chunk)
        self._check(upload)
        check_md5(body.md5, digest)

    async def _sent(self, upload: Upload) -> dict[str, int]:
        """The blocks of an upload; looked for once, as a hub before this may have kept some."""
        if upload.id not in self._blocks:
            found = await self._store.staged(upload.id)
            if upload.id not in self._blocks:
                self._blocks[upload.id] = found
                self._room.count(sum(found.values()), upload.id)
        return self._blocks[upload.id]

    async def _check_new(self, upload: Upload, *, only_new: bool) -> None:
        if only_new and await self.find(upload) is not None:
            raise BlobExists(f"{upload.blob} is there")

    async def _kept(self, upload: Upload) -> Kept:
        kept = await self.find(upload)
        if kept is None:
            raise Unavailable(f"{upload.blob} was taken away while it was written")
        return kept


def check_md5(md5: bytes | None, digest: "hashlib._Hash") -> None:
    """Raise Malformed if the sender said what a body's is, and it is not."""
    if md5 is not None and not hmac.compare_digest(md5, digest.digest()):
        raise Malformed("the body is not the one of which Content-MD5 is")


def _named(block: str) -> str:
    """What the store calls a block: its client may call it whatever it likes."""
    return hashlib.sha256(block.encode()).hexdigest()
