import json
from pathlib import Path

import pytest

from fakes.command_line import CommandLine


@pytest.fixture
def twin(affinage: CommandLine, request: pytest.FixtureRequest) -> str:
    """A device of the test's own, with one tag."""
    name = request.node.name.removeprefix("test_")[:60]
    affinage.ok("device", "create", name, "--tag", "ring=canary")
    return str(name)


def test_tags_and_desired_properties_are_merged(affinage: CommandLine, twin: str) -> None:
    words = ("--tag", "site.city=Lyon", "--desired", 'fan={"speed":3}', "--desired", "mode=eco")
    changed = affinage.json("twin", "update", twin, *words)
    assert changed["tags"] == {"ring": "canary", "site": {"city": "Lyon"}}
    desired = changed["properties"]["desired"]
    assert (desired["fan"], desired["mode"]) == ({"speed": 3}, "eco")


def test_null_deletes(affinage: CommandLine, twin: str) -> None:
    assert "tags" not in affinage.json("twin", "update", twin, "--tag", "ring=null")


def test_a_patch_comes_from_stdin_and_options_go_over_it(affinage: CommandLine, twin: str) -> None:
    patch = '{"tags": {"a": {"b": 1, "c": 2}}, "properties": {"desired": {"x": 1}}}'
    changed = affinage.json("twin", "update", twin, "--patch", "-", "--tag", "a.b=3", stdin=patch)
    assert changed["tags"]["a"] == {"b": 3, "c": 2}
    assert changed["properties"]["desired"]["x"] == 1


def test_a_whole_twin_may_be_shown_changed_and_put_back(
    affinage: CommandLine, twin: str, tmp_path: Path
) -> None:
    shown = affinage.json("twin", "show", twin)
    (tmp_path / "twin.json").write_text(json.dumps({**shown, "tags": {"only": "this"}}))
    put = affinage.json("twin", "replace", twin, str(tmp_path / "twin.json"))
    assert put["tags"] == {"only": "this"}


def test_a_change_may_require_the_etag_that_one_has_seen(affinage: CommandLine, twin: str) -> None:
    seen = affinage.json("twin", "show", twin)["etag"]
    words = ("twin", "update", twin, "--if-match", seen, "--tag")
    affinage.ok(*words, "n=1")
    answer = affinage(*words, "n=2")
    assert answer.status == 1
    assert "somebody changed it meanwhile" in answer.err


def test_people_are_spared_the_bookkeeping(affinage: CommandLine, twin: str) -> None:
    affinage.ok("twin", "update", twin, "--desired", "fan=3")
    shown = affinage.ok("twin", "show", twin).out
    assert '"fan": 3' in shown
    assert "$metadata" not in shown


def test_a_module_has_a_twin_of_its_own(affinage: CommandLine, twin: str) -> None:
    affinage.ok("module", "create", twin, "m")
    affinage.ok("twin", "update", twin, "--module", "m", "--tag", "of=module")
    assert affinage.json("twin", "show", twin, "--module", "m")["tags"] == {"of": "module"}
    assert affinage.json("twin", "show", twin)["tags"] == {"ring": "canary"}


@pytest.mark.parametrize("text", ["", "[]", '{"reported": {}}', "{"])
def test_a_patch_must_say_something(affinage: CommandLine, text: str) -> None:
    answer = affinage("twin", "update", "any", "--patch", "-", stdin=text)
    assert answer.status == 2
    assert "--patch" in answer.err


def test_an_update_must_name_something_and_a_file_be_there(affinage: CommandLine) -> None:
    assert affinage("twin", "update", "any").status == 2
    assert affinage("twin", "replace", "any", "/nowhere/twin.json").status == 2


def test_twins_are_listed_of_devices_or_modules(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "listed", "--tag", "listed=1")
    affinage.ok("module", "create", "listed", "m")
    rows = affinage.json("twin", "list", "--where", "tags.listed = 1")
    assert [(row["deviceId"], row["tags"]) for row in rows] == [("listed", {"listed": 1})]
    lines = affinage.ok("twin", "list", "--modules", "--where", "deviceId = 'listed'").lines
    assert [line.split()[:2] for line in lines[1:]] == [["listed", "m"]]
    assert "listed" in affinage.ok("twin", "list").out
