"""adapters/files/folder.py."""

import stat
from pathlib import Path

import pytest

from affinage.adapters.files.folder import PRIVATE, DataFolder, is_in_use, write_whole
from affinage.domain.errors import Unavailable


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "hub" / "data")
    assert folder.path.is_dir()
    folder.close()


def test_two_hubs_never_open_one_folder(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(Unavailable, match=r"in use by another hub.*--data") as refusal:
        DataFolder(tmp_path)
    assert str(tmp_path) in str(refusal.value)
    first.close()
    DataFolder(tmp_path).close()


def test_a_folder_is_in_use_while_a_hub_has_it(tmp_path: Path) -> None:
    assert not is_in_use(tmp_path)
    assert [*tmp_path.iterdir()] == []
    folder = DataFolder(tmp_path)
    assert is_in_use(tmp_path)
    folder.close()
    assert not is_in_use(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match=r"the data folder .*file cannot be used"):
        DataFolder(tmp_path / "file")


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "tls" / "ca.pem"
    write_whole(path, b"a longer text")
    write_whole(path, b"short")
    assert path.read_bytes() == b"short"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_kill_left_half_written_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    (tmp_path / ".ca.pem.new").write_bytes(b"half of a much longer text")
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"


def test_a_private_file_is_its_owners_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "key", b"k", PRIVATE)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "is-a-folder"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path, b"x")
    assert path.is_dir()


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new")
    folder.close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
