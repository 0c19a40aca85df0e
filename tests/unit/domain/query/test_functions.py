"""What each function makes of its values."""

import math

import pytest

from affinage.domain.query.functions import FUNCTIONS, Function, Value, finite
from affinage.domain.query.syntax import UNDEFINED

U = UNDEFINED


def call(name: str, *arguments: Value) -> Value:
    assert FUNCTIONS[name].takes(len(arguments))
    return FUNCTIONS[name].apply(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ABS", (-2,), 2),
        ("EXP", (0,), 1),
        ("EXP", (1000,), U),
        ("POWER", (2, 10), 1024),
        ("POWER", (0, -1), U),
        ("POWER", (-1, 0.5), U),
        ("POWER", (10, 400), U),
        ("SQUARE", (-3,), 9),
        ("SQUARE", (1e200,), U),
        ("SQUARE", (10**200,), U),
        ("SQRT", (9,), 3),
        ("SQRT", (-1,), U),
        ("CEILING", (1.2,), 2),
        ("FLOOR", (-1.2,), -2),
        ("SIGN", (-0.5,), -1),
        ("SIGN", (0,), 0),
        ("SIGN", (3,), 1),
        ("ABS", ("1",), U),
        ("ABS", (True,), U),
        ("AS_NUMBER", ("12",), 12),
        ("AS_NUMBER", ("-1.5e1",), -15.0),
        ("AS_NUMBER", (3,), 3),
        ("AS_NUMBER", ("0x10",), U),
        ("AS_NUMBER", (" 1",), U),
        ("AS_NUMBER", ("",), U),
        ("AS_NUMBER", ("1e999",), U),
        ("AS_NUMBER", ("9" * 400,), U),
        ("AS_NUMBER", ("9" * 5000,), U),
        ("AS_NUMBER", (True,), U),
    ],
)
def test_mathematics(name: str, arguments: tuple[Value, ...], expected: Value) -> None:
    """QUERY-30, QUERY-29."""
    assert call(name, *arguments) == expected


KINDS: dict[str, tuple[Value, ...]] = {
    "IS_ARRAY": ([],),
    "IS_BOOL": (True, False),
    "IS_NULL": (None,),
    "IS_NUMBER": (0, 1.5),
    "IS_OBJECT": ({},),
    "IS_STRING": ("",),
}
ALL: list[Value] = [U, *(value for values in KINDS.values() for value in values)]


@pytest.mark.parametrize("name", KINDS)
def test_a_test_is_true_of_its_own_kind_alone(name: str) -> None:
    """QUERY-28."""
    for value in ALL:
        is_own = any(value is own for own in KINDS[name])
        assert call(name, value) is is_own
    assert not FUNCTIONS[name].is_strict


def test_a_primitive_and_a_defined_value_are_of_several_kinds() -> None:
    """QUERY-28."""
    assert not any(call("IS_PRIMITIVE", value) for value in ALL if value in (U, [], {}))
    assert all(call("IS_PRIMITIVE", value) for value in ALL if value not in (U, [], {}))
    assert [call("IS_DEFINED", value) for value in ALL] == [False] + [True] * (len(ALL) - 1)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("CONCAT", ("a", "b", "c"), "abc"),
        ("CONCAT", ("a", 1), U),
        ("LENGTH", ("é😀",), 2),
        ("LENGTH", ([],), U),
        ("LOWER", ("ÄB",), "äb"),
        ("UPPER", ("äb",), "ÄB"),
        ("SUBSTRING", ("abcd", 1), "bcd"),
        ("SUBSTRING", ("abcd", 1, 2), "bc"),
        ("SUBSTRING", ("abcd", 9, 2), ""),
        ("SUBSTRING", ("abcd", 1.0, 9), "bcd"),
        ("SUBSTRING", ("abcd", -1), U),
        ("SUBSTRING", ("abcd", 0.5), U),
        ("SUBSTRING", ("abcd", 0, "1"), U),
        ("SUBSTRING", ("abcd", 0, None), U),
        ("SUBSTRING", (5, 0), U),
        ("INDEX_OF", ("abcb", "b"), 1),
        ("INDEX_OF", ("abc", "x"), -1),
        ("CONTAINS", ("abc", "bc"), True),
        ("CONTAINS", (["a"], "a"), U),
        ("STARTS_WITH", ("abc", "ab"), True),
        ("STARTSWITH", ("abc", "b"), False),
        ("ENDS_WITH", ("abc", "bc"), True),
        ("ENDSWITH", ("abc", None), U),
    ],
)
def test_strings(name: str, arguments: tuple[Value, ...], expected: Value) -> None:
    """QUERY-31, QUERY-29."""
    assert call(name, *arguments) == expected
    assert FUNCTIONS[name].is_strict


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ARRAY_CONTAINS", ([1, "x", {"a": True}], "x"), True),
        ("ARRAY_CONTAINS", ([1, {"a": True}], {"a": True}), True),
        ("ARRAY_CONTAINS", ([1, {"a": True}], {"a": 1}), False),
        ("ARRAY_CONTAINS", ([1], True), False),
        ("ARRAY_CONTAINS", ("abc", "a"), U),
        ("ARRAY_LENGTH", ([1, 2],), 2),
        ("ARRAY_LENGTH", ("ab",), U),
    ],
)
def test_arrays(name: str, arguments: tuple[Value, ...], expected: Value) -> None:
    """QUERY-32, QUERY-29."""
    assert call(name, *arguments) == expected


@pytest.mark.parametrize(
    ("name", "arity", "taken"),
    [("LENGTH", "1", [1]), ("SUBSTRING", "2 to 3", [2, 3]), ("CONCAT", "2 or more", [2, 3, 4])],
)
def test_a_function_says_how_many_values_it_takes(name: str, arity: str, taken: list[int]) -> None:
    """QUERY-27."""
    function: Function = FUNCTIONS[name]
    assert function.arity == arity
    assert [count for count in range(5) if function.takes(count)] == taken


def test_what_no_double_holds_is_undefined() -> None:
    """QUERY-24."""
    assert finite(10**308) == 10**308
    assert finite(10**309) is finite(math.inf) is finite(-math.inf) is U
