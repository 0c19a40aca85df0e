from pathlib import Path

from fakes.command_line import CommandLine, run


def test_the_story_is_told_to_its_end(tmp_path: Path) -> None:
    answer = run("demo", "--devices", "4", "--pace", "0.005", "--data", str(tmp_path / "hub"))
    assert answer.status == 0, answer
    assert answer.lines[-1] == "All as told."
    assert (tmp_path / "hub/hub.db").exists()


def test_a_folder_of_its_own_goes_in_the_end_and_one_in_use_is_refused(
    affinage: CommandLine,
) -> None:
    assert affinage("demo").status == 1


def test_there_must_be_a_device_that_the_bad_firmware_does_not_suit() -> None:
    assert run("demo", "--devices", "3").status == 2
