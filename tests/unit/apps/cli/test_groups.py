"""`affinage group`: every verb, against a hub."""

import pytest

from fakes.command_line import CommandLine

RING = "tags.ring = 'canary'"


@pytest.fixture(autouse=True, scope="module")
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "g1", "--tag", "ring=canary")
    affinage.ok("device", "create", "g2")


def test_one_is_made_shown_and_listed(affinage: CommandLine) -> None:
    """GROUP-9"""
    made = affinage.json("group", "create", "canaries", "--where", RING, "--description", "first")
    assert (made["condition"], made["description"], made["count"]) == (RING, "first", 1)
    assert affinage.json("group", "show", "canaries")["etag"] == made["etag"]
    listed = affinage.ok("group", "list").out
    assert "canaries" in listed
    assert RING in listed


def test_what_a_change_does_not_name_stays(affinage: CommandLine) -> None:
    """GROUP-8"""
    affinage.ok("group", "create", "changed", "--where", RING, "--description", "first")
    other = affinage.json("group", "update", "changed", "--where", "tags.ring = 'x'")
    assert (other["condition"], other["description"]) == ("tags.ring = 'x'", "first")
    told = affinage.json("group", "update", "changed", "--description", "second")
    assert (told["condition"], told["description"]) == ("tags.ring = 'x'", "second")
    assert affinage("group", "update", "changed").status == 2


def test_its_members_are_listed(affinage: CommandLine) -> None:
    """GROUP-10"""
    affinage.ok("group", "create", "members", "--where", RING)
    assert [row["deviceId"] for row in affinage.json("group", "members", "members")] == ["g1"]
    assert "g1" in affinage.ok("group", "members", "members").out


def test_one_that_is_named_is_not_deleted(affinage: CommandLine) -> None:
    """GROUP-7"""
    affinage.ok("group", "create", "named", "--where", RING)
    affinage.ok("config", "create", "--id", "names-it", "--target", "GROUP('named')")
    answer = affinage("group", "delete", "named")
    assert (answer.status, "named by configuration names-it" in answer.err) == (1, True)
    assert "let them name another condition first" in answer.err
    assert "named by" in affinage.ok("group", "list").out
    affinage.ok("config", "delete", "names-it")
    assert affinage.ok("group", "delete", "named").err == "group named is deleted\n"
    gone = affinage("group", "show", "named")
    assert (gone.status, "`affinage group list`" in gone.err) == (1, True)
