"""Uploads of files: begun by a device, sent to a URL that is worth something for that blob alone.

A URL holds a secret of its own for each upload, of which the hub keeps the digest: so it can be
told from any other, ends with its upload, and the store gives none away.

Source: docs/spec/uploads.md.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

import structlog

from affinage.domain.errors import (
    BlobExists,
    Disabled,
    Forbidden,
    Malformed,
    NoBlob,
    NoSuchUpload,
    NotFound,
    NoUploads,
    TooManyUploads,
    Unauthorized,
    Unavailable,
    UploadExpired,
)
from affinage.domain.identity import Status
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal
from affinage.domain.uploads import Notice, Upload, blob_of
from affinage.ports.blobs import Sink
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.uploads import Kept, UploadStore
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.notices import NOT_AN_UPLOAD, NoticeShelf
from affinage.services.room import Claim, Room

LIFE_S: Final = 3_600
"""Seconds for which an upload is open."""

MAX_OPEN: Final = 10
"""Uploads of one device that are open."""

MAX_OPEN_IN_ALL: Final = 10_000
"""Uploads that are open in a hub."""

MAX_BLOCKS: Final = 50_000
"""Blocks of one upload."""

TEND_S: Final = 60.0
"""How often uploads are looked for whose time is over."""

_log = structlog.get_logger(__name__)

Chunks = AsyncIterator[bytes]


class Place(NamedTuple):
    """Where a device may send a blob."""

    upload: Upload
    signature: str


class Uploads:
    def __init__(
        self,
        fleet: Fleet,
        store: UploadStore | None,
        shelf: NoticeShelf,
        room: Room,
        *,
        clock: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        """``store`` is None where the hub has no place for files."""
        self._fleet, self._store, self._shelf, self._room = fleet, store, shelf, room
        self._clock, self._ids, self._limits = clock, ids, limits
        self._open: dict[str, Upload] = {}
        """By id; some may not be durable yet: nobody knows their URL."""
        self._blocks: dict[str, dict[str, int]] = {}
        """By id: the bytes of the blocks that were sent."""

    async def open(self) -> None:
        """Read what is open; the fleet must be running. Unavailable: the folder cannot be used."""
        for name, body in self._fleet.saved(Table.UPLOADS):
            if not name.startswith(NOT_AN_UPLOAD):
                self._open[name] = codec.decode(body, Upload)
        self._shelf.open()
        if self._store is not None:
            self._room.taken = await self._store.open({*self._open})

    async def run(self) -> None:
        """End what nobody has ended, until cancelled."""
        while True:
            await self._clock.sleep(TEND_S)
            for upload in [one for one in self._open.values() if self._is_over(one)]:
                await self._end_in_time(upload)

    async def begin(
        self, device: str, name: str, uri_of: Callable[[str], str], *, by: Principal
    ) -> Place:
        """Have a device send a blob; ``uri_of`` says where a blob is.

        Raises:
            NoUploads: the hub has no place for files.
            Invalid: a blob cannot be called so.
            TooManyUploads: the device has MAX_OPEN, or the hub MAX_OPEN_IN_ALL.
            Unavailable: the commit failed. In every case nothing has begun.

        Source: UPLOAD-1 to UPLOAD-5.
        """
        by.require_self(TwinKey(device))
        self._limits.take(Operation.UPLOAD, by)
        self._stored()
        blob, signature = blob_of(device, name), self._ids.key()
        self._check_room_for(device)
        upload = Upload(
            self._ids.uuid(),
            device,
            self._fleet.device(device).identity.generation,
            blob,
            _digest(signature),
            self._now() + LIFE_S * 1000,
            uri_of(blob),
        )
        self._open[upload.id] = upload
        try:
            await self._fleet.save(Row(Table.UPLOADS, upload.id, codec.encode(upload)))
        except BaseException:
            del self._open[upload.id]
            raise
        return Place(upload, signature)

    def admit(self, upload_id: str, blob: str, signature: str, *, request_id: str) -> Principal:
        """Who sends a blob to a URL.

        Raises:
            Unauthorized: the URL is not one that the hub gave out, or is worth nothing any more.
            Disabled: its device is.

        Source: UPLOAD-10.
        """
        upload = self._open.get(upload_id)
        is_its = upload is not None and hmac.compare_digest(upload.digest, _digest(signature))
        if upload is None or not is_its or upload.blob != blob or self._is_over(upload):
            raise Unauthorized("the URL is not one of an upload that is open")
        if self._fleet.device(upload.device).identity.status is Status.DISABLED:
            raise Disabled(f"device {upload.device} is disabled")
        scope = TwinKey(upload.device)
        return Principal(Kind.DEVICE, upload.device, "upload", request_id, scope=scope)

    async def put(
        self, upload_id: str, chunks: Chunks, *, only_new: bool, md5: bytes | None, by: Principal
    ) -> Kept:
        """Write the blob of an upload; BlobExists if it must be ``only_new`` and is there.

        Raises:
            Malformed: the body is not that of which ``md5`` is.
            BodyTooLarge, Conflict, Unavailable: in every case the blob is as it was.

        Source: UPLOAD-11 to UPLOAD-14.
        """
        upload, store = self._own(upload_id, by), self._stored()
        await self._check_new(upload, only_new=only_new)
        with self._room.claim() as claim:
            async with store.put(upload_id, upload.blob) as sink:
                await _measured(chunks, sink, claim, md5)
        self._room.give(sink.replaced_bytes)
        return await self._kept(upload)

    async def stage(
        self, upload_id: str, block: str, chunks: Chunks, *, md5: bytes | None, by: Principal
    ) -> None:
        """Keep a block of an upload. As `put`; BodyTooLarge also if all are too large together.

        Source: UPLOAD-11 to UPLOAD-14.
        """
        upload, store = self._own(upload_id, by), self._stored()
        sizes, name = await self._sent(upload, store), _named(block)
        if len(sizes) >= MAX_BLOCKS:
            raise TooManyUploads(f"the upload has {len(sizes)} of {MAX_BLOCKS} blocks")
        with self._room.claim(upload.id) as claim:
            async with store.stage(upload_id, name) as sink:
                await _measured(chunks, sink, claim, md5)
        self._room.give(sink.replaced_bytes, upload.id)
        sizes[name] = claim.taken

    async def join(
        self, upload_id: str, blocks: Sequence[str], *, only_new: bool, by: Principal
    ) -> Kept:
        """Make the blob of an upload of its blocks, in this order; NotFound: one was not sent.

        Source: UPLOAD-11, UPLOAD-12, UPLOAD-14.
        """
        upload, store = self._own(upload_id, by), self._stored()
        await self._check_new(upload, only_new=only_new)
        sizes, names = await self._sent(upload, store), [*map(_named, blocks)]
        if len(names) > MAX_BLOCKS or not {*names} <= sizes.keys():
            raise NotFound("a block of the list was not sent, or it has too many")
        with self._room.claim() as claim:
            claim.take(sum(sizes[name] for name in names))
            replaced = await store.join(upload_id, names, upload.blob)
        self._room.give(replaced)
        return await self._kept(upload)

    async def finish(self, device: str, upload_id: str, *, is_success: bool, by: Principal) -> None:
        """A device says that an upload is over; back ends are told of a success.

        Raises:
            NoSuchUpload, UploadExpired: it is none of the device's, or its time is over.
            NoBlob: a success, and there is nothing.
            Unavailable: the commit failed. In every case it goes on.

        Source: UPLOAD-20 to UPLOAD-22.
        """
        by.require_self(TwinKey(device))
        self._limits.take(Operation.UPLOAD, by)
        upload = self._open.get(upload_id)
        if upload is None or upload.device != device:
            raise NoSuchUpload(f"{device} has no such upload")
        if self._is_over(upload):
            raise UploadExpired(f"the upload of {upload.blob} was open for {LIFE_S} s")
        rows = [Row(Table.UPLOADS, upload.id, None)]
        if is_success:
            kept = await self._stored().find(upload.blob)
            if kept is None:
                raise NoBlob(f"there is no {upload.blob}")
            rows += self._shelf.rows(_notice(upload, kept, self._now()))
        await self._end(upload, rows)

    async def _end_in_time(self, upload: Upload) -> None:
        try:
            await self._end(upload, [Row(Table.UPLOADS, upload.id, None)])
        except (Unavailable, NoSuchUpload) as error:
            _log.warning("upload not ended", device=upload.device, error=str(error))

    async def _end(self, upload: Upload, rows: Sequence[Row]) -> None:
        """Whoever else ends it meanwhile, or sends to it, finds that there is none."""
        if self._open.pop(upload.id, None) is None:
            raise NoSuchUpload(f"the upload of {upload.blob} has ended")
        try:
            await self._fleet.save(*rows)
        except BaseException:
            self._open[upload.id] = upload
            raise
        if self._store is not None:
            sizes = await self._sent(upload, self._store)
            await self._store.discard(upload.id)
            self._room.give(sum(sizes.values()), upload.id)
            del self._blocks[upload.id]

    async def _sent(self, upload: Upload, store: UploadStore) -> dict[str, int]:
        """The blocks of an upload; looked for once, as a hub before this may have kept some."""
        if upload.id not in self._blocks:
            found = await store.staged(upload.id)
            if upload.id not in self._blocks:
                self._blocks[upload.id] = found
                self._room.count(sum(found.values()), upload.id)
        return self._blocks[upload.id]

    def _check_room_for(self, device: str) -> None:
        open_now = sum(one.device == device for one in self._open.values())
        if open_now >= MAX_OPEN:
            raise TooManyUploads(f"{device} has {open_now} of {MAX_OPEN} uploads open")
        if len(self._open) >= MAX_OPEN_IN_ALL:
            raise TooManyUploads(f"the hub has {len(self._open)} of {MAX_OPEN_IN_ALL} open")

    def _is_over(self, upload: Upload) -> bool:
        device = self._fleet.find(upload.device)
        is_gone = device is None or device.identity.generation != upload.generation
        return is_gone or upload.expires_at <= self._now()

    def _own(self, upload_id: str, by: Principal) -> Upload:
        upload = self._open.get(upload_id)
        if upload is None or by.scope != TwinKey(upload.device):
            raise Forbidden(f"{by.kind} {by.name} has no such upload")
        return upload

    async def _check_new(self, upload: Upload, *, only_new: bool) -> None:
        if only_new and await self._stored().find(upload.blob) is not None:
            raise BlobExists(f"{upload.blob} is there")

    async def _kept(self, upload: Upload) -> Kept:
        kept = await self._stored().find(upload.blob)
        if kept is None:
            raise Unavailable(f"{upload.blob} was taken away while it was written")
        return kept

    def _stored(self) -> UploadStore:
        if self._store is None:
            raise NoUploads("this hub has no place for files: upload_folder is not set")
        return self._store

    def _now(self) -> Millis:
        return millis(self._clock.now())


def _digest(signature: str) -> bytes:
    return hashlib.sha256(signature.encode()).digest()


def _named(block: str) -> str:
    """What the store calls a block: its client may call it whatever it likes."""
    return hashlib.sha256(block.encode()).hexdigest()


def _notice(upload: Upload, kept: Kept, at: Millis) -> Notice:
    updated_at = int(kept.updated_at_s * 1000)
    return Notice(upload.device, upload.blob, upload.uri, kept.size_bytes, updated_at, at)


async def _measured(
    chunks: AsyncIterator[bytes], sink: Sink, claim: Claim, md5: bytes | None
) -> None:
    """Write all chunks; BodyTooLarge where there is no room, Malformed if ``md5`` is another's."""
    digest = hashlib.md5(usedforsecurity=False)
    async for chunk in chunks:
        claim.take(len(chunk))
        digest.update(chunk)
        await sink.write(chunk)
    if md5 is not None and not hmac.compare_digest(md5, digest.digest()):
        raise Malformed("the body is not the one of which Content-MD5 is")
