"""What holds of finding conditions by the values of rows."""

from hypothesis import given

from affinage.domain.anchors import Anchored
from affinage.domain.query.evaluate import matches
from affinage.domain.query.syntax import Expr
from laws.query_strategies import JsonRow, conditions, rows


@given(conditions, rows)
def test_who_is_not_found_selects_nothing(expr: Expr, row: JsonRow) -> None:
    """RECONCILE-3"""
    found = list(Anchored([expr], lambda each: each).possible(row))
    assert found == [expr] or not matches(expr, row)
