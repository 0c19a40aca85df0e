"""`affinage apply`, against a hub."""

import json
from pathlib import Path

import pytest

from fakes.command_line import CommandLine

FLEET = """
kind: Configuration
metadata: {name: NAME-fan, labels: {wave: pilot}}
spec:
  targetCondition: GROUP('NAME-outer')
  priority: 3
  deviceContent: {properties.desired.NAME: 3}
---
kind: Group
metadata: {name: NAME-outer}
spec: {condition: "GROUP('NAME-inner')"}
---
kind: Group
metadata: {name: NAME-inner}
spec: {condition: "tags.NAME = 'yes'", description: first}
---
kind: Device
metadata: {name: d1}
spec: {tags: {NAME: "yes"}, desired: {plain: 1}}
"""


@pytest.fixture(autouse=True, scope="module")
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "d1")


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The files of a test, with names of its own."""
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET.replace("NAME", request.node.name.replace("test_", "")[:6]))
    return path


def actions(affinage: CommandLine, *words: str | Path) -> list[str]:
    rows = affinage.json("apply", *map(str, words))
    return [f"{row['name']} {row['action']}" for row in rows]


def test_all_is_written_in_order_and_a_second_run_changes_nothing(
    affinage: CommandLine, file: Path
) -> None:
    """APPLY-2, APPLY-4"""
    names = ["all_is-inner", "all_is-outer", "d1", "all_is-fan"]
    first = [f"{names[0]} created", f"{names[1]} created", "d1 changed", f"{names[3]} created"]
    assert actions(affinage, "-f", file) == first
    assert actions(affinage, "-f", file) == [f"{name} unchanged" for name in names]
    twin = affinage.json("twin", "show", "d1")
    assert (twin["properties"]["desired"]["all_is"], twin["tags"]["all_is"]) == (3, "yes")


def test_what_changes_is_told(affinage: CommandLine, file: Path) -> None:
    """APPLY-4"""
    affinage.ok("apply", "-f", str(file))
    file.write_text(file.read_text().replace("priority: 3", "priority: 4").replace("first", "1st"))
    out = affinage.ok("apply", "-f", str(file)).out
    assert "priority: 3 → 4" in out
    assert 'description: "first" → "1st"' in out


def test_a_dry_run_writes_nothing(affinage: CommandLine, file: Path) -> None:
    """APPLY-6"""
    answer = affinage.ok("apply", "-f", str(file), "--dry-run")
    assert (answer.err, "created" in answer.out) == ("nothing was written\n", True)
    assert affinage("group", "show", "a_dry_-inner").status == 1


def test_changed_content_is_refused_before_anything_is_written(
    affinage: CommandLine, file: Path
) -> None:
    """APPLY-3, APPLY-5"""
    affinage.ok("apply", "-f", str(file))
    text = file.read_text()
    file.write_text(text.replace(": 3}", ": 4}").replace("first", "changed"))
    answer = affinage("apply", "-f", str(file))
    assert answer.status == 1
    assert "nothing was written" in answer.err
    assert "affinage config create --id change-fan-2 --priority 4 --target" in answer.err
    assert affinage.json("group", "show", "change-inner")["description"] == "first"


def test_what_names_nobody_is_refused_before_anything_is_written(
    affinage: CommandLine, file: Path, tmp_path: Path
) -> None:
    """APPLY-3"""
    text = file.read_text().replace("name: d1", "name: d9").replace("'what_n-inner'", "'nobody'")
    file.write_text(text)
    answer = affinage("apply", "-f", str(file))
    assert answer.status == 1
    for told in ("there is no group nobody", "there is no device d9: `affinage device create d9`"):
        assert told in answer.err
    assert affinage("group", "show", "what_n-inner").status == 1


def test_a_refusal_on_the_way_stops_and_says_how_far_it_came(
    affinage: CommandLine, tmp_path: Path
) -> None:
    """APPLY-7: the hub has room for a hundred configurations."""
    rules = [{"id": f"stop-{number:03}", "content": {}} for number in range(101)]
    (tmp_path / "many.json").write_text(json.dumps(rules))
    answer = affinage("apply", "-f", str(tmp_path / "many.json"), "--json")
    assert answer.status == 1
    done = [row["name"] for row in answer.document]
    assert f"{len(done)} of 101 documents were applied" in answer.err
    assert done == [one["id"] for one in rules[: len(done)]]
    for name in done:
        affinage.ok("config", "delete", name)


def test_files_may_come_from_everywhere(affinage: CommandLine, tmp_path: Path) -> None:
    """APPLY-1"""
    group = "kind: Group\nmetadata: {name: %s}\nspec: {condition: '*'}\n"
    for name in ("x1", "x2"):
        (tmp_path / f"{name}.yaml").write_text(group % name)
    words = ("apply", "-f", "-", str(tmp_path / "x1.yaml"), "-f", str(tmp_path / "x2.yaml"))
    rows = affinage.json(*words, "--dry-run", stdin=group % "x3")
    assert {row["name"] for row in rows} == {"x1", "x2", "x3"}
    assert affinage("apply", "-f", str(tmp_path / "none.yaml")).status == 2


def test_the_author_is_warned(affinage: CommandLine, tmp_path: Path) -> None:
    """CONFIGURATION-40"""
    rule = {"content": {"deviceContent": {"properties.desired.warned": 1}}, "targetCondition": "*"}
    rules = [{**rule, "id": "w-high", "priority": 9}, {**rule, "id": "w-low", "priority": 1}]
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    told = affinage.ok("apply", "-f", str(tmp_path / "rules.json")).err
    assert "warning: Configuration w-low: configuration w-high of priority 9 writes" in told


ENROLLMENT = """
kind: Enrollment
metadata: {name: presses}
spec: {group: true, attestation: {type: symmetricKey}, allocationPolicy: geoLatency}
"""


def test_of_an_enrollment_what_the_file_does_not_name_stays(
    affinage: CommandLine, tmp_path: Path
) -> None:
    """APPLY-4"""
    (tmp_path / "presses.yaml").write_text(ENROLLMENT)
    words = ("enrollment", "create", "presses", "--group", "--tag", "line=press", "--disabled")
    affinage.ok(*words)
    before = affinage.json("enrollment", "show", "presses", "--group", "--show-keys")
    assert actions(affinage, "-f", tmp_path / "presses.yaml") == ["presses changed"]
    after = affinage.json("enrollment", "show", "presses", "--group", "--show-keys")
    moved = {"allocationPolicy", "etag", "lastUpdatedDateTimeUtc"}
    assert {name for name in before if before[name] != after[name]} == moved
