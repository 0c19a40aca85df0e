from typing import Any

import pytest

from affinage.domain.content import Write
from affinage.domain.errors import TooLarge
from affinage.domain.names import TwinKey
from affinage.domain.overlay import Claim, compose, edits, judge, rewrite, settle
from affinage.domain.paths import Keys
from affinage.domain.twin import Twin, new_twin
from affinage.domain.values import JsonObject

KEY = TwinKey("pump-1")


def claim(name: str, *, in_force: bool = True, **paths: Any) -> Claim:
    writes = (_write(path.replace("_", "."), value) for path, value in paths.items())
    return Claim(name, tuple(writes), in_force)


def _write(dotted: str, value: Any) -> Write:
    return Write(tuple(dotted.split(".")), value, dotted)


def settled(twin: Twin, *claims: Claim, **options: Any) -> tuple[Twin, JsonObject | None]:
    """The twin, and what its device is told; what it owned before is what may be taken back."""
    options = {"before": twin.owned, **options}
    changed, events = settle(KEY, twin, judge(claims), at=1, **options)
    assert len(events) <= 1
    return changed, events[0].patch if events else None


def test_the_first_claim_of_a_path_wins_it() -> None:
    """RECONCILE-5, RECONCILE-7"""
    verdict = judge([claim("high", a=1), claim("low", a=2, b=2), claim("lost", b=3)])
    assert verdict.owned == {"a": "high", "b": "low"}
    assert verdict.statuses == {"high": "Applied", "low": "Applied", "lost": "Targeted"}


def test_a_path_hides_those_below_it_and_none_above() -> None:
    """RECONCILE-5, RECONCILE-6"""
    assert judge([claim("high", a=1), claim("low", a_b_c=2)]).owned == {"a": "high"}
    verdict = judge([claim("high", a_b=1), claim("low", a={"b": 2, "c": 2})])
    assert verdict.owned == {"a.b": "high", "a": "low"}
    assert compose(verdict.winners) == {"a": {"b": 1, "c": 2}}


def test_a_hidden_path_hides_too() -> None:
    """RECONCILE-5"""
    verdict = judge([claim("high", a=1), claim("middle", a_b=1), claim("low", a_b_c=1)])
    assert verdict.owned == {"a": "high"}


def test_who_has_nothing_for_the_twin_is_not_listed() -> None:
    """RECONCILE-8"""
    verdict = judge([claim("empty")])
    assert (verdict.statuses, verdict.winners) == ({}, ())


def test_who_is_out_of_force_is_listed_and_hides_nothing() -> None:
    """EDGE-5"""
    verdict = judge([claim("hidden", in_force=False, a=1), claim("low", a=2)])
    assert verdict.statuses == {"hidden": "Targeted", "low": "Applied"}
    assert verdict.owned == {"a": "low"}


def test_what_is_settled_stays_the_same_object() -> None:
    """RECONCILE-9, RECONCILE-10"""
    twin, told = settled(new_twin(0), claim("c", a=1))
    assert (told, twin.desired.version, twin.owned) == ({"a": 1}, 2, {"a": "c"})
    again, told = settled(twin, claim("c", a=1))
    assert again is twin
    assert told is None


def test_statuses_alone_move_no_version() -> None:
    """RECONCILE-9"""
    twin, told = settled(new_twin(0, desired={"a": 1}), claim("c", a=1))
    assert (twin.statuses, told) == ({"c": "Applied"}, None)
    assert (twin.desired.version, twin.etag, twin.version) == (1, 1, 2)


def test_a_path_that_nobody_holds_any_more_goes() -> None:
    """RECONCILE-11, RECONCILE-12"""
    twin, _ = settled(new_twin(0, desired={"o": 1}), claim("c", a_b_c=1, o_p=2))
    left, told = settled(twin)
    assert told == {"a": None, "o": None}
    assert (left.desired.values, left.owned, left.statuses) == ({}, {}, {})


def test_it_goes_to_the_next_in_rank() -> None:
    """RECONCILE-11"""
    low = claim("low", a={"b": 1, "c": 1})
    twin, _ = settled(new_twin(0), claim("high", a_b=2), low)
    _, told = settled(twin, low)
    assert told == {"a": {"b": 1}}


def test_only_a_path_with_a_new_winner_is_written() -> None:
    """RECONCILE-13"""
    twin, _ = settled(new_twin(0), claim("c", a=1, b=1))
    meddled, _ = settled(twin, claim("c", a=7, b=7), correct_drift=True)
    changed, told = settled(meddled, claim("high", b=2), claim("c", a=1, b=1))
    assert told == {"b": 2}
    assert changed.desired.values == {"a": 7, "b": 2}


def test_drift_is_corrected_on_request() -> None:
    """RECONCILE-14"""
    twin, _ = settled(new_twin(0, desired={"a": {"x": 1}, "o": 1}), claim("c", b=None))
    owned = {"a": "c", "b": "c"}
    changed, told = settled(twin, claim("c", a={}, b=None), before=owned, correct_drift=True)
    assert told == {"a": {"x": None}}
    assert changed.desired.values == {"a": {}, "o": 1}


def test_a_path_without_an_owner_is_written() -> None:
    """RECONCILE-15"""
    twin, _ = settled(new_twin(0), claim("c", a=1))
    _, told = settled(twin, claim("c", a=2), before={"a": None})
    assert told == {"a": 2}


def test_a_path_that_stays_is_forgotten_and_left() -> None:
    """EDGE-8"""
    twin, _ = settled(new_twin(0), claim("c", a=1))
    left, told = settled(twin, before={})
    assert (told, left.desired.values, left.owned) == (None, {"a": 1}, {})


def test_the_whole_of_desired_can_be_the_winners() -> None:
    """EDGE-7"""
    twin = new_twin(0, desired={"o": 1})
    changed, told = settled(twin, claim("c", a=1), whole=True)
    assert (changed.desired.values, told) == ({"a": 1}, {"o": None, "a": 1})
    assert settled(changed, claim("c", a=1), whole=True)[0] is changed


def test_a_limit_that_would_be_passed_is_an_error() -> None:
    """RECONCILE-19"""
    twin = new_twin(0, desired={f"k{n}": "x" * 4000 for n in range(8)})
    with pytest.raises(TooLarge, match="of 32768 bytes"):
        settled(twin, claim("c", a="x" * 4000))


@pytest.mark.parametrize(
    ("values", "managed", "touched", "result"),
    [
        ({"a": {"b": 1}}, {}, [("a", "b")], {}),
        ({"a": {"b": 1, "o": 1}}, {}, [("a", "b")], {"a": {"o": 1}}),
        ({"a": {"b": 1}}, {"a": {}}, [("a", "b")], {"a": {}}),
        ({"a": {"b": 1}}, {"a": 5}, [("a", "b")], {"a": 5}),
        ({"a": 3}, {"a": {"b": 1}}, [("a", "b")], {"a": {"b": 1}}),
        (
            {"a": {"b": {"c": 1}}, "o": 1},
            {"a": {"b": 2}},
            [("a",), ("a", "b")],
            {"a": {"b": 2}, "o": 1},
        ),
        ({"a": 1, "o": 1}, {"b": 1}, [()], {"b": 1}),
        ({"o": 1}, {}, [("a", "b")], {"o": 1}),
    ],
)
def test_touched_paths_become_what_is_managed(
    values: JsonObject, managed: JsonObject, touched: list[Keys], result: JsonObject
) -> None:
    """RECONCILE-12, RECONCILE-13"""
    assert rewrite(values, edits(managed, touched)) == result


def test_what_there_is_to_do_is_made_once_for_all_that_come_from_the_same() -> None:
    verdict = judge([claim("high", a=1)])
    assert verdict.edits((("a",),)) is verdict.edits((("a",),))
    for number in range(1000):
        verdict.edits(((f"p{number}",),))
    assert len(verdict._edits) <= 100
