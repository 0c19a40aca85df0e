"""What conditions mean, over one row."""

from dataclasses import dataclass

import pytest

from affinage.domain.query.evaluate import equal, evaluate, matches, negated
from affinage.domain.query.functions import Value
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import UNDEFINED, Path, to_text
from affinage.domain.values import JsonValue

U = UNDEFINED


@dataclass(frozen=True)
class Document:
    """A row that is a JSON document, and is walked."""

    value: JsonValue

    def lookup(self, path: Path) -> Value:
        here: JsonValue = self.value
        for step in path:
            match step, here:
                case str(), dict() if step in here:
                    here = here[step]
                case int(), list() if step < len(here):
                    here = here[step]
                case _:
                    return UNDEFINED
        return here


ROW = Document(
    {
        "deviceId": "pump-1",
        "lastActivityTime": "2025-01-01T00:00:00.5Z",
        "n": None,
        "t": True,
        "f": False,
        "one": 1,
        "two": 2.0,
        "s": "abc",
        "list": [1, "x", None],
        "o": {"a": 1},
        "tags": {"lastActivityTime": "2025-01-01T00:00:00.5Z", "x": {"$lastUpdated": "2025-01-02"}},
    }
)


def value(text: str) -> Value:
    return evaluate(parse_condition(text), ROW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("o.a", 1),
        ("list[1]", "x"),
        ("list[3]", U),
        ("o.b", U),
        ("s.x", U),
        ("o[0]", U),
        ("n", None),
        ("nothing", U),
        ("[1, undefined, 'x']", [1, "x"]),
        ("5", 5),
    ],
)
def test_a_path_names_what_is_there_or_nothing(text: str, expected: Value) -> None:
    """QUERY-4, QUERY-16."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one = 1.0", True),
        ("one = two", False),
        ("one < two", True),
        ("two <= 2", True),
        ("one > two", False),
        ("one >= 1", True),
        ("s = 'abc'", True),
        ("s = 'ABC'", False),
        ("s < 'abd'", True),
        ("'Z' < 'a'", True),
        ("f < t", True),
        ("t = true", True),
        ("s <> 'x'", True),
    ],
)
def test_values_of_one_type_compare(text: str, expected: Value) -> None:
    """QUERY-18."""
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one = '1'", False),
        ("one != '1'", True),
        ("t = 1", False),
        ("t != 1", True),
        ("f = 0", False),
        ("one < '2'", U),
        ("t < 2", U),
        ("n < 1", U),
        ("n <= null", U),
    ],
)
def test_values_of_different_types_are_unequal_and_in_no_order(text: str, expected: Value) -> None:
    """QUERY-19."""
    assert value(text) is expected


@pytest.mark.parametrize("comparator", ["=", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_nothing_says_nothing(comparator: str) -> None:
    """QUERY-17."""
    for text in ("nothing {} 1", "1 {} nothing", "nothing {} null", "one {} undefined", "o {} 1"):
        assert value(text.format(comparator)) is U


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n = null", True),
        ("n != null", False),
        ("one = null", False),
        ("one != null", True),
        ("o = null", False),
        ("o != null", True),
        ("list = null", False),
        ("n = 1", False),
        ("o = o", U),
        ("list != 1", U),
        ("o < null", U),
        ("nothing != null", U),
    ],
)
def test_anything_defined_is_null_or_is_not(text: str, expected: Value) -> None:
    """QUERY-20."""
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one IN [2, 1]", True),
        ("one IN []", False),
        ("one IN ['1', true]", False),
        ("n IN [null]", True),
        ("o IN [1]", False),
        ("one IN [undefined]", False),
        ("nothing IN [1]", U),
        ("one NIN [2, 1]", False),
        ("one NOT IN [2]", True),
        ("nothing NIN [1]", U),
    ],
)
def test_a_value_is_in_a_list_if_it_equals_an_element(text: str, expected: Value) -> None:
    """QUERY-21."""
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lastActivityTime = '2025-01-01T00:00:00.500Z'", True),
        ("'2025-01-01T01:00:00.5+01:00' = lastActivityTime", True),
        ("lastActivityTime > '2025-01-01T00:00:00Z'", True),
        ("lastActivityTime < '2025-01-01T00:00:00.5000001Z'", True),
        ("lastActivityTime >= '2025-01-01'", True),
        ("lastActivityTime = '2025-01-01T00:00:00.5'", True),
        ("lastActivityTime IN ['2025-01-01T00:00:00.50Z']", True),
        ("tags.x.$lastUpdated = '2025-01-02T00:00:00Z'", True),
        ("tags.lastActivityTime = '2025-01-01T00:00:00.500Z'", False),
        ("lastActivityTime > '2025-02-31'", False),
        ("lastActivityTime > 'x'", False),
        ("lastActivityTime = 5", False),
    ],
)
def test_moments_compare_as_instants(text: str, expected: Value) -> None:
    """QUERY-22."""
    assert value(text) is expected


TRUTHS = {"t": True, "f": False, "nothing": U, "one": U}


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_and_and_or_follow_the_table_of_three_values(left: str, right: str) -> None:
    """QUERY-23."""
    both = {TRUTHS[left], TRUTHS[right]}
    assert value(f"{left} AND {right}") is (False if False in both else U if U in both else True)
    assert value(f"{left} OR {right}") is (True if True in both else U if U in both else False)


def test_not_turns_round_what_is_true_or_false() -> None:
    """QUERY-23."""
    assert [value(f"NOT {name}") for name in TRUTHS] == [False, True, U, U]
    assert negated(None) is U


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one + 2 * 3 - two", 5),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("one / two", 0.5),
        ("-one", -1),
        ("+two", 2),
        ("one / 0", U),
        ("one % 0", U),
        ("1e308 * 10", U),
        ("9" * 300 + " * " + "9" * 300, U),
        ("9" * 300 + " / 1e-300", U),
        ("1 + s", U),
        ("1 + t", U),
        ("n * 1", U),
        ("-s", U),
        ("-t", U),
        ("nothing + 1", U),
    ],
)
def test_arithmetic_is_between_numbers(text: str, expected: Value) -> None:
    """QUERY-24."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IS_DEFINED(n)", True),
        ("IS_DEFINED(nothing)", False),
        ("LENGTH(s) + 1", 4),
        ("LENGTH(nothing)", U),
        ("STARTSWITH(devices.deviceId, 'pump')", True),
    ],
)
def test_a_function_is_given_the_values(text: str, expected: Value) -> None:
    """QUERY-28, QUERY-29."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("t", True),
        ("f", False),
        ("one", False),
        ("s", False),
        ("nothing", False),
        ("true", True),
        ("one = 1", True),
        ("tags.a != 'x'", False),
        ("NOT tags.a = 'x'", False),
        ("tags.a != 'x' OR NOT IS_DEFINED(tags.a)", True),
    ],
)
def test_only_true_selects_a_row(text: str, selected: bool) -> None:
    """QUERY-25."""
    assert matches(parse_condition(text), ROW) is selected
    assert matches(parse_condition(to_text(parse_condition(text))), ROW) is selected


def test_no_condition_selects_every_row() -> None:
    """QUERY-25."""
    assert matches(None, ROW)


def test_equal_says_so_of_bare_values() -> None:
    assert equal(1, 1.0) is True
    assert equal({}, 1) is U


@pytest.mark.parametrize("text", ["GROUP('a')", "NOT GROUP('a')", "GROUP('a') OR n = 1"])
def test_a_group_that_is_not_written_out_is_undefined(text: str) -> None:
    """QUERY-50"""
    assert evaluate(parse_condition(text), ROW) is U
