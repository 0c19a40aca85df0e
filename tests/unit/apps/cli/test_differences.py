"""What has to be written for a thing to be as a document says."""

from pathlib import Path
from typing import Any

import pytest

from affinage.apps.cli.differences import Action, Step, step
from affinage.apps.cli.documents import Document, Kind
from affinage.domain.errors import ImmutableContent
from affinage.domain.values import JsonObject

CONTENT: JsonObject = {"deviceContent": {"properties.desired.fan": 3}}


def document(kind: Kind, name: str = "fan", *, alone: bool = True, **body: Any) -> Document:
    return Document(kind, name, {**body}, Path("fan.yaml"), alone)


def rule(**body: Any) -> Document:
    return document(Kind.CONFIGURATION, **{"content": CONTENT, **body})


def changes(one: Document, **current: Any) -> Step:
    return step(one, {"etag": "e", **current})


def test_what_is_not_there_is_created() -> None:
    """APPLY-4"""
    made = step(rule(), None)
    assert (made.action, made.etag, made.changes) == (Action.CREATED, None, ())
    assert made.shown == {
        "kind": "Configuration",
        "name": "fan",
        "action": "created",
        "changes": [],
    }


def test_what_is_so_already_is_left_alone() -> None:
    """APPLY-4"""
    given = {"targetCondition": "*", "priority": 3, "labels": {"a": "b"}}
    shown = {**given, "content": CONTENT, "metrics": {"queries": {}, "results": {"x": 1}}}
    assert changes(rule(**given), **shown).action is Action.UNCHANGED
    assert changes(rule(), content=CONTENT, labels=None, priority=0).action is Action.UNCHANGED


def test_each_change_of_a_configuration_is_told() -> None:
    """APPLY-4"""
    one = rule(priority=5, schemaVersion="2", labels={"wave": "x" * 50})
    found = changes(one, content=CONTENT, priority=3, schemaVersion="1", targetCondition="*")
    assert (found.action, found.etag) == (Action.CHANGED, "e")
    assert found.changes == (
        'targetCondition: "*" → ""',
        "priority: 3 → 5",
        'labels: {} → {"wave": "' + "x" * 29 + "…",
        'schemaVersion: "1" → "2"',
    )


def test_of_objects_only_the_members_that_differ_are_told() -> None:
    """APPLY-4"""
    by = "somebody whose name is longer than what is shown"
    shown = {"targetCondition": "", "priority": 0, "content": CONTENT}
    one = rule(labels={"wave": "late", "by": by, "new": "x"})
    found = changes(one, labels={"wave": "pilot", "by": by}, **shown)
    assert found.changes == ('labels.wave: "pilot" → "late"', 'labels.new: null → "x"')


def test_a_group_is_its_condition_and_its_description() -> None:
    group = document(Kind.GROUP, condition="*", description="")
    assert changes(group, condition="*", description="").action is Action.UNCHANGED
    found = changes(group, condition="tags.a", description="")
    assert found.changes == ('condition: "tags.a" → "*"',)


def test_of_a_twin_only_what_differs_is_written() -> None:
    """APPLY-4: an empty patch of desired would be told to the device."""
    device = document(Kind.DEVICE, tags={"a": 1, "b": {"c": None, "d": 2}}, desired={"x": 1})
    twin = {"tags": {"a": 1, "b": {"c": 3}}, "properties": {"desired": {"x": 1, "$version": 4}}}
    found = changes(device, **twin)
    assert found.patch == {"tags": {"b": {"c": None, "d": 2}}}
    assert found.changes == ("tags.b.c: 3 → null", "tags.b.d: null → 2")
    desired = changes(document(Kind.DEVICE, tags={}, desired={"x": 2}), **twin)
    assert desired.patch == {"properties": {"desired": {"x": 2}}}
    assert changes(document(Kind.DEVICE, tags={"a": 1}, desired={}), **twin).patch == {}


def test_of_an_enrollment_what_is_not_named_goes_along_unchanged() -> None:
    """APPLY-4, PROV-9"""
    attestation: JsonObject = {"type": "symmetricKey"}
    twin: JsonObject = {"tags": {"line": "press"}, "properties": {"desired": {}}}
    shown: JsonObject = {"attestation": attestation, "initialTwin": twin, "iotHubs": ["a.test"]}
    named: dict[str, Any] = {"attestation": attestation, "iotHubs": ["b.test"]}
    found = changes(document(Kind.ENROLLMENT, "presses", group=True, **named), **shown)
    assert found.changes == ('iotHubs: ["a.test"] → ["b.test"]',)
    assert found.patch == {"etag": "e", **shown, **named}


OTHER: JsonObject = {"deviceContent": {"properties.desired.fan": {"speed": "a b"}}}


@pytest.mark.parametrize(
    ("one", "command"),
    [
        (rule(), "config create fan.yaml --id fan-4 --priority 8"),
        (
            rule(alone=False, content=OTHER, targetCondition="tags.a = 1"),
            "config create --id fan-4 --priority 8 --target 'tags.a = 1'"
            """ --set 'properties.desired.fan={"speed": "a b"}'""",
        ),
        (
            rule(alone=False, content={"moduleContent": {"properties.desired.fan": 1}}),
            "config create FILE --id fan-4 --priority 8",
        ),
        (
            document(Kind.DEPLOYMENT, content={"modulesContent": {"$edgeAgent": {}}}),
            "deployment create fan.yaml --id fan-4 --priority 8",
        ),
    ],
)
def test_another_content_is_refused_with_the_way_out(one: Document, command: str) -> None:
    """APPLY-5"""
    current: JsonObject = {"content": {"deviceContent": {"properties.desired.fan": 9}}}
    with pytest.raises(ImmutableContent) as raised:
        step(one, {**current, "etag": "e", "priority": 7}, ["fan", "fan-2", "fan-3"])
    assert str(raised.value).endswith(f"\n    affinage {command}")


def test_a_number_at_the_end_goes_on() -> None:
    """APPLY-5"""
    for name, following in (("fan-9", "fan-10"), ("fan-x", "fan-x-2"), ("9", "9-2")):
        with pytest.raises(ImmutableContent, match=f"--id {following} "):
            step(document(Kind.CONFIGURATION, name, content=OTHER), {"content": CONTENT})
