"""services/uploads.py and services/notices.py, without doors."""

import asyncio
from pathlib import Path

import pytest

from affinage.domain.errors import (
    Disabled,
    Forbidden,
    LockLost,
    NoBlob,
    NoSuchUpload,
    NoUploads,
    TooManyUploads,
    Unauthorized,
    Unavailable,
    UploadExpired,
)
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services import notices, uploads
from affinage.services.sending.sending import Body
from affinage.services.shelves import LOCK_S
from affinage.services.uploads import LIFE_S, MAX_OPEN, TEND_S
from fakes.life import OWNER, itself, key_of
from fakes.looped import looped
from fakes.sending import pieces, uploading


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
        kept = await again.join(place, "a", "b", only_new=True)
        assert kept.size_bytes == 8
        await again.finish(place)
        assert again.room.taken == 8
    async with uploading(tmp_path, again.life) as third:
        given = await third.shelf.receive(by=OWNER)
        assert given is not None
        assert (given.records[0].blob, given.records[0].size) == ("d/x", 8)
        await third.shelf.complete(given.token, by=OWNER)
        with pytest.raises(LockLost):
            await third.shelf.abandon(given.token, by=OWNER)
    assert hub.life.keys(Table.UPLOADS) == []


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
            await hub.uploads.stage(place.upload.id, "a", Body(pieces()), by=by)
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
        assert given.records[0].blob == "d/b"
        hub.life.clock.advance(LOCK_S)
        assert await hub.shelf.receive(by=OWNER) is not None


@looped
async def test_an_upload_ends_well_only_if_it_did(tmp_path: Path) -> None:
    """UPLOAD-21"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        with pytest.raises(NoBlob, match="there is no d/x"):
            await hub.finish(place)
        with pytest.raises(NoSuchUpload, match="e has no such upload"):
            await hub.finish(place, device="e")
        hub.life.clock.advance(LIFE_S)
        with pytest.raises(UploadExpired):
            await hub.finish(place)


@looped
async def test_a_url_is_worth_something_while_its_upload_is_open_and_its_device_on(
    tmp_path: Path,
) -> None:
    """UPLOAD-10"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        said: JsonObject = {"status": "disabled"}
        await hub.life.registry.put(key_of("d"), said, if_match="*", by=OWNER)
        with pytest.raises(Disabled, match="device d is disabled"):
            hub.admitted(place)
        hub.life.clock.advance(LIFE_S)
        with pytest.raises(Unauthorized, match="not one of an upload that is open"):
            hub.admitted(place)


@looped
async def test_a_hub_that_has_lost_its_folder_goes_on(tmp_path: Path) -> None:
    """UPLOAD-1, UPLOAD-24"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
    async with uploading(None, hub.life) as again:
        with pytest.raises(NoUploads):
            await again.put(place)
        await again.life.turn()
        again.life.clock.advance(LIFE_S)
        await again.until(lambda: not again.life.keys(Table.UPLOADS))
        assert again.told()["s_ended_total:expired"] == 1
