"""How JSON values merge, differ and count, and what no twin may hold."""

from collections.abc import Callable

import pytest

from affinage.domain.errors import Invalid, Malformed, TooLarge
from affinage.domain.values import (
    MAX_VALUES,
    JsonObject,
    JsonValue,
    check_patch,
    check_size,
    difference,
    is_object,
    merge,
    same,
    size_bytes,
)


def nested(levels: int, wrap: Callable[[JsonValue], JsonValue], leaf: JsonValue = 1) -> JsonValue:
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def in_object(value: JsonValue) -> JsonValue:
    return {"a": value}


def in_array(value: JsonValue) -> JsonValue:
    return [value]


def refusal(patch: object, kind: type[Invalid] = Invalid) -> str:
    with pytest.raises(kind) as caught:
        check_patch("desired of p", patch)  # type: ignore[arg-type]  # as a door may have read it
    return str(caught.value)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_gives_what_the_table_of_rfc_7396_says(
    target: JsonValue, patch: JsonValue, result: JsonValue
) -> None:
    """TWIN-4."""
    assert merge(target, patch) == result


def test_a_null_below_a_missing_key_makes_an_empty_object() -> None:
    """TWIN-4."""
    assert merge({}, {"a": {"b": None}}) == {"a": {}}
    assert merge({}, {"a": None}) == {}


def test_merging_changes_neither_argument_and_shares_what_is_not_named() -> None:
    target: JsonObject = {"a": {"b": 1}, "c": {"d": 2}}
    merged = merge(target, {"a": {"b": 3}})
    assert target == {"a": {"b": 1}, "c": {"d": 2}}
    assert is_object(merged)
    assert merged["c"] is target["c"]


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": {}}, {"a": {}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
        ({"a": [1]}, {"a": {}}, {"a": {}}),
        ({"a": {}}, {"a": []}, {"a": []}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": [[0]]}, {"a": [[False]]}, {"a": [[False]]}),
        ({"a": 1}, {"a": 1.0}, {}),
    ],
)
def test_the_difference_is_the_smallest_patch(
    old: JsonObject, new: JsonObject, patch: JsonObject
) -> None:
    assert same(difference(old, new), patch)


def test_the_difference_does_not_look_into_a_shared_object() -> None:
    class Unread(dict[str, JsonValue]):
        def items(self) -> object:  # type: ignore[override]  # it is never called
            raise AssertionError

    shared = Unread(a=1)
    assert difference({"s": shared}, {"s": shared}) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (0, False),
        ([1], [True]),
        ({"a": 0}, {"a": False}),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ([], {}),
        (None, 0),
        ("1", 1),
    ],
)
def test_values_that_python_mixes_up_are_not_the_same(one: JsonValue, other: JsonValue) -> None:
    assert not same(one, other)
    assert same(one, one)
    assert same(other, other)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({}, 0),
        ({"key": "four"}, 7),
        ({"n": 1, "f": 1.5}, 18),
        ({"yes": True}, 7),
        ({"a": [1, "bb", False, [{"c": "d"}]]}, 17),
        ({"a": None}, 1),
        ("é😀", 6),
        ("a\x00\x1f\x80\x9fb", 2),
        ("\x7f\xa0", 3),
        ({"k\n": ""}, 1),
    ],
)
def test_names_and_values_are_counted_and_not_the_json_around_them(
    value: JsonValue, size: int
) -> None:
    """TWIN-20."""
    assert size_bytes(value) == size


def test_a_section_may_take_its_limit_and_not_a_byte_more() -> None:
    """TWIN-20."""
    check_size("tags of p", {"key": "value"}, 8)
    with pytest.raises(TooLarge, match=r"^tags of p would take 8 of 7 bytes$"):
        check_size("tags of p", {"key": "value"}, 7)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a": [[]] * MAX_VALUES}, "would have 32769 of 32768 values"),
        ({"a": {str(n): {} for n in range(MAX_VALUES)}}, "would have 32769 of 32768 values"),
        (
            {str(n): "\n" * 4096 for n in range(9)},
            "would take 36864 of 32768 bytes of control characters",
        ),
    ],
)
def test_what_has_no_size_has_its_limit_all_the_same(values: JsonObject, problem: str) -> None:
    """TWIN-26: a device could fill the hub's memory with nothing."""
    with pytest.raises(TooLarge, match=f"^reported of p {problem}$"):
        check_size("reported of p", values, MAX_VALUES * 8)


def test_what_has_a_size_is_held_to_nothing_else() -> None:
    """TWIN-26: each of the most values that a section has room for takes a byte."""
    check_size("reported of p", {"a": ["x"] * (MAX_VALUES - 1)}, MAX_VALUES)
    check_patch("reported of p", {"a": ["x"] * (MAX_VALUES - 1)})


@pytest.mark.parametrize("value", [[[]] * MAX_VALUES, {str(n): None for n in range(MAX_VALUES)}])
def test_a_patch_of_too_many_values_is_not_looked_at(value: JsonValue) -> None:
    """TWIN-26."""
    with pytest.raises(TooLarge, match=r"^desired of p would have 32769 of 32768 values$"):
        check_patch("desired of p", {"a": value})


@pytest.mark.parametrize(
    "name",
    [
        "azureiot*com^dtracing^1",
        "a-b",
        "é😀",
        "\x7f",
        "\xa0",
        "[]",
        "\\",
        '"',
        "'",
        "/",
        "x" * 1024,
    ],
)
def test_a_name_may_hold_nearly_anything(name: str) -> None:
    """TWIN-15."""
    check_patch("desired of p", {name: {name: 1}})


@pytest.mark.parametrize("bad", [*". $#\x00\n\x1f\x80\x85\x9f"])
def test_some_characters_no_name_may_hold_at_any_depth(bad: str) -> None:
    """TWIN-15."""
    reason = "has invalid characters: it must not contain control characters, '.', '$', '#', or ' '"
    name = f"a{bad}b"
    assert refusal({name: 1}) == f"desired of p: the name {name!r} {reason}"
    assert refusal({"x": [{name: 1}]}) == f"desired of p: x[0]: the name {name!r} {reason}"
    assert refusal({name: None}).endswith(reason)


def test_an_empty_name_is_refused() -> None:
    """TWIN-15."""
    assert refusal({"a": {"": 1}}) == "desired of p: a: a name must not be empty"


@pytest.mark.parametrize(("name", "size"), [("x" * 1025, 1025), ("é" * 513, 1026)])
def test_a_name_of_a_byte_too_many_is_refused_with_both_numbers(name: str, size: int) -> None:
    """TWIN-15."""
    assert refusal({name: 1}).endswith(f"…' takes {size} of 1024 bytes")


@pytest.mark.parametrize("text", ["x" * 4096, "é" * 2048, ""])
def test_a_string_may_take_its_limit(text: str) -> None:
    """TWIN-16."""
    check_patch("desired of p", {"a": text, "b": [text]})


@pytest.mark.parametrize(("text", "size"), [("x" * 4097, 4097), ("é" * 2048 + "x", 4097)])
def test_a_string_of_a_byte_too_many_is_refused_with_both_numbers(text: str, size: int) -> None:
    """TWIN-16."""
    reason = f"the string takes {size} of 4096 bytes"
    assert refusal({"a": {"b": text}}) == f"desired of p: a.b: {reason}"
    assert refusal({"a": [0, text]}) == f"desired of p: a[1]: {reason}"


def test_half_a_surrogate_pair_is_refused() -> None:
    """TWIN-16."""
    assert refusal({"a": "\ud83d"}) == r"desired of p: a: '\ud83d' holds half a surrogate pair"
    assert refusal({"\ude00": 1}) == r"desired of p: '\ude00' holds half a surrogate pair"


@pytest.mark.parametrize(
    "number", [2**52 - 1, -(2**52), 0, 1e308, -0.0, 5e-324, 2.0**60, True, False]
)
def test_numbers_within_the_limits_pass(number: JsonValue) -> None:
    """TWIN-17."""
    check_patch("desired of p", {"a": number, "b": [number]})


@pytest.mark.parametrize("number", [2**52, -(2**52) - 1, 2**63, 10**20])
def test_an_integer_outside_is_refused_with_both_limits(number: int) -> None:
    """TWIN-17."""
    limits = "-4503599627370496…4503599627370495"
    assert refusal({"a": number}) == f"desired of p: a: {number} is outside {limits}"


def test_an_integer_of_thousands_of_digits_is_refused_in_few_words() -> None:
    """TWIN-17."""
    message = refusal({"a": -(10**5000)})
    assert message.startswith("desired of p: a: -0x")
    assert len(message) < 120


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    """TWIN-17."""
    assert refusal({"a": number}) == f"desired of p: a: {number} is not a finite number"


@pytest.mark.parametrize("wrap", [in_object, in_array])
def test_ten_levels_pass_and_eleven_are_refused(wrap: Callable[[JsonValue], JsonValue]) -> None:
    """TWIN-18."""
    check_patch("desired of p", {"a": nested(10, wrap)})
    assert refusal({"a": nested(11, wrap)}).endswith(": 11 levels deep, of 10")
    assert refusal({"a": nested(10, wrap, leaf={})}).endswith(": 11 levels deep, of 10")


@pytest.mark.parametrize("wrap", [in_object, in_array])
def test_a_document_ten_thousand_levels_deep_is_refused_like_any_other(
    wrap: Callable[[JsonValue], JsonValue],
) -> None:
    """TWIN-18."""
    assert refusal({"a": nested(10_000, wrap)}).endswith(": 11 levels deep, of 10")


def test_a_null_deletes_at_any_depth_but_in_an_array() -> None:
    """TWIN-19."""
    check_patch("desired of p", {"a": None, "b": {"c": None}})
    reason = "an array must not contain null"
    assert refusal({"a": [1, None]}) == f"desired of p: a[1]: {reason}"
    assert refusal({"a": [{"b": {"c": None}}]}) == f"desired of p: a[0].b.c: {reason}"


@pytest.mark.parametrize("patch", [[], "a", 1, None, True])
def test_a_patch_that_is_no_object_is_malformed(patch: JsonValue) -> None:
    assert refusal(patch, Malformed) == "desired of p must be an object"


def test_a_message_shows_long_names_in_part() -> None:
    assert len(refusal({"x" * 1024: {"y" * 1024: float("nan")}})) < 150
