"""`affinage file`: every verb, against a hub with a folder for uploads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.command_line import CommandLine, served_hub


@pytest.fixture(scope="module")
def affinage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    place = tmp_path_factory.mktemp("hub")
    for name in ("p1/logs/a.txt", "p1/b", "p2/c"):
        path = place / "uploads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name * 100_000)
    with served_hub(place / "data", upload_folder=place / "uploads") as line:
        yield line


def names(affinage: CommandLine, *words: str) -> list[str]:
    return [row["name"] for row in affinage.json("file", "list", *words)]


def test_files_are_listed(affinage: CommandLine) -> None:
    """UPLOAD-30"""
    assert names(affinage, "--device", "p1") == ["p1/b", "p1/logs/a.txt"]
    assert "p2/c  " in affinage.ok("file", "list").out


def test_one_is_fetched_into_a_new_file(affinage: CommandLine, tmp_path: Path) -> None:
    """UPLOAD-31"""
    target = tmp_path / "a.txt"
    said = affinage.ok("file", "fetch", "p1/logs/a.txt", str(target))
    assert f"p1/logs/a.txt is in {target}" in said.err
    assert target.read_text() == "p1/logs/a.txt" * 100_000
    again = affinage("file", "fetch", "p1/b", str(target))
    assert (again.status, "File exists" in again.err) == (2, True)
    assert target.read_text().startswith("p1/logs")


def test_what_cannot_be_fetched_leaves_nothing(affinage: CommandLine, tmp_path: Path) -> None:
    """UPLOAD-31"""
    answer = affinage("file", "fetch", "p1/none", str(tmp_path / "none"))
    assert (answer.status, [*tmp_path.iterdir()]) == (1, [])
    assert "there is no file p1/none" in answer.err


def test_several_are_deleted(affinage: CommandLine) -> None:
    """UPLOAD-32"""
    said = affinage.ok("file", "delete", "p2/c", "p1/b")
    assert "file p2/c is deleted" in said.err
    assert names(affinage) == ["p1/logs/a.txt"]
