"""adapters/files/listing.py."""

import os
from pathlib import Path

import pytest

from affinage.adapters.files.listing import Parts, files_below

NAMES = [("a", "b", "c"), ("a", "b", "d"), ("a", "x y"), ("a b",), ("d",)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for parts in NAMES:
        path = tmp_path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_files_come_in_the_order_of_their_names_part_by_part(folder: Path) -> None:
    """UPLOAD-30"""
    assert [*files_below(folder)] == NAMES
    for number, name in enumerate(NAMES):
        assert [*files_below(folder, name)] == NAMES[number + 1 :]


@pytest.mark.parametrize(
    ("after", "first"),
    [(("a",), 0), (("a", "b"), 0), (("a", "b", "cc"), 1), (("d", "x"), 5), (("", "z"), 0)],
)
def test_what_is_behind_a_name_that_has_gone_is_found(
    after: Parts, first: int, folder: Path
) -> None:
    """UPLOAD-30"""
    assert [*files_below(folder, after)] == NAMES[first:]


def test_only_what_the_hub_wrote_is_listed(tmp_path: Path) -> None:
    """UPLOAD-30, UPLOAD-33"""
    for name in (".hidden", "%plain", "%", "%.dot", "%%sign", "öl\xa0"):
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"\xff")).touch()
    (tmp_path / "link").symlink_to(tmp_path / "%.dot")
    assert [*files_below(tmp_path)] == [("%sign",), (".dot",), ("öl\xa0",)]
    assert [*files_below(tmp_path / "nowhere")] == []
