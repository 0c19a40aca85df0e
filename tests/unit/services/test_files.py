"""services/files.py."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import Forbidden, Invalid, NoFile, NoUploads
from affinage.domain.principal import Right
from affinage.services.files import Files
from affinage.services.pages import Page
from affinage.services.room import Room
from fakes.life import OWNER, Life, itself, living, policy
from fakes.looped import looped


@asynccontextmanager
async def kept(folder: Path | None, *names: str) -> AsyncIterator[tuple[Files, Room, Life]]:
    """The files of a hub, each with its name in it."""
    store, room = FolderUploads(folder) if folder else None, Room()
    if store is not None:
        for name in names:
            async with store.put("u", name) as sink:
                await sink.write(name.encode())
        room.found(await store.open([]))
    async with living() as life:
        yield Files(life.fleet, store, room), room, life


async def read(files: Files, name: str) -> bytes:
    async with aclosing(files.read(name, by=OWNER)) as pieces:
        return b"".join([piece async for piece in pieces])


def named(page: Page) -> list[object]:
    return [row["name"] for row in page.rows]


@looped
async def test_files_are_listed_page_by_page(tmp_path: Path) -> None:
    """UPLOAD-30"""
    names = ["d/a/b", "d/a c", "e/x", "e/y"]
    async with kept(tmp_path, *names) as (files, *_):
        first = await files.page(limit=3, by=OWNER)
        assert (named(first), first.continuation) == (names[:3], "e/x")
        assert {*first.rows[0]} == {"name", "size", "updatedAt"}
        second = await files.page(after="e/x", limit=3, by=OWNER)
        assert (named(second), second.continuation) == (names[3:], None)
        with pytest.raises(Invalid, match="a page of 0 rows"):
            await files.page(limit=0, by=OWNER)


@pytest.mark.parametrize(
    ("after", "found"),
    [(None, ["e/x", "e/y"]), ("e/x", ["e/y"]), ("d/z", ["e/x", "e/y"]), ("f/a", [])],
)
@looped
async def test_those_of_one_device_are_listed(
    after: str | None, found: list[str], tmp_path: Path
) -> None:
    """UPLOAD-30"""
    async with kept(tmp_path, "d/a", "e/x", "e/y", "f/a") as (files, *_):
        assert named(await files.page(device="e", after=after, by=OWNER)) == found


@looped
async def test_a_file_is_fetched_and_deleted(tmp_path: Path) -> None:
    """UPLOAD-31, UPLOAD-32"""
    async with kept(tmp_path, "d/a/b", "d/c") as (files, room, life):
        assert (await read(files, "d/a/b"), room.taken) == (b"d/a/b", 8)
        assert files.room is room
        await files.delete("d/a/b", by=OWNER)
        assert (room.taken, named(await files.page(by=OWNER))) == (3, ["d/c"])
        [entry] = [one for one in await life.fleet.entries(None, 9) if one.action == "file.delete"]
        assert (entry.subject, entry.name) == ("d/a/b", OWNER.name)
        assert (entry.before is None, entry.after) == (False, None)
        for gone in (files.delete("d/a/b", by=OWNER), read(files, "d/a/b")):
            with pytest.raises(NoFile, match="there is no file d/a/b"):
                await gone


@pytest.mark.parametrize("name", ["", "d", "d/", "/x", "d/../../x", "d/\0", "d//x"])
@looped
async def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path) -> None:
    """UPLOAD-33"""
    async with kept(tmp_path) as (files, *_):
        for asked in (files.get(name, by=OWNER), files.delete(name, by=OWNER)):
            with pytest.raises(Invalid):
                await asked


@looped
async def test_it_takes_the_right_to_connect_as_a_service(tmp_path: Path) -> None:
    """UPLOAD-33"""
    async with kept(tmp_path, "d/a") as (files, *_):
        for by in (itself("d"), policy(Right.REGISTRY_WRITE)):
            for asked in (files.page(by=by), files.get("d/a", by=by), files.delete("d/a", by=by)):
                with pytest.raises(Forbidden):
                    await asked
        assert (await files.get("d/a", by=policy(Right.SERVICE_CONNECT)))["size"] == 3


@looped
async def test_a_hub_without_a_folder_has_none() -> None:
    """UPLOAD-1"""
    async with kept(None) as (files, *_):
        assert files.room is None
        with pytest.raises(NoUploads):
            await files.page(by=OWNER)
