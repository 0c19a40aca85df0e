"""adapters/files/uploads.py: what is its own; the rest is tests/contract/test_uploads.py."""

from pathlib import Path

import pytest

from affinage.adapters.files.uploads import FolderUploads
from affinage.domain.errors import Unavailable
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
