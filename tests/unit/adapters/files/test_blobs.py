"""adapters/files/blobs.py: what leads out of the folder. The rest: tests/contract/test_blobs.py."""

from pathlib import Path

import pytest

from affinage.adapters.files.blobs import FolderBlobs
from affinage.domain.errors import Unavailable
from fakes.looped import looped


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc",
        "file://{folder}/../outside",
        "file://{folder}/%2e%2e/outside",
        "file://{folder}x",
        "file://other.host{folder}",
        "file://{folder}/link",
        "file://{folder}/a%00b",
        "{folder}",
    ],
)
def test_nothing_outside_is_admitted(uri: str, tmp_path: Path) -> None:
    """TRANSFER-5"""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    assert not FolderBlobs(folder).admits(uri.format(folder=folder))


def test_the_folder_and_what_is_in_it_are(tmp_path: Path) -> None:
    """TRANSFER-5"""
    blobs = FolderBlobs(tmp_path)
    for uri in (
        f"file://{tmp_path}",
        f"file://localhost{tmp_path}/a/b",
        f"file://{tmp_path}/a%20b",
    ):
        assert blobs.admits(uri)


@looped
async def test_a_link_that_was_made_since_leads_nowhere(tmp_path: Path) -> None:
    """TRANSFER-5"""
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("s")
    (folder / "x").symlink_to(secret)
    blobs, uri = FolderBlobs(folder), f"file://{folder}"
    with pytest.raises(Unavailable, match="x leads out of the folder"):
        async with blobs.read(uri, "x"):
            pass
    with pytest.raises(Unavailable, match="leads out"):
        async with blobs.write(uri, "x"):
            pass
    assert secret.read_text() == "s"


@looped
async def test_what_the_system_refuses_is_told_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    blobs, uri = FolderBlobs(tmp_path), f"file://{tmp_path}"
    with pytest.raises(Unavailable, match=r"^x cannot be reached: is a directory$"):
        async with blobs.read(uri, "x"):
            pass
    with pytest.raises(Unavailable, match=r"^x cannot be reached: is a directory$"):
        async with blobs.write(uri, "x"):
            pass
    assert names(tmp_path) == ["x"]
