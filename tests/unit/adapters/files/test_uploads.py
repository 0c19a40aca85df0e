"""adapters/files/uploads.py: what is its own; the rest is tests/contract/test_uploads.py."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from affinage.adapters.files import uploads
from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import Conflict, NotFound, Unavailable
from fakes.looped import looped


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("blob", "path"),
    [("d/x y", "d/x y"), ("../x", "%../x"), (".open/x", "%.open/x"), ("%d/.x", "%%d/%.x")],
)
@looped
async def test_a_blob_is_the_file_of_its_name(blob: str, path: str, tmp_path: Path) -> None:
    """UPLOAD-3: no device's folder leads out, or is the one of what is on its way."""
    store = FolderUploads(tmp_path / "in")
    async with store.put("u", blob) as sink:
        await sink.write(b"whole")
    assert (tmp_path / "in" / path).read_bytes() == b"whole"
    assert names(tmp_path) == ["in"]


@looped
async def test_what_a_kill_left_half_is_gone_after_the_next_start(tmp_path: Path) -> None:
    """UPLOAD-12"""
    left = tmp_path / ".open/u/tmpleft"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    store = FolderUploads(tmp_path)
    assert await store.staged("u") == {}
    assert await store.open({"u"}) == 0
    assert not left.exists()


@looped
async def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="the folder for uploads cannot be used: "):
        await FolderUploads(tmp_path / "file").open([])


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """Have the system refuse to write more into a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [2_000, 200_000])
@looped
async def test_a_full_disk_is_told_whenever_it_is_met(size: int, tmp_path: Path) -> None:
    """UPLOAD-14: of a small file it was met as the file was closed, and told as a fault of ours."""
    store = FolderUploads(tmp_path)
    with files_up_to(1_000), pytest.raises(Unavailable, match="cannot be used: file too large"):
        async with store.put("u", "d/x") as sink:
            await sink.write(b"x" * size)
    assert (names(tmp_path / ".open/u"), await store.find("d/x")) == ([], None)


@looped
async def test_some_of_the_disk_stays_free(tmp_path: Path) -> None:
    """UPLOAD-14"""
    store = FolderUploads(tmp_path, spare=1.0)
    await store.open([])
    with pytest.raises(Unavailable, match="cannot be used: no space left on device"):
        async with store.put("u", "d/x"):
            pass
    assert names(tmp_path / ".open/u") == []


@looped
async def test_what_is_on_its_way_or_gone_is_not_measured(tmp_path: Path) -> None:
    """UPLOAD-14"""
    store = FolderUploads(tmp_path)
    async with store.put("u", "d/tmp") as sink:
        await sink.write(b"x" * 100_000)
        assert await store.measure() == 0
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert await store.measure() == 100_000 + len(str(tmp_path / "nowhere"))
    (tmp_path / "d/tmp").unlink()
    (tmp_path / "link").unlink()
    assert await store.measure() == 0
    assert uploads._size(tmp_path / "d/tmp") == 0


async def sent(store: FolderUploads, name: str, body: bytes) -> None:
    async with store.put("u", name) as sink:
        await sink.write(body)


@looped
async def test_a_device_is_listed_from_where_a_page_ended(tmp_path: Path) -> None:
    """UPLOAD-30"""
    store = FolderUploads(tmp_path)
    for name in ("d/a", "d/b", "e/c"):
        await sent(store, name, b"1")
    (tmp_path / "stray").touch()
    pages = [
        [name for name, _ in await store.page(device, after, 9)]
        for device, after in (("", "d/a"), ("d", "d/a"), ("d", "c/z"), ("d", "e/c"), ("d", ""))
    ]
    assert pages == [["d/b", "e/c"], ["d/b"], ["d/a", "d/b"], [], ["d/a", "d/b"]]


@looped
async def test_a_blob_that_is_deleted_leaves_the_folders_of_others(tmp_path: Path) -> None:
    """UPLOAD-32"""
    store = FolderUploads(tmp_path)
    for name in ("d/a/b/c", "d/a/z"):
        await sent(store, name, b"12")
    assert [await store.delete("d/a/b/c") for _ in range(2)] == [2, 0]
    assert names(tmp_path / "d/a") == ["z"]
    assert await store.delete("d/a/z") == 2
    assert names(tmp_path) == [".open"]


@pytest.mark.parametrize("name", ["d/none", "d/a/under", "d"])
@looped
async def test_what_is_no_blob_is_not_read(name: str, tmp_path: Path) -> None:
    """UPLOAD-31"""
    store = FolderUploads(tmp_path)
    await sent(store, "d/a", b"12")
    assert b"".join([piece async for piece in store.read("d/a")]) == b"12"
    with pytest.raises(NotFound, match=f"there is no {name}"):
        _ = [piece async for piece in store.read(name)]


@looped
async def test_what_stands_where_a_folder_belongs_is_told(tmp_path: Path) -> None:
    """UPLOAD-12"""
    store = FolderUploads(tmp_path)
    await sent(store, "d/a", b"12")
    with pytest.raises(Conflict, match="b cannot be a file and a folder"):
        await sent(store, "d/a/b", b"1")
    assert await store.find("d/a/b") is None


@looped
async def test_blocks_are_joined_and_let_go(tmp_path: Path) -> None:
    """UPLOAD-11, UPLOAD-24"""
    store = FolderUploads(tmp_path)
    async with store.stage("u", "a") as sink:
        await sink.write(b"12")
    assert await store.join("u", ["a", "a"], "d/x") == 0
    with pytest.raises(NotFound, match="was not sent"):
        await store.join("u", ["a", "b"], "d/x")
    kept = await store.find("d/x")
    assert (kept and kept.size_bytes, await store.staged("u")) == (4, {"a": 2})
    await store.discard("u")
    assert (await store.staged("u"), names(tmp_path / ".open")) == ({}, [])
