"""The reader of our documents does what they say, and finds out where they are wrong."""

import json
from pathlib import Path

import pytest

from fakes.reader import Reader


def follow(folder: Path, page: str, **options: dict[str, str]) -> None:
    (folder / "page.md").write_text(page)
    with Reader(folder, **options) as reader:
        reader.follow(folder / "page.md")


def test_files_are_saved_commands_run_and_what_they_show_is_seen(tmp_path: Path) -> None:
    page = (
        "Save this as `a.json`:\n\n```json\n{}\n```\nThen\n```sh\ncat a.json\n```\n```text\n{}\n```"
    )
    follow(tmp_path, page)
    assert json.loads((tmp_path / "a.json").read_text()) == {}


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        follow(tmp_path, "Run\n\n```sh\nfalse\ntrue\n```\n")


def test_another_output_than_the_page_shows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        follow(tmp_path, "Run\n\n```sh\necho one\n```\n\n```text\ntwo\n```\n")


def test_lines_in_another_order_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        follow(tmp_path, "Run\n\n```sh\necho b; echo a\n```\n\n```text\na\nb\n```\n")


def test_dots_stand_for_anything_and_spaces_do_not_count(tmp_path: Path) -> None:
    follow(tmp_path, "Run\n\n```sh\necho 'a   b c'\n```\n\n```text\na b …\n```\n")


def test_an_example_that_is_malformed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(json.JSONDecodeError):
        follow(tmp_path, "Like\n\n```json\n{,}\n```\n")


@pytest.mark.parametrize("line", [" a: 1", "a 1", "\ta: 1"])
def test_yaml_that_is_malformed_is_an_error(tmp_path: Path, line: str) -> None:
    follow(tmp_path, "Like\n\n```yaml\na:\n  - b: [1]\n    c: d\n```\n")
    with pytest.raises(ValueError, match="not as our pages"):
        follow(tmp_path, f"Like\n\n```yaml\n{line}\n```\n")


def test_a_kind_of_block_that_nobody_checks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        follow(tmp_path, "Like\n\n```\nmake coffee\n```\n")


def test_what_runs_on_is_ended_with_the_page(tmp_path: Path) -> None:
    page = "In a terminal of its own:\n\n```sh\nsleep 1000\n```\nHere:\n```sh\ntrue\n```\n"
    with Reader(tmp_path) as reader:
        (tmp_path / "page.md").write_text(page)
        reader.follow(tmp_path / "page.md")
        (running,) = reader.running
        assert running.poll() is None
    assert running.poll() is not None


def test_the_machine_may_write_something_else(tmp_path: Path) -> None:
    page = "Run\n\n```sh\necho cave\n```\n\n```text\ncellar\n```\n"
    follow(tmp_path, page, instead={"cave": "cellar"})
    with pytest.raises(AssertionError):
        follow(tmp_path, page)


def test_a_command_has_the_environment_that_is_given(tmp_path: Path) -> None:
    follow(tmp_path, 'Run\n\n```sh\ntest "$CHEESE" = comte\n```\n', environment={"CHEESE": "comte"})
