"""services/sending/sending.py: what becomes of bodies, and of the room for them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import (
    BlobExists,
    BodyTooLarge,
    Disabled,
    Malformed,
    NotFound,
    Throttled,
    TooManyUploads,
    Unauthorized,
    Unavailable,
)
from affinage.domain.values import JsonObject
from affinage.ports.uploads import Placing
from affinage.services.sending import sending
from affinage.services.sending.sending import Body
from affinage.services.uploads import TEND_S
from fakes.life import OWNER, key_of
from fakes.looped import looped
from fakes.sending import pieces, uploading


def left(folder: Path) -> list[str]:
    """Every file, and every folder of what is on its way."""
    found = (one for one in folder.rglob("*") if one.is_file() or one.parent == folder / ".open")
    return sorted(str(one.relative_to(folder)) for one in found)


async def slowly(then: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
    """A body in whose middle something happens."""
    yield b"12"
    await then()
    yield b"34"


@looped
async def test_what_a_device_writes_again_takes_its_room_once(tmp_path: Path) -> None:
    """UPLOAD-14"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        for _ in range(3):
            await hub.stage(place, "a", b"12345678")
            await hub.put(place, b"12345678")
        assert hub.room.taken == 16
        await hub.join(place, "a")
        await hub.finish(place)
        assert hub.room.taken == 8


@looped
async def test_a_block_that_comes_twice_at_once_takes_the_room_of_the_one_that_stays(
    tmp_path: Path,
) -> None:
    """UPLOAD-14"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        for _ in range(10):
            await asyncio.gather(hub.stage(place, "a", b"1234567"), hub.stage(place, "a", b"1"))
        await hub.finish(place, well=False)
        assert (hub.room.taken, left(tmp_path)) == (0, [])


@looped
async def test_an_upload_has_so_many_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPLOAD-11"""
    monkeypatch.setattr(sending, "MAX_BLOCKS", 2)
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        for name in "abb":  # the last one anew
            await hub.stage(place, name, b"1")
        with pytest.raises(TooManyUploads):
            await hub.stage(place, "c", b"1")


@looped
async def test_a_blob_that_somebody_takes_away_is_not_said_to_be_there(tmp_path: Path) -> None:
    """UPLOAD-12"""

    class Thief(FolderUploads):
        @asynccontextmanager
        async def put(self, upload: str, blob: str) -> AsyncIterator[Placing]:
            async with super().put(upload, blob) as sink:
                yield sink
            (tmp_path / blob).unlink()

    async with uploading(Thief(tmp_path)) as hub:
        with pytest.raises(Unavailable, match="was taken away"):
            await hub.put(await hub.begin())


@pytest.mark.parametrize("is_block", [False, True])
@looped
async def test_a_body_that_takes_longer_than_its_upload_leaves_nothing(
    is_block: bool, tmp_path: Path
) -> None:
    """UPLOAD-10"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        body = Body(slowly(lambda: hub.finish(place, well=False)))
        with pytest.raises(Unauthorized, match="not one of an upload that is open"):
            await hub.send(place, body, "a" if is_block else None)
        assert (hub.room.taken, left(tmp_path)) == (0, [])


@looped
async def test_a_block_that_is_whole_as_its_upload_ends_is_let_go(tmp_path: Path) -> None:
    """UPLOAD-24: nobody would have looked for it before the next start."""

    class Late(FolderUploads):
        @asynccontextmanager
        async def stage(self, upload: str, block: str) -> AsyncIterator[Placing]:
            async with super().stage(upload, block) as sink:
                yield sink
            await hub.finish(place, well=False)
            await self.discard(upload)
            async with super().stage(upload, block):
                pass

    async with uploading(Late(tmp_path)) as hub:
        place = await hub.begin()
        with pytest.raises(Unauthorized, match="has ended"):
            await hub.stage(place, "a", b"12")
        assert (hub.room.taken, left(tmp_path)) == (0, [])


@looped
async def test_a_device_that_is_switched_off_sends_no_more(tmp_path: Path) -> None:
    """UPLOAD-10"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()

        async def disabled() -> None:
            said: JsonObject = {"status": "disabled"}
            await hub.life.registry.put(key_of("d"), said, if_match="*", by=OWNER)

        with pytest.raises(Disabled):
            await hub.send(place, Body(slowly(disabled)))
        assert left(tmp_path) == [".open/" + place.upload.id]


@looped
async def test_so_many_bodies_of_a_device_are_on_their_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPLOAD-14"""
    monkeypatch.setattr(sending, "MAX_BODIES", 1)
    async with uploading(tmp_path) as hub:
        first, other = await hub.begin(), await hub.begin(device="e")

        async def meanwhile() -> None:
            with pytest.raises(Throttled, match="1 of 1 bodies of d are on their way"):
                await hub.put(first)
            await hub.put(other)
            assert hub.told()["_bodies"] == 1

        await hub.send(first, Body(slowly(meanwhile)))
        await hub.put(first)
        assert hub.told()["_bodies"] == 0


@pytest.mark.parametrize(("block", "size"), [(None, 11), ("a", 21)])
@looped
async def test_a_body_that_says_it_is_too_large_is_not_read(
    block: str | None, size: int, tmp_path: Path
) -> None:
    """UPLOAD-14"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        with pytest.raises(BodyTooLarge, match=f"it takes {size} or more of {size - 1} bytes"):
            await hub.send(place, Body(slowly(_never), size=size), block)
        assert hub.told()["_received_bytes_total"] == 0


async def _never() -> None:
    raise AssertionError("it was read")


@looped
async def test_a_blob_is_made_of_what_was_sent_and_where_there_is_none(tmp_path: Path) -> None:
    """UPLOAD-11, UPLOAD-12"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.stage(place, "a", b"12")
        with pytest.raises(NotFound, match="was not sent"):
            await hub.join(place, "a", "b")
        assert (await hub.join(place, "a", "a", only_new=True)).size_bytes == 4
        with pytest.raises(BlobExists, match="d/x is there"):
            await hub.join(place, "a", only_new=True)


@looped
async def test_a_body_is_the_one_that_its_sender_means(tmp_path: Path) -> None:
    """UPLOAD-13"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.send(place, Body(pieces(b"1", b"2"), hashlib.md5(b"12").digest()))
        with pytest.raises(Malformed, match="Content-MD5"):
            await hub.send(place, Body(pieces(b"34"), hashlib.md5(b"12").digest()))
        assert hub.room.taken == 2


@looped
async def test_files_that_were_taken_away_leave_room(tmp_path: Path) -> None:
    """UPLOAD-14: it was theirs until the next start."""
    async with uploading(tmp_path) as hub:
        hub.room.max_total = 15
        first, second = await hub.begin("x"), await hub.begin("y")
        await hub.put(first, b"1234567890")
        (tmp_path / "d/x").unlink()

        async def refused() -> None:
            with pytest.raises(BodyTooLarge, match="more than 15 bytes"):
                await hub.put(second, b"1234567890")

        await refused()
        hub.life.clock.advance(TEND_S)
        await hub.until(lambda: not hub.room.taken)
        await hub.put(second, b"1234567890")
        await refused()
        assert hub.room.taken == 10


@looped
async def test_an_end_that_fails_keeps_the_blocks(tmp_path: Path) -> None:
    """UPLOAD-20"""
    async with uploading(tmp_path) as hub:
        place = await hub.begin()
        await hub.stage(place, "a", b"12")
        hub.life.disk.hold()
        ending = asyncio.ensure_future(hub.finish(place, well=False))
        await hub.life.turn()
        with pytest.raises(Unauthorized):
            await hub.stage(place, "b", b"34")
        hub.life.disk.fails = True
        hub.life.disk.release()
        with pytest.raises(Unavailable):
            await ending
        hub.life.disk.fails = False
        assert (await hub.join(place, "a")).size_bytes == 2
