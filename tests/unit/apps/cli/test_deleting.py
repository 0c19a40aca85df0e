"""apps/cli/deleting.py, by devices."""

from fakes.command_line import CommandLine


def test_each_is_gone_and_told_up_to_the_first_that_was_not_there(
    affinage: CommandLine,
) -> None:
    affinage.ok("device", "create", "gone")
    answer = affinage("device", "delete", "gone", "never-was")
    assert answer.status == 1
    assert "device gone is deleted" in answer.err
    assert "affinage device list" in answer.err
    assert affinage("device", "show", "gone").status == 1
