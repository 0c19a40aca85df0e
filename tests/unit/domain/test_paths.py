import pytest

from affinage.domain.paths import Keys, find, place, prefixes, remove
from affinage.domain.values import JsonObject, JsonValue

VALUES: JsonObject = {"a": {"b": {"c": 1}, "d": 0}, "e": "text"}


@pytest.mark.parametrize(
    ("path", "found"),
    [((), VALUES), (("a", "b"), {"c": 1}), (("a", "d"), 0), (("e", "f"), None), (("x", "y"), None)],
)
def test_a_path_leads_to_what_lies_there(path: Keys, found: JsonValue) -> None:
    assert find(VALUES, path) == found


@pytest.mark.parametrize(
    ("path", "value", "result"),
    [
        (("a", "b"), 2, {"a": {"b": 2, "d": 0}, "e": "text"}),
        (("e", "f"), 2, {"a": VALUES["a"], "e": {"f": 2}}),
        (("x", "y"), {}, {**VALUES, "x": {"y": {}}}),
        ((), {"only": 1}, {"only": 1}),
        (("a", "b"), None, {"a": {"d": 0}, "e": "text"}),
        (("x", "y"), None, VALUES),
    ],
)
def test_what_is_placed_lies_there_exactly(
    path: Keys, value: JsonValue, result: JsonObject
) -> None:
    assert place(VALUES, path, value) == result


def test_what_a_path_does_not_touch_is_shared() -> None:
    assert place(VALUES, ("e",), 1)["a"] is VALUES["a"]


@pytest.mark.parametrize(
    ("path", "result"),
    [
        (("a", "b", "c"), {"a": {"b": {}, "d": 0}, "e": "text"}),
        (("e",), {"a": VALUES["a"]}),
        ((), {}),
    ],
)
def test_what_is_removed_leaves_the_objects_around_it(path: Keys, result: JsonObject) -> None:
    assert remove(VALUES, path) == result


def test_removing_nothing_gives_the_same_object() -> None:
    assert remove(VALUES, ("a", "x")) is VALUES


def test_prefixes_go_from_the_root_to_the_path() -> None:
    assert prefixes(("a", "b")) == ((), ("a",), ("a", "b"))
