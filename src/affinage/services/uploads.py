"""Uploads of files: begun by a device, sent to a URL that is worth something for that blob alone.

A URL holds a secret of its own for each upload, of which the hub keeps the digest: so it can be
told from any other, ends with its upload, and the store gives none away.

Source: docs/spec/uploads.md.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from affinage.domain.device import Device
from affinage.domain.errors import (
    Disabled,
    Forbidden,
    NoBlob,
    NoSuchUpload,
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
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.uploads import Kept, UploadStore
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.notices import NOT_AN_UPLOAD, NoticeShelf
from affinage.services.room import Room
from affinage.services.sending.figures import EXPIRED, FAILED, SUCCEEDED, UploadFigures
from affinage.services.sending.sending import Body, Sending

LIFE_S: Final = 3_600
"""Seconds for which an upload is open."""

MAX_OPEN: Final = 10
"""Uploads of one device that are open."""

MAX_OPEN_IN_ALL: Final = 10_000
"""Uploads that are open in a hub."""

TEND_S: Final = 60.0
"""How often uploads are looked for whose time is over."""

SLICE: Final = 100
"""Uploads that are looked at before others get their turn: a device may be large."""

_log = structlog.get_logger(__name__)


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
        self._fleet, self._shelf = fleet, shelf
        self._clock, self._ids, self._limits = clock, ids, limits
        self._open: dict[str, Upload] = {}
        """By id; some may not be durable yet: nobody knows their URL."""
        self._ending: set[str] = set()
        """By id; they are open again if that fails."""
        self._figures = UploadFigures(room)
        self._sending = None
        if store is not None:
            self._sending = Sending(store, room, self._figures, self._open, self._check)

    async def open(self) -> None:
        """Read what is open; the fleet must be running. Unavailable: the folder cannot be used."""
        for name, body in self._fleet.saved(Table.UPLOADS):
            if not name.startswith(NOT_AN_UPLOAD):
                self._open[name] = codec.decode(body, Upload)
        self._shelf.open()
        if self._sending is not None:
            await self._sending.open()

    async def run(self) -> None:
        """End what nobody has ended, until cancelled."""
        while True:
            await self._clock.sleep(TEND_S)
            await self._end_what_is_over()
            if self._sending is not None:
                with suppress(Unavailable):  # whoever sends is told so, too
                    await self._sending.measure()

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
        self._sender()
        with self._figures.counting():
            self._limits.take(Operation.UPLOAD, by)
            return await self._begun(device, blob_of(device, name), uri_of)

    def admit(self, upload_id: str, blob: str, signature: str, *, request_id: str) -> Principal:
        """Who sends a blob to a URL.

        Raises:
            Unauthorized: the URL is not one that the hub gave out, or is worth nothing any more.
            Disabled: its device is.

        Source: UPLOAD-10.
        """
        upload = self._open.get(upload_id)
        is_its = upload is not None and hmac.compare_digest(upload.digest, _digest(signature))
        if upload is None or not is_its or upload.blob != blob:
            raise _not_open()
        self._check(upload)
        scope = TwinKey(upload.device)
        return Principal(Kind.DEVICE, upload.device, "upload", request_id, scope=scope)

    async def put(
        self, upload_id: str, body: Body, *, only_new: bool = False, by: Principal
    ) -> Kept:
        """Write the blob of an upload; BlobExists if it must be ``only_new`` and is there.

        Raises:
            Malformed: the body is not that of which ``md5`` is.
            Unauthorized, Disabled: the upload ended before it, or the device was switched off.
            Throttled: too many are on their way.
            BodyTooLarge, Conflict, Unavailable: in every case the blob is as it was.

        Source: UPLOAD-11 to UPLOAD-14.
        """
        with self._figures.counting():
            return await self._sender().put(self._own(upload_id, by), body, only_new=only_new)

    async def stage(self, upload_id: str, block: str, body: Body, *, by: Principal) -> None:
        """Keep a block of an upload. As `put`; BodyTooLarge also if all are too large together.

        Source: UPLOAD-11 to UPLOAD-14.
        """
        with self._figures.counting():
            await self._sender().stage(self._own(upload_id, by), block, body)

    async def join(
        self, upload_id: str, blocks: Sequence[str], *, only_new: bool, by: Principal
    ) -> Kept:
        """Make the blob of an upload of its blocks, in this order; NotFound: one was not sent.

        Source: UPLOAD-11, UPLOAD-12, UPLOAD-14.
        """
        with self._figures.counting():
            return await self._sender().join(self._own(upload_id, by), blocks, only_new=only_new)

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
        if not is_success:
            await self._end(upload, FAILED)
            return
        kept = await self._sender().find(upload)
        if kept is None:
            raise NoBlob(f"there is no {upload.blob}")
        told = self._shelf.rows(_notice(upload, kept, self._now()))
        await self._end(upload, SUCCEEDED, *told)

    def families(self) -> Iterator[Family]:
        return self._figures.families(len(self._open))

    async def _begun(self, device: str, blob: str, uri_of: Callable[[str], str]) -> Place:
        signature = self._ids.key()
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

    async def _end_what_is_over(self) -> None:
        for number, upload in enumerate([*self._open.values()]):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            if upload.id in self._open and self._is_over(upload):
                await self._end_in_time(upload)

    async def _end_in_time(self, upload: Upload) -> None:
        try:
            await self._end(upload, EXPIRED)
        except (Unavailable, NoSuchUpload) as error:
            _log.warning("upload not ended", device=upload.device, error=str(error))

    async def _end(self, upload: Upload, outcome: str, *rows: Row) -> None:
        """Whoever else ends it meanwhile, or sends to it, finds that there is none."""
        if upload.id in self._ending or upload.id not in self._open:
            raise NoSuchUpload(f"the upload of {upload.blob} has ended")
        self._ending.add(upload.id)
        try:
            await self._fleet.save(Row(Table.UPLOADS, upload.id, None), *rows)
            del self._open[upload.id]
        finally:
            self._ending.discard(upload.id)
        self._figures.ended[outcome] += 1
        if self._sending is not None:
            await self._sending.forget(upload)

    def _check(self, upload: Upload) -> None:
        """Raise Unauthorized unless the upload is open, Disabled if its device is. UPLOAD-10."""
        is_open = upload.id in self._open and upload.id not in self._ending
        device = self._device(upload)
        if not is_open or device is None:
            raise _not_open()
        if device.identity.status is Status.DISABLED:
            raise Disabled(f"device {upload.device} is disabled")

    def _check_room_for(self, device: str) -> None:
        open_now = sum(one.device == device for one in self._open.values())
        if open_now >= MAX_OPEN:
            raise TooManyUploads(f"{device} has {open_now} of {MAX_OPEN} uploads open")
        if len(self._open) >= MAX_OPEN_IN_ALL:
            raise TooManyUploads(f"the hub has {len(self._open)} of {MAX_OPEN_IN_ALL} open")

    def _is_over(self, upload: Upload) -> bool:
        return self._device(upload) is None

    def _device(self, upload: Upload) -> Device | None:
        """Whose upload it is; None if that has gone, or the time is over."""
        device = self._fleet.find(upload.device) if upload.expires_at > self._now() else None
        return device if device and device.identity.generation == upload.generation else None

    def _own(self, upload_id: str, by: Principal) -> Upload:
        upload = self._open.get(upload_id)
        if upload is None or by.scope != TwinKey(upload.device):
            raise Forbidden(f"{by.kind} {by.name} has no such upload")
        return upload

    def _sender(self) -> Sending:
        if self._sending is None:
            raise NoUploads("this hub has no place for files: upload_folder is not set")
        return self._sending

    def _now(self) -> Millis:
        return millis(self._clock.now())


def _not_open() -> Unauthorized:
    return Unauthorized("the URL is not one of an upload that is open")


def _digest(signature: str) -> bytes:
    return hashlib.sha256(signature.encode()).digest()


def _notice(upload: Upload, kept: Kept, at: Millis) -> Notice:
    updated_at = int(kept.updated_at_s * 1000)
    return Notice(upload.device, upload.blob, upload.uri, kept.size_bytes, updated_at, at)
