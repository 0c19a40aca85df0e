"""What every place for uploads does: `ports.uploads.UploadStore`."""

from contextlib import suppress
from pathlib import Path

import pytest

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import Conflict, NotFound
from affinage.ports.uploads import UploadStore
from fakes.looped import looped


async def put(store: UploadStore, blob: str, body: bytes, upload: str = "u") -> None:
    async with store.put(upload, blob) as sink:
        await sink.write(body)


async def stage(store: UploadStore, block: str, body: bytes, upload: str = "u") -> None:
    async with store.stage(upload, block) as sink:
        await sink.write(body)


async def size(store: UploadStore, blob: str) -> int | None:
    kept = await store.find(blob)
    return kept and kept.size_bytes


@looped
async def test_a_blob_is_there_when_its_context_has_ended_well(tmp_path: Path) -> None:
    """UPLOAD-12"""
    store = FolderUploads(tmp_path)
    assert await size(store, "d/x/y") is None
    for body in (b"first", b"second one"):
        await put(store, "d/x/y", body)
        assert await size(store, "d/x/y") == len(body)


@looped
async def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    """UPLOAD-12, UPLOAD-13"""
    store = FolderUploads(tmp_path)
    await put(store, "d/x", b"first")
    with suppress(ZeroDivisionError):
        async with store.put("u", "d/x") as sink:
            await sink.write(b"half of it")
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with store.stage("u", "b"):
            raise ZeroDivisionError
    assert (await size(store, "d/x"), await store.staged("u")) == (5, {})


@looped
async def test_blocks_become_a_blob_in_the_order_asked_for(tmp_path: Path) -> None:
    """UPLOAD-11"""
    store = FolderUploads(tmp_path)
    for block, body in (("a", b"1"), ("b", b"22"), ("a", b"333")):
        await stage(store, block, body)
    assert await store.staged("u") == {"a": 3, "b": 2}
    await store.join("u", ["b", "a", "b"], "d/x")
    assert await size(store, "d/x") == 7
    with pytest.raises(NotFound, match="was not sent"):
        await store.join("u", ["b", "c"], "d/x")
    assert (await size(store, "d/x"), len(await store.staged("u"))) == (7, 2)
    await store.discard("u")
    assert await store.staged("u") == {}


@looped
async def test_a_new_start_keeps_the_blocks_of_uploads_that_are_known(tmp_path: Path) -> None:
    """UPLOAD-4, UPLOAD-24"""
    store = FolderUploads(tmp_path)
    await put(store, "d/x", b"12345")
    await stage(store, "a", b"12", upload="known")
    await stage(store, "a", b"12", upload="unknown")
    again = FolderUploads(tmp_path)
    assert await store.measure() == 9
    assert await again.open({"known"}) == 7 == await again.measure()
    assert (await again.staged("known"), await again.staged("unknown")) == ({"a": 2}, {})


@looped
async def test_a_name_is_a_blobs_or_a_folders(tmp_path: Path) -> None:
    store = FolderUploads(tmp_path)
    await put(store, "d/x", b"")
    with pytest.raises(Conflict):
        await put(store, "d/x/y", b"")
    await put(store, "d/folder/y", b"")
    with pytest.raises(Conflict):
        await put(store, "d/folder", b"")
    assert (await store.find("d/folder"), await store.find("d/x/y")) == (None, None)


@looped
async def test_blobs_are_paged_read_and_deleted(tmp_path: Path) -> None:
    """UPLOAD-30 to UPLOAD-32"""
    store = FolderUploads(tmp_path)
    for name in ("d/x/y", "d/x z", "e/.x", ".f/x"):
        await put(store, name, name.encode())
    await stage(store, "a", b"1234")
    pages = [await store.page("", "", 3), await store.page("", "d/x z", 3)]
    assert [[name for name, _ in page] for page in pages] == [[".f/x", "d/x/y", "d/x z"], ["e/.x"]]
    assert [kept.size_bytes for _, kept in await store.page("d", "", 9)] == [5, 5]
    assert b"".join([piece async for piece in store.read("e/.x")]) == b"e/.x"
    assert [await store.delete("d/x/y") for _ in range(2)] == [5, 0]
    await put(store, "d/x", b"")  # its name was a folder's
    with pytest.raises(NotFound):
        _ = [piece async for piece in store.read("d/x/y")]
