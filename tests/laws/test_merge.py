"""What holds for every patch, whatever it is merged into."""

import pytest
from hypothesis import example, given

from affinage.domain.errors import Invalid
from affinage.domain.values import (
    JsonObject,
    JsonValue,
    check_patch,
    difference,
    is_object,
    merge,
    same,
    size_bytes,
)
from laws.strategies import junk, patches, values


def merged(target: JsonObject, patch: JsonObject) -> JsonObject:
    result = merge(target, patch)
    assert is_object(result)
    return result


def holds_null(value: JsonValue) -> bool:
    if is_object(value):
        return any(map(holds_null, value.values()))
    return value is None


def survivors(patch: JsonObject, result: JsonObject) -> list[str]:
    """Names that the patch deletes and the result still has, at any depth."""
    left = [name for name, value in patch.items() if value is None and name in result]
    for name, value in patch.items():
        if is_object(value):
            inner = result[name]
            assert is_object(inner)
            left += survivors(value, inner)
    return left


@given(values, patches)
def test_the_same_patch_twice_is_the_patch_once(target: JsonObject, patch: JsonObject) -> None:
    once = merged(target, patch)
    assert same(merged(once, patch), once)


@given(values)
def test_an_empty_patch_changes_no_value(target: JsonObject) -> None:
    assert same(merged(target, {}), target)


@given(values, patches)
def test_no_name_survives_its_null(target: JsonObject, patch: JsonObject) -> None:
    """TWIN-4."""
    result = merged(target, patch)
    assert survivors(patch, result) == []
    assert not holds_null(result)


@given(values, patches)
def test_what_a_patch_does_not_name_stays_the_very_same(
    target: JsonObject, patch: JsonObject
) -> None:
    """TWIN-4, TWIN-23: at any depth."""

    def check(old: JsonObject, patch: JsonObject, new: JsonObject) -> None:
        assert all(new[name] is old[name] for name in old.keys() - patch.keys())
        for name in old.keys() & patch.keys() & new.keys():
            trio = (old[name], patch[name], new[name])
            if all(map(is_object, trio)):
                check(*trio)  # type: ignore[arg-type]  # all three are objects

    check(target, patch, merged(target, patch))


@given(values, values)
@example({"a": 1}, {"a": True})
@example({"a": [{"b": 0}]}, {"a": [{"b": False}]})
@example({"a": {"b": 1}}, {"a": {}})
def test_merging_the_difference_gives_the_new(old: JsonObject, new: JsonObject) -> None:
    """TWIN-12."""
    assert same(merged(old, difference(old, new)), new)


@given(values, patches)
def test_the_difference_that_a_patch_made_is_within_the_patch(
    target: JsonObject, patch: JsonObject
) -> None:
    """TWIN-12: smallest, so it never says more than a patch to the same end."""

    def within(one: JsonObject, other: JsonObject) -> bool:
        return all(
            name in other
            and (
                within(value, inner) if is_object(value) and is_object(inner := other[name]) else 1
            )
            for name, value in one.items()
        )

    assert within(difference(target, merged(target, patch)), patch)


@given(values)
def test_there_is_no_difference_to_an_equal(target: JsonObject) -> None:
    assert difference(target, merged({}, target)) == {}


def counted(value: JsonValue) -> int:
    """The rule, word for word."""
    match value:
        case None:
            return 0
        case bool():
            return 4
        case int() | float():
            return 8
        case str():
            kept = [char for char in value if ord(char) > 0x1F and not 0x80 <= ord(char) <= 0x9F]
            return len("".join(kept).encode())
        case list():
            return sum(map(counted, value))
        case dict():
            return sum(counted(name) + counted(inner) for name, inner in value.items())


@given(patches)
def test_the_size_is_what_the_rule_says(patch: JsonObject) -> None:
    """TWIN-20."""
    assert size_bytes(patch) == counted(patch)


@given(patches)
def test_what_a_twin_may_hold_is_let_pass(patch: JsonObject) -> None:
    """TWIN-15, TWIN-16, TWIN-17, TWIN-19."""
    check_patch("desired of p", patch)


@given(junk())
def test_what_no_twin_may_hold_is_refused_in_few_words(patch: JsonObject) -> None:
    """TWIN-15, TWIN-16, TWIN-17, TWIN-18, TWIN-19."""
    with pytest.raises(Invalid) as refused:
        check_patch("desired of p", patch)
    assert len(str(refused.value).encode()) < 1000
