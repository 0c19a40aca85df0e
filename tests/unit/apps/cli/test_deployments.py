"""`affinage deployment`: every verb, against a hub."""

import json
from pathlib import Path

import pytest

from fakes.command_line import CommandLine

AGENT = {
    "schemaVersion": "1.1",
    "runtime": {"type": "docker", "settings": {}},
    "systemModules": {"edgeAgent": {"type": "docker"}, "edgeHub": {"type": "docker"}},
    "modules": {"worker": {"type": "docker"}},
}
CONTENT = {"modulesContent": {"$edgeAgent": {"properties.desired": AGENT}}}


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "base.json").write_text(json.dumps(CONTENT))
    return str(tmp_path / "base.json")


def test_one_is_made_changed_and_deleted(affinage: CommandLine, file: str) -> None:
    words = ("--id", "base", "--priority", "3", "--label", "wave=pilot")
    made = affinage.json("deployment", "create", file, *words)
    assert (made["content"], made["priority"]) == (CONTENT, 3)
    changed = affinage.json("deployment", "update", "base", "--target", "tags.a = 1")
    assert (changed["targetCondition"], changed["priority"]) == ("tags.a = 1", 3)
    assert affinage.json("deployment", "show", "base")["etag"] == changed["etag"]
    assert affinage.ok("deployment", "delete", "base").err == "deployment base is deleted\n"
    assert affinage("deployment", "show", "base").status == 1


def test_only_deployments_are_listed(affinage: CommandLine, file: str) -> None:
    affinage.ok("deployment", "create", file, "--id", "listed", "--label", "wave=late")
    affinage.ok("config", "create", "--id", "other", "--set", "properties.desired.a=1")
    assert [row["id"] for row in affinage.json("deployment", "list")] == ["listed"]
    assert affinage.json("deployment", "list", "--label", "wave=early") == []
    (late,) = affinage.json("deployment", "list", "--group-by", "wave")
    assert (late["value"], [row["id"] for row in late["configurations"]]) == ("late", ["listed"])


def test_its_counts_are_watched(affinage: CommandLine, file: str) -> None:
    affinage.ok("deployment", "create", file, "--id", "seen", "--target", "tags.a = 1")
    wanted = ("--until", "targeted=0", "--until", "reportedSuccessful=0")
    assert affinage.json("deployment", "watch", "seen", *wanted)["reportedSuccessful"] == 0
