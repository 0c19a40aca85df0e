"""What a query answers for the rows it selected."""

from dataclasses import dataclass

import pytest

from affinage.domain.query.functions import Value
from affinage.domain.query.parse import parse_query
from affinage.domain.query.select import aggregate, names, project
from affinage.domain.query.syntax import UNDEFINED, Path
from affinage.domain.values import JsonObject, JsonValue


@dataclass(frozen=True)
class Flat:
    """A row with members at the root alone."""

    values: JsonObject

    def lookup(self, path: Path) -> Value:
        return self.values.get(str(path[-1]), UNDEFINED)


def projected(text: str, **values: JsonValue) -> JsonObject:
    return project(parse_query(f"SELECT {text} FROM devices"), Flat(values))


def aggregated(text: str, *rows: JsonObject) -> list[JsonObject]:
    return aggregate(parse_query(text), map(Flat, rows))


def test_a_column_is_called_as_its_alias_or_its_last_name() -> None:
    """QUERY-34."""
    assert projected("DEVICEID, tags.a, status AS Status, a AS [[b c]]",
                     deviceId="d", a=1, status="enabled") == {
        "deviceId": "d", "a": 1, "Status": "enabled", "b c": 1}  # fmt: skip
    assert names(parse_query("SELECT tags.list[0] FROM devices")) == ["list"]


def test_of_two_columns_of_one_name_the_last_wins() -> None:
    """QUERY-34: also where it is undefined."""
    assert projected("a AS x, b AS x", a=1, b=2) == {"x": 2}
    assert projected("a AS x, b AS x", a=1) == {}


def test_what_is_undefined_is_left_out_and_null_is_not() -> None:
    """QUERY-35."""
    assert projected("a, b", a=None) == {"a": None}
    assert projected("a, b") == {}


ROWS: list[JsonObject] = [{"g": "x", "v": 1}, {"g": "y", "v": 2.5}, {"g": "x", "v": 3}, {"v": "s"}]


def test_rows_with_equal_values_are_one_group() -> None:
    """QUERY-39."""
    assert aggregated("SELECT g AS k, COUNT() AS n FROM devices GROUP BY g", *ROWS) == [
        {"k": "x", "n": 2},
        {"k": "y", "n": 1},
        {"n": 1},
    ]
    assert aggregated("SELECT g, COUNT() AS n FROM devices GROUP BY g") == []
    assert aggregated("SELECT g FROM devices GROUP BY g", *ROWS) == [{"g": "x"}, {"g": "y"}, {}]


@pytest.mark.parametrize(
    ("one", "other", "groups"),
    [
        (1, 1.0, 1),
        (1, True, 2),
        (1, "1", 2),
        (None, False, 2),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, 1),
        ({"a": 1}, {"a": True}, 2),
        ([], {}, 2),
        ([1, 2], [2, 1], 2),
    ],
)
def test_a_group_is_of_what_is_equal_as_json(one: JsonValue, other: JsonValue, groups: int) -> None:
    """QUERY-39."""
    found = aggregated("SELECT COUNT() FROM devices GROUP BY g", {"g": one}, {"g": other})
    assert len(found) == groups


def test_two_paths_group_by_both() -> None:
    """QUERY-39."""
    rows: list[JsonObject] = [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1}]
    assert aggregated("SELECT b, COUNT() FROM devices GROUP BY a, b", *rows) == [
        {"b": 1, "count": 2},
        {"b": 2, "count": 1},
    ]


def test_without_groups_there_is_one_row_for_no_rows_too() -> None:
    """QUERY-39, QUERY-40."""
    text = "SELECT COUNT() AS n, COUNT(v), SUM(v), AVG(v), MIN(v), MAX(v) FROM devices"
    assert aggregated(text) == [{"n": 0, "count": 0}]
    assert aggregated(text, *ROWS) == [
        {"n": 4, "count": 4, "sum": 6.5, "avg": 6.5 / 3, "min": 1, "max": "s"}
    ]


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [([3, 1, 2], 1, 3), (["b", "a"], "a", "b"), (["a", 5], 5, "a"), ([True, 2, None], 2, 2)],
)
def test_numbers_come_before_strings(values: list[JsonValue], least: object, most: object) -> None:
    """QUERY-40."""
    rows: list[JsonObject] = [{"v": value} for value in values]
    assert aggregated("SELECT MIN(v), MAX(v) FROM devices", *rows) == [{"min": least, "max": most}]


def test_a_count_of_a_path_is_of_the_rows_that_have_it() -> None:
    """QUERY-40."""
    assert aggregated("SELECT COUNT(v) FROM devices", {"v": None}, {}, {"v": {}}) == [{"count": 2}]


def test_a_sum_beyond_every_double_is_left_out() -> None:
    """QUERY-40, QUERY-24."""
    rows: list[JsonObject] = [{"v": 1e308}] * 3
    assert aggregated("SELECT SUM(v), AVG(v), MAX(v) FROM devices", *rows) == [{"max": 1e308}]


def test_aggregates_without_alias_are_numbered_from_the_second() -> None:
    """QUERY-40."""
    assert names(parse_query("SELECT COUNT(), COUNT(a), SUM(a), COUNT(b) FROM devices")) == [
        *("count", "count1", "sum", "count2")
    ]
