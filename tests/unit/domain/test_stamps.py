"""What `$metadata` says after a write."""

from affinage.domain.moments import Millis
from affinage.domain.stamps import Stamp, by_name, render, restamp
from affinage.domain.values import JsonObject, is_object, merge

EARLY, NEW = Stamp(0, 1), Stamp(5, 2)
VALUES: JsonObject = {"a": {"b": 1, "c": 2}, "d": 3}
OLD = Stamp(0, 1, [Stamp(0, 1, [EARLY, EARLY]), EARLY])


def written(patch: JsonObject, old: Stamp = OLD) -> dict[str, Stamp | Millis]:
    """The stamps at the root of the values, after a patch."""
    result = merge(VALUES, patch)
    assert is_object(result)
    stamps = restamp(old, VALUES, patch, result, NEW)
    assert (stamps.at, stamps.version) == (5, 2)
    return by_name(stamps, result)


def test_a_leaf_and_every_object_above_it_are_stamped() -> None:
    """TWIN-7."""
    assert written({"a": {"b": 9}})["a"] == Stamp(5, 2, [NEW, EARLY])


def test_what_is_not_named_keeps_its_stamp() -> None:
    """TWIN-7, TWIN-23."""
    assert written({"a": {"b": 9}})["d"] is EARLY


def test_what_is_deleted_loses_its_stamp_and_stamps_what_is_above() -> None:
    """TWIN-7."""
    assert written({"a": {"b": None}})["a"] == Stamp(5, 2, [EARLY])
    assert written({"a": None}) == {"d": EARLY}
    assert written({"x": None, "a": None, "d": None}) == {}


def test_an_array_is_a_leaf() -> None:
    """TWIN-7."""
    assert written({"a": [{"b": 1}]})["a"] == NEW


def test_an_object_in_the_place_of_a_leaf_gets_stamps_inside() -> None:
    """TWIN-7."""
    assert written({"d": {"e": 1, "f": None}})["d"] == Stamp(5, 2, [NEW])
    assert restamp(None, {}, {"a": {}}, {"a": {}}, NEW) == Stamp(5, 2, [NEW])


def test_stamps_follow_the_order_of_the_members() -> None:
    result: JsonObject = {"d": 3, "e": 1, "a": {"c": 2, "b": 1}}
    stamps = restamp(OLD, VALUES, {"e": 1}, result, NEW)
    assert stamps.inner == [EARLY, NEW, Stamp(0, 1, [EARLY, EARLY])]


def test_a_store_of_before_has_the_stamps_by_name() -> None:
    old = Stamp(0, 1, {"a": Stamp(0, 1, {"b": EARLY, "c": EARLY}), "d": EARLY})
    assert render(old, VALUES) == render(OLD, VALUES)
    assert written({"a": {"b": 9}}, old) == written({"a": {"b": 9}})


def test_desired_shows_the_version_and_reported_does_not() -> None:
    """TWIN-7."""
    told = {"$lastUpdated": "1970-01-01T00:00:00Z", "$lastUpdatedVersion": 3}
    assert render(Stamp(0, 3, [Stamp(0, 3)]), {"a": 1}) == {**told, "a": told}
    never = {"$lastUpdated": "1970-01-01T00:00:00Z"}
    assert render(Stamp(0, inner=[0, Stamp(0)]), {"a": 1, "b": 2}) == {
        **never,
        "a": never,
        "b": never,
    }


def test_a_leaf_without_a_version_is_its_moment() -> None:
    first: JsonObject = {"a": {"b": 1}}
    reported = restamp(None, {}, first, first, Stamp(5))
    assert reported == Stamp(5, 0, [Stamp(5, 0, [5])])
    below: JsonObject = {"a": {"b": {"c": 1}}}
    assert restamp(reported, first, below, below, Stamp(6)).inner == [
        Stamp(6, 0, [Stamp(6, 0, [6])])
    ]
