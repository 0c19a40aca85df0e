"""What `$metadata` says after a write."""

from affinage.domain.stamps import Stamp, render, restamp
from affinage.domain.values import JsonObject, is_object, merge

OLD = Stamp(0, 1, {"a": Stamp(0, 1, {"b": Stamp(0, 1), "c": Stamp(0, 1)}), "d": Stamp(0, 1)})
VALUES: JsonObject = {"a": {"b": 1, "c": 2}, "d": 3}
NEW = Stamp(5, 2)


def written(patch: JsonObject) -> Stamp:
    result = merge(VALUES, patch)
    assert is_object(result)
    return restamp(OLD, patch, result, NEW)


def test_a_leaf_and_every_object_above_it_are_stamped() -> None:
    """TWIN-7."""
    stamps = written({"a": {"b": 9}})
    assert (stamps.at, stamps.version) == (5, 2)
    assert stamps.inner["a"] == Stamp(5, 2, {"b": NEW, "c": Stamp(0, 1)})


def test_what_is_not_named_keeps_its_stamp() -> None:
    """TWIN-7, TWIN-23."""
    assert written({"a": {"b": 9}}).inner["d"] is OLD.inner["d"]


def test_what_is_deleted_loses_its_stamp_and_stamps_what_is_above() -> None:
    """TWIN-7."""
    assert written({"a": {"b": None}}).inner["a"] == Stamp(5, 2, {"c": Stamp(0, 1)})
    assert written({"a": None}) == Stamp(5, 2, {"d": Stamp(0, 1)})
    assert written({"x": None, "a": None, "d": None}) == NEW


def test_an_array_is_a_leaf() -> None:
    """TWIN-7."""
    assert written({"a": [{"b": 1}]}).inner["a"] == NEW


def test_an_object_in_the_place_of_a_leaf_gets_stamps_inside() -> None:
    """TWIN-7."""
    assert written({"d": {"e": 1, "f": None}}).inner["d"] == Stamp(5, 2, {"e": NEW})
    assert restamp(None, {"a": {}}, {"a": {}}, NEW) == Stamp(5, 2, {"a": NEW})


def test_desired_shows_the_version_and_reported_does_not() -> None:
    """TWIN-7."""
    told = {"$lastUpdated": "1970-01-01T00:00:00Z", "$lastUpdatedVersion": 3}
    assert render(Stamp(0, 3, {"a": Stamp(0, 3)})) == {**told, "a": told}
    never = {"$lastUpdated": "1970-01-01T00:00:00Z"}
    assert render(Stamp(0, inner={"a": 0, "b": Stamp(0)})) == {**never, "a": never, "b": never}


def test_a_leaf_without_a_version_is_its_moment() -> None:
    reported = restamp(None, {"a": {"b": 1}}, {"a": {"b": 1}}, Stamp(5))
    assert reported == Stamp(5, 0, {"a": Stamp(5, 0, {"b": 5})})
    below: JsonObject = {"a": {"b": {"c": 1}}}
    assert restamp(reported, below, below, Stamp(6)).inner["a"] == Stamp(
        6, 0, {"b": Stamp(6, 0, {"c": 6})}
    )
