"""Files that say what shall be: what is read from them, and what is refused."""

import json
from pathlib import Path

import pytest
import typer

from affinage.apps.cli.documents import Document, Kind, read_all, read_rule

GROUP = "kind: Group\nmetadata: {name: early}\nspec: {condition: tags.a = 1}\n"
DEVICE = "kind: Device\nmetadata: {name: d1}\nspec: {tags: {ring: a, old: null}}\n"
RULE = """
apiVersion: affinage/v1
kind: Configuration
metadata: {name: fan, labels: {wave: pilot}}
spec:
  targetCondition: GROUP('early')
  priority: 3
  deviceContent: {properties.desired.fan: 3}
  metrics: {slow: SELECT deviceId FROM devices}
"""
EDGE = """
kind: Deployment
metadata: {name: base}
spec: {modulesContent: {$edgeAgent: {properties.desired.modules.m: {settings: {}}}}}
"""


def read(tmp_path: Path, *texts: str, suffix: str = ".yaml") -> list[Document]:
    for number, text in enumerate(texts):
        (tmp_path / f"{number}{suffix}").write_text(text)
    return read_all([tmp_path])


def refusal(tmp_path: Path, *texts: str, suffix: str = ".yaml") -> str:
    with pytest.raises(typer.BadParameter) as raised:
        read(tmp_path, *texts, suffix=suffix)
    return str(raised.value)


def test_documents_come_in_the_order_in_which_they_are_written(tmp_path: Path) -> None:
    """APPLY-2"""
    found = read(tmp_path, f"{EDGE}---\n{RULE}", f"{DEVICE}---\n---\n{GROUP}")
    assert [one.what for one in found] == [
        "Group early",
        "Device d1",
        "Configuration fan",
        "Deployment base",
    ]
    assert not any(one.is_alone for one in found)


def test_a_configuration_is_told_as_a_put_sends_it(tmp_path: Path) -> None:
    """APPLY-1"""
    (one,) = read(tmp_path, RULE)
    assert one.is_alone
    assert one.body == {
        "id": "fan",
        "targetCondition": "GROUP('early')",
        "priority": 3,
        "labels": {"wave": "pilot"},
        "content": {"deviceContent": {"properties.desired.fan": 3}},
        "metrics": {"queries": {"slow": "SELECT deviceId FROM devices"}},
    }


def test_azures_own_configurations_are_taken_as_they_are(tmp_path: Path) -> None:
    """APPLY-1"""
    azure = {
        "id": "fan",
        "schemaVersion": "1.0",
        "etag": "x",
        "content": {"deviceContent": {"properties.desired.fan": 3}, "moduleContent": {}},
        "systemMetrics": {"results": {"targetedCount": 3}, "queries": {}},
        "metrics": {"results": {}, "queries": {"m": "SELECT * FROM devices"}},
        "priority": 0,
    }
    edge = {"id": "base", "content": {"modulesContent": {"$edgeAgent": {}}}}
    first, second = read(tmp_path, json.dumps([azure, edge]), suffix=".json")
    assert (first.kind, second.kind) == (Kind.CONFIGURATION, Kind.DEPLOYMENT)
    assert first.body.keys() == {"id", "schemaVersion", "content", "metrics", "priority"}
    assert first.body["metrics"] == {"queries": {"m": "SELECT * FROM devices"}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- 1", "a document is an object"),
        ("a: 1", "neither kind, metadata and spec, nor id and content"),
        ("kind: Rocket", "'Rocket' is none of Group, Device"),
        ("kind: Group\nspec: {}", "Group needs metadata.name"),
        ("kind: Group\nmetadata: {name: a}", "needs a spec"),
        (f"{GROUP}other: 1", "Group has no other"),
        ("kind: Group\nmetadata: {name: a}\nspec: {condition: tags.}", "expected a name"),
        ("kind: Group\nmetadata: {name: a}\nspec: {conditions: x}", "group a has no conditions"),
        ("kind: Device\nmetadata: {name: a}\nspec: {tag: {}}", "device a has no tag"),
        ("kind: Device\nmetadata: {name: a/b}\nspec: {}", "cannot be the id of a device"),
        ("kind: Device\nmetadata: {name: a}\nspec: {tags: 1}", "must be objects"),
        ("kind: Device\nmetadata: {name: a}\nspec: {tags: {$x: 1}}", "$x"),
        (RULE.replace("priority: 3", "prio: 3"), "the spec of fan has no prio"),
        (RULE.replace("priority: 3", "priority: x"), "priority must be a whole number"),
        (RULE.replace("Configuration", "Deployment"), "Deployment fan needs a modulesContent"),
        ("kind: Enrollment\nmetadata: {name: a}\nspec: {}", "needs an attestation"),
        ("kind: Enrollment\nmetadata: {name: a}\nspec: {group: 1}", "must be true or false"),
        (f"{GROUP}---\n{GROUP}", "Group early is in"),
        (f"{RULE}---\n{EDGE.replace('base', 'fan')}", "Deployment fan is in"),
        ("a: [", "cannot be read"),
        ("a: 2025-01-01", "cannot be read"),
        ("", "there is no document"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """APPLY-3"""
    assert problem in refusal(tmp_path, text)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """APPLY-3"""
    told = refusal(tmp_path, "kind: Rocket", f"{GROUP}---\na: 1")
    assert "0.yaml, document 1: kind 'Rocket'" in told
    assert "1.yaml, document 2: it has neither" in told


def test_other_files_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    """APPLY-1"""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "group.yml").write_text(GROUP)
    (tmp_path / "notes.md").write_text("# nothing")
    assert [one.what for one in read_all([tmp_path])] == ["Group early"]


def test_a_single_configuration_is_read_in_either_form(tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    for text, name in ((RULE, "fan"), ('{"id": "bare", "labels": {}}', "bare")):
        file.write_text(text)
        assert read_rule(file, "FILE")["id"] == name
    for text, problem in ((f"{RULE}---\n{RULE}", "one object"), ("kind: Rocket", "is none of")):
        file.write_text(text)
        with pytest.raises(typer.BadParameter, match=problem):
            read_rule(file, "FILE")
