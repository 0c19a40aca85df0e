"""Finding what may select a row by the values that it has."""

import pytest

from affinage.domain.anchors import Anchor, Anchored, anchor
from affinage.domain.device import ABSENT
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Constant
from affinage.domain.row import TwinRow
from fakes.reconciling import a_device

A = ("tags", "a")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("tags.a = 1", Anchor(A, frozenset({1}))),
        ("'x' = tags.a", Anchor(A, frozenset({"x"}))),
        ("tags.a IN ['x', 'y']", Anchor(A, frozenset({"x", "y"}))),
        ("tags.b > 1 AND tags.a = 1 AND tags.c = 2", Anchor(A, frozenset({1}))),
        ("tags.a != 1", None),
        ("tags.a NIN [1]", None),
        ("tags.a = 1 OR tags.b = 1", None),
        ("NOT tags.a = 1", None),
        ("lastActivityTime = '2025-01-01T00:00:00Z'", None),
        ("lastActivityTime IN ['2025-01-01T00:00:00Z']", None),
        ("IS_DEFINED(tags.a)", None),
    ],
)
def test_an_anchor_is_a_value_that_a_row_must_have(condition: str, found: Anchor | None) -> None:
    assert anchor(parse_condition(condition)) == found


def test_what_may_select_a_row_is_found_by_its_values() -> None:
    texts = ("tags.a = 1", "tags.a = 2", "tags.a = true", "tags.b = 1", "tags.b != 1")
    anchored = Anchored(texts, parse_condition)
    row = TwinRow(a_device(tags={"a": 1, "b": {"c": 1}}), ABSENT)
    assert list(anchored.possible(row)) == ["tags.b != 1", "tags.a = 1"]


def test_what_is_undefined_is_no_anchor() -> None:
    assert anchor(parse_condition("tags.a = undefined")) == Anchor(A, frozenset())
    assert anchor(Constant(True)) is None
