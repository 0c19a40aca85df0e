from typing import Any

import pytest

from affinage.domain.conditions import (
    check_groups,
    check_metrics,
    is_of_modules,
    parse_condition,
    system_queries,
)
from affinage.domain.conditions import test_queries as try_queries
from affinage.domain.content import Kind
from affinage.domain.errors import InvalidMetric, InvalidTargetCondition
from affinage.domain.groups import NO_GROUPS, Groups, create
from affinage.domain.query.parse import parse_query
from affinage.domain.values import JsonObject

QUERY = "select deviceId from devices"


def test_an_empty_condition_targets_nothing() -> None:
    """CONFIGURATION-10"""
    assert parse_condition("", Kind.DEVICE) is None
    assert parse_condition("*", Kind.DEVICE) is not None


@pytest.mark.parametrize("text", ['tags.a = "x"', "tags.a =", "from devices.modules where a = 1"])
def test_a_condition_that_cannot_be_read_is_refused(text: str) -> None:
    """CONFIGURATION-11"""
    with pytest.raises(InvalidTargetCondition, match=r"\^"):
        parse_condition(text, Kind.DEVICE)


@pytest.mark.parametrize("text", ["moduleId = 'm'", "FROM devices.modules WHERE moduleId = 'm'"])
def test_a_condition_of_modules_may_say_so(text: str) -> None:
    """CONFIGURATION-12"""
    assert parse_condition(text, Kind.MODULE) == parse_condition("moduleId = 'm'", Kind.MODULE)
    assert is_of_modules(text) == text.startswith("FROM")


def test_a_configuration_has_at_most_five_metrics() -> None:
    """CONFIGURATION-13"""
    queries = {f"m{number}": QUERY for number in range(6)}
    with pytest.raises(InvalidMetric, match="6 of 5"):
        check_metrics(queries, Kind.DEVICE)
    check_metrics(queries, Kind.DEVICE, limit=6)


@pytest.mark.parametrize("name", ["", "x" * 129, "a\n"])
def test_such_a_name_of_a_metric_is_refused(name: str) -> None:
    """CONFIGURATION-13"""
    with pytest.raises(InvalidMetric, match="of 1 to 128 characters"):
        check_metrics({name: QUERY}, Kind.DEVICE)


def test_a_metric_without_from_is_over_the_twins_of_the_kind() -> None:
    """CONFIGURATION-14"""
    check_metrics({"a": "select *", "b": QUERY}, Kind.EDGE)
    check_metrics({"a": "select moduleId"}, Kind.MODULE)
    with pytest.raises(InvalidMetric, match="metric a: "):
        check_metrics({"a": "count them"}, Kind.DEVICE)


@pytest.mark.parametrize(
    ("kind", "condition", "targeted"),
    [
        (Kind.DEVICE, "*", "select deviceId from devices"),
        (Kind.DEVICE, "tags.a = 1;", "select deviceId from devices where tags.a = 1"),
        (Kind.DEVICE, " ", ""),
        (Kind.MODULE, "*", "select deviceId, moduleId from devices.modules"),
        (
            Kind.MODULE,
            "FROM devices.modules WHERE tags.a = 1",
            "select deviceId, moduleId from devices.modules where tags.a = 1",
        ),
        (Kind.EDGE, "*", "select deviceId from devices where capabilities.iotEdge = true"),
        (
            Kind.EDGE,
            "tags.a = 1",
            "select deviceId from devices where capabilities.iotEdge = true and (tags.a = 1)",
        ),
    ],
)
def test_the_targeted_are_counted_by_a_query(kind: Kind, condition: str, targeted: str) -> None:
    """CONFIGURATION-15"""
    queries = system_queries("it's-1", kind, condition)
    assert queries.pop("targetedCount") == targeted
    for text in filter(None, (targeted, *queries.values())):
        parse_query(text)


def test_the_applied_are_counted_by_a_query() -> None:
    """CONFIGURATION-15"""
    device, module = (system_queries("c", kind, "*") for kind in (Kind.DEVICE, Kind.MODULE))
    applied = "where configurations.[[c]].status = 'Applied'"
    assert device["appliedCount"] == f"select deviceId from devices {applied}"
    assert module["appliedCount"] == f"select deviceId, moduleId from devices.modules {applied}"


def test_edge_deployments_also_count_what_the_agents_report() -> None:
    """CONFIGURATION-15"""
    queries = system_queries("c", Kind.EDGE, "")
    applied = (
        "select deviceId from devices.modules where moduleId = '$edgeAgent'"
        " and configurations.[[c]].status = 'Applied'"
    )
    current = (
        f"{applied} and properties.desired.$version = properties.reported.lastDesiredVersion"
        " and properties.reported.lastDesiredStatus.code"
    )
    assert queries == {
        "targetedCount": "",
        "appliedCount": applied,
        "reportedSuccessfulCount": f"{current} = 200",
        "reportedFailedCount": f"{current} != 200",
    }


def test_queries_can_be_tried_without_a_configuration() -> None:
    """CONFIGURATION-16"""
    fine: JsonObject = {
        "targetCondition": "FROM devices.modules WHERE a = 1",
        "customMetricQueries": {},
    }
    assert try_queries({}, NO_GROUPS) == {
        "targetConditionError": None,
        "customMetricQueryErrors": {},
    }
    assert try_queries(
        {**fine, "customMetricQueries": {"m": "select *"}}, NO_GROUPS
    ) == try_queries({}, NO_GROUPS)


def test_trying_says_what_is_wrong_with_each() -> None:
    """CONFIGURATION-16"""
    tried: Any = try_queries(
        {"targetCondition": "tags.", "customMetricQueries": {"m": "x", "n": QUERY, "o": 1}},
        NO_GROUPS,
    )
    assert "tags." in tried["targetConditionError"]
    assert tried["customMetricQueryErrors"].keys() == {"m", "o"}


@pytest.mark.parametrize("body", [{"targetCondition": 1}, {"customMetricQueries": [1]}])
def test_what_is_tried_must_be_texts(body: Any) -> None:
    """CONFIGURATION-16"""
    with pytest.raises(InvalidMetric, match="object of strings"):
        try_queries(body, NO_GROUPS)


EARLY = Groups().with_group(create("early", {"condition": "tags.ring = 'a'"}, at=0))


def test_the_groups_that_are_named_must_be_there() -> None:
    """GROUP-3"""
    metric = {"m": f"{QUERY} where GROUP('early')"}
    check_groups("GROUP('early')", metric, Kind.DEVICE, EARLY)
    check_groups("", {}, Kind.DEVICE, EARLY)
    with pytest.raises(InvalidTargetCondition, match="the target condition: there is no group x"):
        check_groups("GROUP('x')", {}, Kind.DEVICE, EARLY)
    with pytest.raises(InvalidMetric, match="metric m: there is no group early"):
        check_groups("*", metric, Kind.DEVICE, Groups())


def test_trying_says_which_group_is_not_there() -> None:
    """GROUP-3, CONFIGURATION-16"""
    texts = {"m": f"{QUERY} where GROUP('x')", "n": f"{QUERY} where GROUP('early')"}
    body: JsonObject = {"targetCondition": "GROUP('y')", "customMetricQueries": {**texts}}
    told: Any = try_queries(body, EARLY)
    assert told == {
        "targetConditionError": "the target condition: there is no group y",
        "customMetricQueryErrors": {"m": "metric m: there is no group x"},
    }
