"""services/uploads.py and services/notices.py, without doors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import (
    Forbidden,
    LockLost,
    NoSuchUpload,
    NoUploads,
    TooManyUploads,
    Unauthorized,
    Unavailable,
)
from affinage.domain.principal import Principal
from affinage.ports.store import Table
from affinage.services import notices, uploads
from affinage.services.notices import NoticeShelf
from affinage.services.room import Room
from affinage.services.uploads import MAX_OPEN, TEND_S, Place, Uploads
from fakes.life import OWNER, Life, itself, living
from fakes.looped import looped


class Uploading:
    """The uploads of a life, in a folder."""

    def __init__(self, life: Life, folder: Path | None) -> None:
        self.life = life
        self.shelf = NoticeShelf(life.fleet, life.clock, life.ids)
        store = None if folder is None else FolderUploads(folder)
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
        by = self.admitted(place)
        await self.uploads.stage(place.upload.id, block, chunks(body), md5=None, by=by)

    async def put(self, place: Place, body: bytes = b"body") -> None:
        by = self.admitted(place)
        await self.uploads.put(place.upload.id, chunks(body), only_new=False, md5=None, by=by)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let threads go on until something holds; the test's patience is its end."""
        while not holds():
            await asyncio.to_thread(lambda: None)

    async def finish(self, place: Place, device: str = "d", *, well: bool = True) -> None:
        by = itself(device)
        await self.uploads.finish(device, place.upload.id, is_success=well, by=by)


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


@asynccontextmanager
async def uploading(folder: Path | None, before: Life | None = None) -> AsyncIterator[Uploading]:
    async with living(before) as life:
        if before is None:
            await life.create("d", "e")
        made = Uploading(life, folder)
        await made.uploads.open()
        running = asyncio.ensure_future(made.uploads.run())
        yield made
        running.cancel()


@looped
async def test_a_device_has_so_many_uploads_open(tmp_path: Path) -> None:
    """UPLOAD-4"""
    async with uploading(tmp_path) as hub:
        places = [await hub.begin(str(number)) for number in range(MAX_OPEN)]
        with pytest.raises(TooManyUploads, match="d has 10 of 10 uploads open"):
            await hub.begin()
        await hub.begin(device="e")
        await hub.finish(places[0], well=False)
        await hub.begin()


@looped
async def test_a_hub_has_so_many_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPLOAD-4"""
    monkeypatch.setattr(uploads, "MAX_OPEN_IN_ALL", 1)
    async with uploading(tmp_path) as hub:
        await hub.begin()
        with pytest.raises(TooManyUploads, match="the hub has 1 of 1 open"):
            await hub.begin(device="e")


@looped
async def test_uploads_and_notices_outlive_the_hub(tmp_path: Path) -> None:
    """UPLOAD-4, UPLOAD-22"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.stage(place, "a", b"12345")
    async with uploading(tmp_path, hub.life) as again:
        await again.stage(place, "b", b"678")
        assert again.room.taken == 8
        by, upload = again.admitted(place), place.upload
        kept = await again.uploads.join(upload.id, ["a", "b"], only_new=True, by=by)
        assert kept.size_bytes == 8
        await again.finish(place)
        assert again.room.taken == 8
    async with uploading(tmp_path, again.life) as third:
        given = await third.shelf.receive(by=OWNER)
        assert given is not None
        assert (given.notice.blob, given.notice.size) == ("d/x", 8)
        await third.shelf.complete(given.token, by=OWNER)
        with pytest.raises(LockLost):
            await third.shelf.abandon(given.token, by=OWNER)
    assert hub.life.keys(Table.UPLOADS) == []


@looped
async def test_what_a_device_writes_again_takes_its_room_once(tmp_path: Path) -> None:
    """UPLOAD-14"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        for _ in range(3):
            await hub.stage(place, "a", b"12345678")
            await hub.put(place, b"12345678")
        assert hub.room.taken == 16
        by, names = hub.admitted(place), ["a"]
        await hub.uploads.join(place.upload.id, names, only_new=False, by=by)
        await hub.finish(place)
        assert hub.room.taken == 8


@looped
async def test_an_upload_has_so_many_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPLOAD-11"""
    monkeypatch.setattr(uploads, "MAX_BLOCKS", 2)
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.stage(place, "a", b"1")
        await hub.stage(place, "b", b"1")
        with pytest.raises(TooManyUploads):
            await hub.stage(place, "c", b"1")


@looped
async def test_what_nobody_ends_ends_by_itself(tmp_path: Path) -> None:
    """UPLOAD-24"""
    async with uploading(tmp_path) as hub:
        await hub.stage(await hub.begin(), "a", b"1234")
        await hub.stage(await hub.begin(device="e"), "a", b"1234")
        await hub.life.delete("e")
        hub.life.clock.advance(TEND_S)
        await hub.until(lambda: (len(hub.life.keys(Table.UPLOADS)), hub.room.taken) == (1, 4))
        for _ in range(60):
            hub.life.clock.advance(TEND_S)
            await hub.life.turn()
        await hub.until(lambda: not hub.life.keys(Table.UPLOADS) and not hub.room.taken)


@looped
async def test_an_end_that_fails_is_none(tmp_path: Path) -> None:
    """UPLOAD-20, UPLOAD-24"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.put(place)
        hub.life.disk.fails = True
        with pytest.raises(Unavailable):
            await hub.finish(place)
        with pytest.raises(Unavailable):
            await hub.begin("y")
        hub.life.clock.advance(3600)
        await hub.life.turn(40)
        assert hub.life.keys(Table.UPLOADS) == [place.upload.id]
        hub.life.disk.fails = False
        hub.life.clock.advance(TEND_S)
        await hub.until(lambda: not hub.life.keys(Table.UPLOADS))


@looped
async def test_of_two_who_end_an_upload_one_does(tmp_path: Path) -> None:
    """UPLOAD-21"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.put(place)
        ends = await asyncio.gather(*(hub.finish(place) for _ in range(2)), return_exceptions=True)
        assert [type(one) for one in ends if one] == [NoSuchUpload]
        assert await hub.shelf.receive(by=OWNER)
        assert await hub.shelf.receive(by=OWNER) is None


@looped
async def test_only_who_was_admitted_sends(tmp_path: Path) -> None:
    """UPLOAD-5, UPLOAD-10"""
    async with uploading(tmp_path) as hub:
        place, other = await hub.begin(), await hub.begin(device="e")
        with pytest.raises(Unauthorized):
            hub.uploads.admit("none", "d/x", place.signature, request_id="1")
        by = hub.admitted(other)
        with pytest.raises(Forbidden):
            await hub.uploads.stage(place.upload.id, "a", chunks(b""), md5=None, by=by)
        with pytest.raises(Forbidden):
            await hub.uploads.begin("d", "x", str, by=itself("e"))
        with pytest.raises(Forbidden):
            await hub.shelf.receive(by=by)


@looped
async def test_a_hub_without_a_folder_begins_none() -> None:
    """UPLOAD-1"""
    async with uploading(None) as hub:
        with pytest.raises(NoUploads, match="upload_folder is not set"):
            await hub.begin()


@looped
async def test_a_blob_that_somebody_takes_away_is_not_said_to_be_there(tmp_path: Path) -> None:
    """UPLOAD-12"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()

        await hub.put(place)
        (tmp_path / "d/x").unlink()
        with pytest.raises(Unavailable, match="was taken away"):
            await hub.uploads._kept(place.upload)


@looped
async def test_of_too_many_notices_the_oldest_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPLOAD-22"""
    monkeypatch.setattr(notices, "MAX_NOTICES", 1)
    async with uploading(tmp_path) as hub:
        for name in "ab":
            place = await hub.begin(name)
            await hub.put(place)
            await hub.finish(place)
        given = await hub.shelf.receive(by=OWNER)
        assert given is not None
        assert given.notice.blob == "d/b"
        hub.life.clock.advance(notices.LOCK_S)
        assert await hub.shelf.receive(by=OWNER) is not None
