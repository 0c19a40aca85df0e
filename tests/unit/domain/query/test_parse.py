"""What is a query, and what each text means: the tree it becomes, or what its error says."""

from collections.abc import Callable

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.parse import parse_query, parse_target_condition
from affinage.domain.query.syntax import (
    And,
    Comparator,
    Comparison,
    Constant,
    Expr,
    Lookup,
    Not,
    Or,
    to_text,
)

A = Lookup(("a",))
B = Lookup(("b",))
C = Lookup(("c",))
ONE = Constant(1)


def is_(name: str, value: str, comparator: Comparator = Comparator.EQUAL) -> Comparison:
    return Comparison(comparator, Lookup(tuple(name.split("."))), Constant(value))


def error(parse: Callable[[], object]) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as raised:
        parse()
    return raised.value


CLIENTS = [
    "select * from devices",
    "SELECT * FROM devices WHERE capabilities.iotEdge = true",
    "select * from devices.modules where devices.deviceId = 'pump-017'",
    "select * from devices.modules where devices.deviceId = 'gw-1'"
    " and (moduleId = '$edgeAgent' or moduleId = '$edgeHub')",
    "SELECT deviceId, lastActivityTime FROM devices WHERE deviceId IN ['a','b']",
    "SELECT * FROM devices WHERE startswith(devices.deviceId,'pump') AND status = 'enabled'",
    "select deviceId from devices where"
    " array_contains(parentScopes, 'ms-azure-iot-edge://gw-1-638400000000000001')",
    "SELECT properties.reported.fw.state AS state, COUNT() AS n FROM devices"
    " GROUP BY properties.reported.fw.state",
    "select deviceId from devices where configurations.[[pump-baseline]].status = 'Applied'",
    "select deviceId from devices.modules where moduleId = '$edgeAgent'"
    " and configurations.[[base]].status = 'Applied'"
    " and properties.desired.$version = properties.reported.lastDesiredVersion"
    " and properties.reported.lastDesiredStatus.code = 200",
    "SELECT * FROM devices WHERE modelId = 'dtmi:example:Pump;1'",
    "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'set-rate-2025'",
    "SELECT * FROM devices WHERE tags.x NIN ['a','b'] OR NOT IS_DEFINED(tags.x)",
    "SELECT COUNT() AS totalNumberOfDevices FROM devices",
]


@pytest.mark.parametrize("text", CLIENTS)
def test_what_clients_really_send_is_a_query(text: str) -> None:
    """QUERY-1: and its printed form is the same query."""
    query = parse_query(text)
    assert parse_query(to_text(query)) == query


TARGETS: dict[str, Expr] = {
    "deviceId ='linuxprod1'": is_("deviceId", "linuxprod1"),
    "tags.environment ='prod'": is_("tags.environment", "prod"),
    "tags.environment = 'prod' AND tags.location = 'westus'": And(
        (is_("tags.environment", "prod"), is_("tags.location", "westus"))
    ),
    "tags.environment = 'prod' OR tags.location = 'westus'": Or(
        (is_("tags.environment", "prod"), is_("tags.location", "westus"))
    ),
    "tags.operator = 'John' AND tags.environment = 'prod' NOT deviceId = 'linuxprod1'": And(
        (
            is_("tags.operator", "John"),
            is_("tags.environment", "prod"),
            Not(is_("deviceId", "linuxprod1")),
        )
    ),
    "deviceId='operator''sDevice'": is_("deviceId", "operator'sDevice"),
}


@pytest.mark.parametrize(("text", "tree"), TARGETS.items())
def test_the_examples_of_the_deployment_page_are_target_conditions(text: str, tree: Expr) -> None:
    """QUERY-41, and QUERY-5: a NOT after a whole term is an AND NOT."""
    assert parse_target_condition(text, modules=False) == tree


def test_the_constraints_of_the_deployment_page_hold() -> None:
    """QUERY-42: no double quotes; each of the characters `-:.+%_#*?!(),=@;$` in a value."""
    refused = error(lambda: parse_target_condition('tags.a = "x"', modules=False))
    assert "expected single quotes" in str(refused)
    assert refused.at == len("tags.a = ")
    value = "Az09-:.+%_#*?!(),=@;$"
    assert parse_target_condition(f"tags.a = '{value}'", modules=False) == is_("tags.a", value)
