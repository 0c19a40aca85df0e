"""Uploads without doors: of the devices `d` and `e` of a life, in a folder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.principal import Principal
from affinage.ports.uploads import Kept, UploadStore
from affinage.services.notices import NoticeShelf
from affinage.services.room import Room
from affinage.services.sending.sending import Body
from affinage.services.uploads import Place, Uploads
from fakes.life import Life, itself, living


class Uploading:
    """The uploads of a life, in a folder."""

    def __init__(self, life: Life, store: UploadStore | None) -> None:
        self.life = life
        self.shelf = NoticeShelf(life.fleet, life.clock, life.ids)
        self.room = Room(max_blob=10, max_total=100)
        self.uploads = Uploads(
            life.fleet, store, self.shelf, self.room, clock=life.clock, ids=life.ids
        )

    async def begin(self, name: str = "x", device: str = "d") -> Place:
        return await self.uploads.begin(device, name, str, by=itself(device))

    def admitted(self, place: Place) -> Principal:
        upload = place.upload
        return self.uploads.admit(upload.id, upload.blob, place.signature, request_id="1")

    async def stage(self, place: Place, block: str, body: bytes) -> None:
        await self.send(place, Body(pieces(body)), block)

    async def put(self, place: Place, body: bytes = b"body") -> None:
        await self.send(place, Body(pieces(body)))

    async def send(self, place: Place, body: Body, block: str | None = None) -> None:
        upload, by = place.upload.id, self.admitted(place)
        if block is None:
            await self.uploads.put(upload, body, by=by)
        else:
            await self.uploads.stage(upload, block, body, by=by)

    async def join(self, place: Place, *blocks: str, only_new: bool = False) -> Kept:
        by = self.admitted(place)
        return await self.uploads.join(place.upload.id, blocks, only_new=only_new, by=by)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let threads go on until something holds; the test's patience is its end."""
        while not holds():
            await asyncio.to_thread(lambda: None)

    async def finish(self, place: Place, device: str = "d", *, well: bool = True) -> None:
        by = itself(device)
        await self.uploads.finish(device, place.upload.id, is_success=well, by=by)

    def told(self) -> dict[str, Any]:
        """What the hub's metrics say, by name and label."""
        return {
            ":".join([family.name.removeprefix("affinage_upload"), *one.labels]): one.value
            for family in self.uploads.families()
            for one in family.samples
        }


async def pieces(*bodies: bytes) -> AsyncIterator[bytes]:
    for body in bodies:
        yield body


@asynccontextmanager
async def uploading(
    place: Path | UploadStore | None, before: Life | None = None
) -> AsyncIterator[Uploading]:
    store = FolderUploads(place) if isinstance(place, Path) else place
    async with living(before) as life:
        if before is None:
            await life.create("d", "e")
        made = Uploading(life, store)
        await made.uploads.open()
        running = asyncio.ensure_future(made.uploads.run())
        yield made
        running.cancel()
