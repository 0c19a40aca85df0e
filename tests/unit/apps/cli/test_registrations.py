"""`affinage registration`: every verb, against a hub."""

from fakes.command_line import CommandLine


def test_those_of_a_group_are_listed(affinage: CommandLine) -> None:
    """PROV-28"""
    affinage.ok("enrollment", "create", "listed", "--group")
    assert affinage.json("registration", "list", "listed") == []
    assert affinage("registration", "list", "nobody").status == 1


def test_one_that_there_is_not_is_told(affinage: CommandLine) -> None:
    """PROV-26, PROV-27"""
    for verb in ("show", "delete"):
        answer = affinage("registration", verb, "nobody")
        assert (answer.status, "no registration nobody" in answer.err) == (1, True)
