from typing import Any

import pytest

from affinage.domain import configuration as configurations
from affinage.domain.configuration import (
    Configuration,
    Kind,
    buried,
    check_known,
    counted,
    create,
    document,
    named_groups,
    touched,
    update,
    warnings,
)
from affinage.domain.errors import (
    EtagMismatch,
    ImmutableContent,
    Invalid,
    InvalidMetric,
    InvalidTargetCondition,
    Malformed,
)
from affinage.domain.groups import NO_GROUPS, Groups
from affinage.domain.groups import create as group
from affinage.domain.query.parse import parse_query
from affinage.domain.values import JsonObject

CONTENT: JsonObject = {"deviceContent": {"properties.desired.pumping": {"rate": 5}}}
BODY: JsonObject = {
    "id": "pump-baseline",
    "etag": "*",
    "schemaVersion": "2.0",
    "labels": {"wave": "pilot"},
    "content": {**CONTENT, "moduleContent": {}, "modulesContent": {}},
    "contentType": "assignment",
    "targetCondition": "tags.site.city = 'Lyon'",
    "createdTimeUtc": "0001-01-01T00:00:00Z",
    "priority": 10,
    "systemMetrics": {"results": {"targetedCount": 7}, "queries": {}},
    "metrics": {"results": {"m": 3}, "queries": {"m": "select deviceId from devices"}},
}


def made(**changes: Any) -> Configuration:
    return create("pump-baseline", {**BODY, **changes}, generation=3, at=123)


def test_it_is_shown_as_it_was_given() -> None:
    """CONFIGURATION-2, CONFIGURATION-20"""
    shown = document(made(), system_results={"targetedCount": 2}, custom_results={})
    assert list(shown) == [*["id", "schemaVersion", "labels", "content", "contentType"],
        *["targetCondition", "createdTimeUtc", "lastUpdatedTimeUtc", "priority"],
        *["systemMetrics", "metrics", "etag"]]  # fmt: skip
    for member in ("id", "schemaVersion", "labels", "contentType", "targetCondition", "priority"):
        assert shown[member] == BODY[member]
    assert shown["content"] == CONTENT
    assert shown["etag"] == "MQ=="


def test_both_kinds_of_metrics_show_results_and_queries() -> None:
    """CONFIGURATION-20"""
    shown: Any = document(made(), system_results={"appliedCount": 2}, custom_results={"m": 1})
    assert shown["systemMetrics"]["results"] == {"appliedCount": 2}
    assert shown["systemMetrics"]["queries"].keys() == {"targetedCount", "appliedCount"}
    assert shown["metrics"] == {
        "results": {"m": 1},
        "queries": {"m": "select deviceId from devices"},
    }


def test_what_is_absent_is_null_or_empty() -> None:
    """CONFIGURATION-2, CONFIGURATION-20"""
    shown = document(create("a", {}, generation=1, at=0), system_results={}, custom_results={})
    assert (shown["schemaVersion"], shown["labels"], shown["priority"]) == (None, None, 0)
    assert (shown["content"], shown["targetCondition"]) == ({}, "")
    assert shown["metrics"] == {"results": {}, "queries": {}}
    assert "contentType" not in shown


def test_times_are_those_of_the_hub() -> None:
    shown = document(made(), system_results={}, custom_results={})
    assert shown["createdTimeUtc"] == shown["lastUpdatedTimeUtc"] == "1970-01-01T00:00:00.123Z"


@pytest.mark.parametrize("name", ["Pump", "a b", "", "x" * 129])
def test_such_an_id_is_refused(name: str) -> None:
    """CONFIGURATION-1"""
    with pytest.raises(Invalid):
        create(name, {}, generation=1, at=0)


def test_a_body_of_another_configuration_is_refused() -> None:
    """CONFIGURATION-1"""
    with pytest.raises(Invalid, match="'pump-baseline', the request of 'other'"):
        create("other", BODY, generation=1, at=0)


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 2},
        {"labels": []},
        {"labels": {"a": None}},
        {"targetCondition": 1},
        {"contentType": 1},
        {"metrics": [1]},
        {"metrics": {"queries": {"m": 1}}},
        {"priority": "1"},
        {"priority": True},
        {"priority": 1.0},
    ],
)
def test_a_member_of_a_wrong_type_is_malformed(change: dict[str, Any]) -> None:
    """CONFIGURATION-2"""
    with pytest.raises(Malformed):
        made(**change)


@pytest.mark.parametrize("priority", [-1, 2**31])
def test_a_priority_outside_its_range_is_refused(priority: int) -> None:
    """CONFIGURATION-2"""
    with pytest.raises(Invalid, match=f"priority {priority} is outside 0…2147483647"):
        made(priority=priority)
    assert made(priority=2**31 - 1).priority == 2**31 - 1


def test_a_condition_and_metrics_are_read_at_once() -> None:
    """CONFIGURATION-11, CONFIGURATION-14"""
    with pytest.raises(InvalidTargetCondition):
        made(targetCondition="tags.")
    with pytest.raises(InvalidMetric):
        made(metrics={"queries": {"m": "x"}})


def test_without_content_the_condition_makes_the_kind() -> None:
    """CONFIGURATION-9"""
    of_modules = made(content=None, targetCondition="from devices.modules where moduleId = 'm'")
    assert (of_modules.kind, of_modules.content) == (Kind.MODULE, {})
    assert made(content={}).kind is made().kind is Kind.DEVICE


def test_an_update_replaces_all_that_may_change() -> None:
    """CONFIGURATION-17, CONFIGURATION-18"""
    changed = update(made(), {"priority": 20, "targetCondition": "*"}, if_match="MQ==", at=456)
    assert (changed.priority, changed.target_condition, changed.etag) == (20, "*", 2)
    assert (changed.labels, changed.metrics, changed.schema_version) == (None, {}, None)
    assert (changed.created_at, changed.updated_at, changed.generation) == (123, 456, 3)
    assert changed.content == CONTENT


def test_an_update_with_the_same_content_is_fine() -> None:
    """CONFIGURATION-19"""
    assert update(made(), BODY, if_match=None, at=456).content == CONTENT


@pytest.mark.parametrize(
    "content", [{}, {"deviceContent": {"properties.desired.pumping": {"rate": True}}}]
)
def test_an_update_with_another_content_is_refused(content: Any) -> None:
    """CONFIGURATION-19"""
    with pytest.raises(ImmutableContent, match="pump-baseline"):
        update(made(), {**BODY, "content": content}, if_match=None, at=456)


def test_an_update_of_what_somebody_else_changed_is_refused() -> None:
    """CONFIGURATION-17"""
    with pytest.raises(EtagMismatch, match="pump-baseline"):
        update(made(), BODY, if_match="Mg==", at=456)


def test_a_deleted_configuration_is_a_tombstone() -> None:
    """CONFIGURATION-21"""
    tombstone = buried(made(), at=456)
    assert (tombstone.tombstone, tombstone.etag, tombstone.updated_at) == (True, 2, 456)
    assert (tombstone.generation, tombstone.kind) == (3, Kind.DEVICE)


def test_queries_can_be_tried() -> None:
    assert configurations.test_queries({}, NO_GROUPS)["targetConditionError"] is None


def test_its_metrics_count_the_rows_of_these_queries() -> None:
    """CONFIGURATION-13, CONFIGURATION-15."""
    metric = "SELECT deviceId FROM devices WHERE tags.n = 1"
    body: JsonObject = {"targetCondition": "", "metrics": {"queries": {"n": metric}}}
    applied, custom = counted(create("a", body, generation=1, at=0))
    assert applied == parse_query(
        "select deviceId from devices where configurations.a.status = 'Applied'"
    )
    assert custom == parse_query(metric)


def warned(condition: str, content: JsonObject) -> tuple[str, ...]:
    return warnings(made(targetCondition=condition, content=content))


def of_device(path: str) -> JsonObject:
    return {"deviceContent": {f"properties.desired.{path}": {"fwVersion": "2"}}}


@pytest.mark.parametrize(
    "condition",
    [
        "properties.reported.firmware.fwVersion != '2'",
        "tags.a = 1 AND NOT properties.reported.firmware = 'x'",
    ],
)
def test_a_condition_on_what_devices_report_by_obeying_warns(condition: str) -> None:
    """CONFIGURATION-23"""
    (text,) = warned(condition, of_device("firmware"))
    assert "pump-baseline reads properties.reported.firmware" in text
    assert "devices change when they do what its content writes" in text
    assert text.endswith("to properties.desired.firmware")


def test_a_condition_on_what_it_writes_itself_warns() -> None:
    """CONFIGURATION-23"""
    content = of_device("a.b.c")
    (text,) = warned("properties.desired.a.b = 1", content)
    assert text.endswith("and its content writes properties.desired.a.b.c")
    assert warned("properties.desired.a.x = 1 OR properties.desired.b = 1", content) == ()


def test_a_condition_on_its_own_status_warns() -> None:
    """CONFIGURATION-23"""
    own = "configurations.[[pump-baseline]].status = 'Applied'"
    assert warned(own, of_device("a"))[0].endswith("its own status")
    assert warned(own.replace("baseline", "other"), of_device("a")) == ()


def test_a_module_configuration_warns_of_what_modules_are_told() -> None:
    """CONFIGURATION-23"""
    content: JsonObject = {"moduleContent": {"properties.desired.level": 3}}
    assert len(warned("FROM devices.modules WHERE properties.reported.level = 1", content)) == 1
    assert warned("FROM devices.modules WHERE moduleId = 'm'", content) == ()


def test_conditions_on_tags_and_what_targets_nothing_do_not_warn() -> None:
    """CONFIGURATION-23"""
    assert warned("tags.firmware = 1", of_device("firmware")) == ()
    assert warned("", of_device("firmware")) == ()
    assert warnings(buried(made(targetCondition="properties.desired.pumping = 1"), at=1)) == ()


IN_GROUP: JsonObject = {
    "targetCondition": "GROUP('a') AND tags.b = 1",
    "metrics": {"queries": {"m": "SELECT * FROM devices WHERE GROUP('c')"}},
}


def test_it_knows_the_groups_that_it_names() -> None:
    """GROUP-7"""
    assert named_groups(made(**IN_GROUP)) == {"a", "c"}
    assert named_groups(made(targetCondition="", metrics=None)) == set()
    with pytest.raises(InvalidTargetCondition, match="no group a"):
        check_known(made(**IN_GROUP), Groups())


def test_a_group_that_changes_makes_it_another_one() -> None:
    """GROUP-6"""
    one = touched(made(), at=456)
    assert (one.etag, one.updated_at, one.generation) == (2, 456, 3)
    assert one.target_condition == made().target_condition


def test_it_is_warned_of_what_its_groups_read() -> None:
    """CONFIGURATION-23, GROUP-4"""
    known = Groups().with_group(
        group("a", {"condition": "properties.reported.pumping.rate < 5"}, at=0)
    )
    one = made(targetCondition="GROUP('a')")
    assert warnings(one) == ()
    assert "reads properties.reported.pumping.rate" in warnings(one, known)[0]
