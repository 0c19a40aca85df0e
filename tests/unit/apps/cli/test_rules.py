import pytest
import typer

from affinage.apps.cli.rules import Wishes, changed, new_rule
from affinage.domain.values import JsonObject

NONE = Wishes.read(None, None, None, None)
FAN: JsonObject = {"deviceContent": {"properties.desired.fan": 3}}


def test_azures_document_is_taken_as_it_is() -> None:
    shown: JsonObject = {
        "id": "a",
        "schemaVersion": "1.0",
        "labels": {"by": "me"},
        "content": FAN,
        "targetCondition": "*",
        "priority": 5,
        "metrics": {"queries": {"n": "SELECT deviceId FROM devices"}},
    }
    echoed: JsonObject = {"etag": "MQ==", "createdTimeUtc": "…", "systemMetrics": {"results": {}}}
    assert new_rule({**shown, **echoed}, None, NONE, None) == shown


@pytest.mark.parametrize("document", [{"content": FAN}, FAN])
def test_a_file_may_hold_the_content_alone(document: JsonObject) -> None:
    rule = new_rule(document, "a", NONE, None)
    assert (rule["id"], rule["content"]) == ("a", FAN)


def test_options_go_over_the_file() -> None:
    given: JsonObject = {"id": "a", "targetCondition": "*", "labels": {"x": "1", "y": "2"}}
    wishes = Wishes.read("tags.a = 1", 7, ["n=SELECT deviceId FROM devices"], ["y=", "z=3"])
    rule = new_rule(given, "b", wishes, None)
    assert (rule["id"], rule["targetCondition"], rule["priority"]) == ("b", "tags.a = 1", 7)
    assert rule["labels"] == {"x": "1", "z": "3"}
    assert rule["metrics"] == {"queries": {"n": "SELECT deviceId FROM devices"}}


def test_settings_join_the_content_of_devices() -> None:
    rule = new_rule({"id": "a", "content": FAN}, None, NONE, ["properties.desired.mode=eco"])
    assert rule["content"] == {
        "deviceContent": {"properties.desired.fan": 3, "properties.desired.mode": "eco"}
    }


def test_where_modules_are_the_target_settings_are_theirs() -> None:
    wishes = Wishes.read("FROM devices.modules WHERE moduleId = 'm'", None, None, None)
    rule = new_rule({}, "a", wishes, ["properties.desired.fan=3"])
    assert rule["content"] == {"moduleContent": {"properties.desired.fan": 3}}


@pytest.mark.parametrize("given", [{}, {"id": 3}])
def test_it_needs_an_id(given: JsonObject) -> None:
    with pytest.raises(typer.BadParameter, match="say --id"):
        new_rule(given, None, NONE, None)


def test_a_change_that_names_nothing_changes_nothing() -> None:
    rule = new_rule({"id": "a", "content": FAN, "priority": 3}, None, NONE, None)
    assert changed(rule, NONE) == rule
    assert NONE.is_empty
    assert not Wishes.read(None, 0, None, None).is_empty
