"""What is a query, and what each text means: the tree it becomes, or what its error says."""

from collections.abc import Callable

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.parse import parse_condition, parse_query, parse_target_condition
from affinage.domain.query.syntax import (
    Aggregate,
    And,
    Collection,
    Column,
    Comparator,
    Comparison,
    Constant,
    Expr,
    Lookup,
    Not,
    Or,
    Query,
    to_text,
)

A = Lookup(("a",))
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


def test_the_collection_is_in_any_case_and_may_be_given() -> None:
    """QUERY-6, QUERY-33."""
    assert parse_query("SELECT * FROM Devices . Modules;") == Query(Collection.MODULES)
    assert parse_query("select * from DEVICES.jobs").collection is Collection.JOBS
    assert parse_query("select *", default=Collection.MODULES) == Query(Collection.MODULES)
    assert "FROM and a collection" in str(error(lambda: parse_query("select *")))
    assert "modules or jobs" in str(error(lambda: parse_query("select * from devices.x")))


def test_top_is_one_or_more() -> None:
    """QUERY-33."""
    assert parse_query("SELECT TOP 10 * FROM devices") == Query(Collection.DEVICES, top=10)
    zero, word = "SELECT TOP 0 * FROM devices", "SELECT TOP x FROM devices"
    assert "expected a number of rows from 1 up" in str(error(lambda: parse_query(zero)))
    assert "expected a number of rows after TOP" in str(error(lambda: parse_query(word)))


def test_columns_are_paths_and_aggregates_with_or_without_alias() -> None:
    """QUERY-33."""
    query = parse_query("SELECT a.b AS [[a b]], count AS c, COUNT(*), COUNT(), count(a), Avg(a)"
                        " FROM devices GROUP BY a.b, count")  # fmt: skip
    assert query.columns == (
        Column(("a", "b"), "a b"),
        Column(("count",), "c"),
        Column(Aggregate("COUNT")),
        Column(Aggregate("COUNT")),
        Column(Aggregate("COUNT", ("a",))),
        Column(Aggregate("AVG", ("a",))),
    )
    assert query.group_by == (("a", "b"), ("count",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "SELECT"),
        ("SELECT FROM devices", "a column: *, a path, or an aggregate as COUNT(), not 'FROM'"),
        ("SELECT SUM() FROM devices", "a path in SUM(), not ')'"),
        ("SELECT SUM(*) FROM devices", "a path in SUM(), not '*'"),
        ("SELECT a b FROM devices", "FROM and a collection"),
        ("SELECT a AS FROM devices", "FROM and a collection"),
        ("SELECT * FROM devices ORDER BY a", "the end of the query, not 'ORDER'"),
        ("SELECT * FROM devices WHERE a = 1 LIMIT 5", "the end of the query, not 'LIMIT'"),
        ("SELECT * FROM devices GROUP a", "BY after GROUP, not 'a'"),
        ("SELECT a FROM devices GROUP BY a, 5", "a path to group by, not '5'"),
        ("SELECT * FROM devices WHERE", "a value"),
        ("SELECT * FROM twins", "devices, devices.modules or devices.jobs, not 'twins'"),
        ("SELECT * FROM devices; SELECT", "the end of the query, not 'SELECT'"),
        ("SELECT a FROM devices.jobs", "*: devices.jobs gives whole rows only"),
    ],
)
def test_what_is_no_query_is_told_what_was_expected(text: str, expected: str) -> None:
    """QUERY-3."""
    assert f"expected {expected}" in str(error(lambda: parse_query(text)))


def test_an_empty_target_condition_targets_nothing_and_a_star_everything() -> None:
    """QUERY-41."""
    for text in ("", "  \n", "/* nothing */"):
        assert parse_target_condition(text, modules=False) is None
        assert parse_target_condition(text, modules=True) is None
    assert parse_target_condition(" * ", modules=False) == Constant(True)
    assert "AND, OR or the end" in str(error(lambda: parse_target_condition("* a", modules=False)))


@pytest.mark.parametrize(
    "prefix", ["", "FROM devices.modules WHERE ", "from Devices.modules\nwhere "]
)
def test_a_condition_over_modules_may_say_so(prefix: str) -> None:
    """QUERY-43."""
    assert parse_target_condition(f"{prefix}moduleId = 'm'", modules=True) == is_("moduleId", "m")
    assert parse_target_condition(f"{prefix}*", modules=True) == Constant(True)


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("FROM devices.modules WHERE a = 1", False),
        ("FROM devices WHERE a = 1", True),
        ("FROM devices.modules a = 1", True),
        ("FROM devices.modules WHERE", True),
    ],
)
def test_another_prefix_is_refused(text: str, modules: bool) -> None:
    """QUERY-43."""
    assert "expected" in str(error(lambda: parse_target_condition(text, modules=modules)))


def test_a_bare_condition_ends_where_it_ends() -> None:
    """QUERY-6."""
    assert parse_condition("a /* b */ = -- c\n 1 ;") == Comparison(Comparator.EQUAL, A, ONE)
    assert "AND, OR or the end of the condition" in str(error(lambda: parse_condition("a = 1 )")))
