"""`affinage device retire` and `replace`, against a hub."""

from fakes.command_line import CommandLine


def test_devices_are_retired_listed_and_brought_back(affinage: CommandLine) -> None:
    """REPLACE-1, REPLACE-3, REPLACE-4"""
    affinage.ok("device", "create", "r1", "--tag", "retiring=1")
    affinage.ok("device", "create", "r2", "--tag", "retiring=1")
    shown = affinage.json("device", "retire", "r1", "r2", "--reason", "scrapped")
    assert [(one["deviceId"], one["statusReason"]) for one in shown] == [
        ("r1", "scrapped"),
        ("r2", "scrapped"),
    ]
    assert affinage.json("device", "list", "--where", "tags.retiring = 1") == []
    listed = affinage.ok("device", "list", "--retired").lines
    assert [line.split()[0] for line in listed[1:]] == ["r1", "r2"]
    affinage.ok("device", "retire", "r1", "--undo")
    rows = affinage.json("device", "list", "--where", "tags.retiring = 1")
    assert [one["deviceId"] for one in rows] == ["r1"]


def test_a_device_takes_anothers_place(affinage: CommandLine) -> None:
    """REPLACE-10, REPLACE-12"""
    affinage.ok("device", "create", "old", "--tag", "site=x")
    affinage.ok("device", "create", "new")
    out = affinage.ok("device", "replace", "old", "new").lines
    assert [line.split()[:2] for line in out[1:]] == [["old", "disabled"], ["new", "enabled"]]
    refused = affinage("device", "replace", "old", "new", "--json")
    assert (refused.status, "new cannot replace old: it has tags" in refused.err) == (1, True)
    assert "create a new device, and name it" in refused.err
    affinage.ok("device", "create", "third")
    assert affinage.json("device", "replace", "new", "third")["new"]["tags"] == {"site": "x"}


def test_words_that_contradict_each_other_are_refused(affinage: CommandLine) -> None:
    assert affinage("device", "retire", "x", "--undo", "--reason", "y").status == 2
    assert affinage("device", "list", "--retired", "--where", "tags.a = 1").status == 2
