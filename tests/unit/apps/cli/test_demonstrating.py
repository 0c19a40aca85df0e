from pathlib import Path

import pytest

from fakes.command_line import CommandLine, run


def test_the_story_is_told_to_its_end_and_its_folder_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = run("demo", "--devices", "4", "--pace", "0.005")
    assert answer.status == 0, answer
    assert answer.lines[-2] == "All as told."
    assert not [*tmp_path.iterdir()]


def test_a_folder_in_use_is_refused(affinage: CommandLine) -> None:
    assert affinage("demo").status == 1


def test_there_must_be_a_device_that_the_bad_firmware_does_not_suit() -> None:
    assert run("demo", "--devices", "3").status == 2
