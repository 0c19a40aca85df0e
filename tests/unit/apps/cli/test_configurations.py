import json
import re
from pathlib import Path

import pytest

from affinage.apps.cli.configurations import counted, created
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine

FAN = "properties.desired.fan=3"
TAGGED = "SELECT deviceId FROM devices WHERE tags.a = 1"


@pytest.fixture(autouse=True, scope="module")
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "--count", "3", "--prefix", "c", "--tag", "a=1")


def test_one_is_made_from_options(affinage: CommandLine) -> None:
    words = ("--target", "tags.a = 1", "--priority", "7", "--metric", f"n={TAGGED}")
    made = affinage.json("config", "create", "--id", "options", "--set", FAN, *words)
    assert made["content"] == {"deviceContent": {"properties.desired.fan": 3}}
    assert (made["targetCondition"], made["priority"]) == ("tags.a = 1", 7)
    assert made["metrics"] == {"queries": {"n": TAGGED}, "results": {"n": 3}}


def test_one_is_made_from_a_file_and_taken_again_from_what_is_shown(
    affinage: CommandLine, tmp_path: Path
) -> None:
    affinage.ok("config", "create", "--id", "first", "--set", FAN, "--label", "by=me")
    shown = affinage.json("config", "show", "first")
    (tmp_path / "rule.json").write_text(json.dumps(shown))
    made = affinage.json("config", "create", str(tmp_path / "rule.json"), "--id", "second")
    assert (made["labels"], made["content"]) == (shown["labels"], shown["content"])


def test_what_a_change_does_not_name_stays(affinage: CommandLine) -> None:
    words = ("--priority", "3", "--label", "by=me", "--label", "for=you")
    affinage.ok("config", "create", "--id", "kept", "--set", FAN, *words)
    changed = affinage.json("config", "update", "kept", "--target", "tags.a = 1", "--label", "by=")
    assert (changed["targetCondition"], changed["priority"]) == ("tags.a = 1", 3)
    assert changed["labels"] == {"for": "you"}
    assert changed["content"] == {"deviceContent": {"properties.desired.fan": 3}}


def test_changed_content_is_refused_and_the_way_out_told(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "fixed", "--set", FAN)
    other = '{"deviceContent": {"properties.desired.fan": 4}}'
    answer = affinage("config", "update", "fixed", "--file", "-", stdin=other)
    assert answer.status == 1
    assert "new id, with a higher priority" in answer.err


def test_a_file_takes_the_place_of_the_old_one(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "old", "--set", FAN, "--label", "by=me")
    changed = affinage.json("config", "update", "old", "--file", "-", stdin='{"priority": 9}')
    assert (changed["priority"], changed["labels"]) == (9, {})


def test_a_file_of_another_one_changes_neither(affinage: CommandLine) -> None:
    answer = affinage("config", "update", "mine", "--file", "-", stdin='{"id": "yours"}')
    assert answer.status == 2
    assert "'yours', not of 'mine'" in answer.err


def test_one_that_exists_is_not_made_again(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "once")
    answer = affinage("config", "create", "--id", "once")
    assert answer.status == 1
    assert "affinage config update" in answer.err


def test_a_list_has_the_counts(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "listed", "--target", "tags.a = 1", "--set", FAN)
    affinage.ok("config", "watch", "listed", "--until", "targeted=3")
    (row,) = [line for line in affinage.ok("config", "list").lines if line.startswith("listed")]
    assert row.split()[:6] == ["listed", "0", "tags.a", "=", "1", "3"]


def test_people_are_shown_the_counts_side_by_side(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "read", "--metric", f"n={TAGGED}")
    shown = affinage.ok("config", "show", "read").out
    assert '"targeted": 0' in shown
    assert '"n": 3' in shown
    assert "systemMetrics" not in shown


def test_a_deleted_one_is_gone(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "gone")
    assert affinage.ok("config", "delete", "gone").err == "configuration gone is deleted\n"
    answer = affinage("config", "show", "gone")
    assert answer.status == 1
    assert "affinage config list" in answer.err


def test_people_are_shown_since_when_counts_are_what_they_are(affinage: CommandLine) -> None:
    affinage.ok("config", "create", "--id", "dated", "--target", "tags.a = 1")
    assert re.search(r"counted +20\d\d-\d\d-\d\dT", affinage.ok("config", "show", "dated").out)


def test_the_oldest_count_is_told_and_what_is_missing() -> None:
    """CONFIGURATION-30"""
    made: list[JsonObject] = [
        {"name": "a", "countedAt": "2025-01-02T00:00:00Z"},
        {"name": "b", "countedAt": "2025-01-01T00:00:00Z"},
    ]
    missing: JsonObject = {"name": "c", "countedAt": None}
    assert counted(made) == "2025-01-01T00:00:00Z"
    assert counted([*made, missing]) == "2025-01-01T00:00:00Z; not yet: c"
    assert (counted([missing]), counted([])) == ("not yet: c", None)


def test_what_is_wrong_with_a_condition_is_shown_with_its_place(affinage: CommandLine) -> None:
    answer = affinage("config", "create", "--id", "wrong", "--target", "tags.a = = 1")
    assert answer.status == 1
    assert "^" in answer.err


def test_a_change_must_name_something(affinage: CommandLine) -> None:
    assert affinage("config", "update", "any").status == 2
    assert affinage("config", "update", "any", "--label", "x").status == 2


def test_one_that_may_flap_is_made_with_a_warning(affinage: CommandLine) -> None:
    """CONFIGURATION-23"""
    reads = ("--target", "properties.reported.fan = 1")
    made = affinage.ok("config", "create", "--id", "flaps", "--set", FAN, *reads, "--json")
    assert "warning: the condition of flaps reads properties.reported.fan" in made.err
    assert "warning" not in made.out
    changed = affinage.ok("config", "update", "flaps", "--target", "tags.a = 1")
    assert "the condition of flaps" not in changed.err


def test_one_that_is_outranked_is_made_with_a_warning(affinage: CommandLine) -> None:
    """CONFIGURATION-40"""
    words = ("--set", "properties.desired.pump=1", "--target", "tags.a = 1")
    affinage.ok("config", "create", "--id", "wins", *words, "--priority", "9")
    made = affinage.ok("config", "create", "--id", "loses", *words)
    assert "warning: configuration wins of priority 9 writes properties.desired.pump" in made.err


def test_moments_sort_whatever_their_fractions_are() -> None:
    """One in a thousand has none."""
    texts = ["2026-11-21T10:00:05Z", "2026-11-21T10:00:05.1Z", "2026-11-21T10:00:05.12Z"]
    rows: list[JsonObject] = [{"createdTimeUtc": text} for text in reversed(texts)]
    assert [row["createdTimeUtc"] for row in sorted(rows, key=created)] == texts


def test_they_are_listed_by_label(affinage: CommandLine) -> None:
    """CONFIGURATION-41"""
    for name, wave in (("l1", "pilot"), ("l2", "early"), ("l3", "pilot")):
        affinage.ok("config", "create", "--id", name, "--label", f"wave={wave}", "--label", "l=x")
    pilot = affinage.json("config", "list", "--label", "wave=pilot", "--label", "l")
    assert [one["id"] for one in pilot] == ["l1", "l3"]
    found = affinage.json("config", "list", "--label", "l", "--group-by", "wave")
    ids = [(row["value"], [one["id"] for one in row["configurations"]]) for row in found]
    assert ids == [("early", ["l2"]), ("pilot", ["l1", "l3"])]
    lines = affinage.ok("config", "list", "--label", "l", "--group-by", "wave").lines
    assert [line.split()[:2] for line in lines[1:]] == [
        ["early", "l2"],
        ["pilot", "l1"],
        ["pilot", "l3"],
    ]
    assert affinage("config", "list", "--label", "=x").status == 1
