"""What an expression means for one row: the one semantics of the query language.

Everything else that answers a query (`plan`) must agree with it. Logic has three values: an
expression over something that is not there is UNDEFINED, and so is its negation.
"""

import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from affinage.domain.query import members
from affinage.domain.query.functions import FUNCTIONS, Value, finite, is_number
from affinage.domain.query.syntax import (
    UNDEFINED,
    And,
    Array,
    Call,
    Comparator,
    Comparison,
    Constant,
    Expr,
    In,
    InGroup,
    Lookup,
    Not,
    Or,
    Path,
    Primitive,
    Product,
    Signed,
    Sum,
    Undefined,
)


class Row(Protocol):
    def lookup(self, path: Path) -> Value:
        """The value at the path, UNDEFINED where there is none."""
        ...


def matches(expr: Expr | None, row: Row) -> bool:
    """Whether a condition selects the row: only true does; no condition selects every row.

    Source: QUERY-25.
    """
    return expr is None or evaluate(expr, row) is True


def evaluate(expr: Expr, row: Row) -> Value:
    """The value of an expression for a row; never raises, whatever the row holds.

    Source: docs/spec/query.md, QUERY-16 to QUERY-32.
    """
    return _EVALUATORS[type(expr)](expr, row)


def _constant(expr: Constant, row: Row) -> Value:
    return expr.value


def _array(expr: Array, row: Row) -> Value:
    return [value for value in expr.values if not isinstance(value, Undefined)]


def _lookup(expr: Lookup, row: Row) -> Value:
    return row.lookup(expr.path)


def _in_group(expr: InGroup, row: Row) -> Value:
    return UNDEFINED


def _call(expr: Call, row: Row) -> Value:
    function = FUNCTIONS[expr.function]
    arguments = [evaluate(argument, row) for argument in expr.arguments]
    if function.is_strict and UNDEFINED in arguments:
        return UNDEFINED
    return function.apply(*arguments)


def _signed(expr: Signed, row: Row) -> Value:
    value = evaluate(expr.operand, row)
    if not is_number(value):
        return UNDEFINED
    return -value if expr.sign == "-" else value


def _chain(expr: Sum | Product, row: Row) -> Value:
    value = evaluate(expr.first, row)
    for sign, operand in expr.rest:
        value = _calculated(sign, value, evaluate(operand, row))
    return value


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], int | float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


def _calculated(sign: str, left: Value, right: Value) -> Value:
    if not (is_number(left) and is_number(right)):
        return UNDEFINED
    try:
        return finite(_ARITHMETIC[sign](left, right))
    except (ZeroDivisionError, ValueError, OverflowError):
        return UNDEFINED


def _comparison(expr: Comparison, row: Row) -> Value:
    left, right = evaluate(expr.left, row), evaluate(expr.right, row)
    if _names_moment(expr.left) or _names_moment(expr.right):
        left, right = _as_instants(left, right)
    return _COMPARATORS[expr.comparator](left, right)


def equal(left: object, right: object) -> bool | Undefined:
    """Whether two values are equal; UNDEFINED where that cannot be said.

    Source: QUERY-18 to QUERY-20.
    """
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if left is None or right is None:
        return left is right
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return UNDEFINED
    return _kind(left) is _kind(right) and left == right


def _unequal(left: object, right: object) -> bool | Undefined:
    return negated(equal(left, right))


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | Undefined]:
    def ordered(left: Any, right: Any) -> bool | Undefined:
        kind = _kind(left)
        return compare(left, right) if kind and kind is _kind(right) else UNDEFINED

    return ordered


_COMPARATORS: Final[dict[Comparator, Callable[[Any, Any], bool | Undefined]]] = {
    Comparator.EQUAL: equal,
    Comparator.UNEQUAL: _unequal,
    Comparator.LESS: _ordering(operator.lt),
    Comparator.AT_MOST: _ordering(operator.le),
    Comparator.GREATER: _ordering(operator.gt),
    Comparator.AT_LEAST: _ordering(operator.ge),
}

_KINDS: Final[dict[type, type]] = {bool: bool, int: float, float: float, str: str}


def _kind(value: object) -> type | None:
    """What a value can equal and be ordered with; None where that is nothing."""
    return _KINDS.get(type(value))


_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


def _names_moment(expr: Expr) -> bool:
    return isinstance(expr, Lookup) and members.is_moment(expr.path)


def _as_instants(left: Value, right: Value) -> tuple[Value, Value]:
    """Both as instants if both look like ISO 8601, else both as they are.

    Source: QUERY-22.
    """
    one, other = _instant(left), _instant(right)
    return (left, right) if one is None or other is None else (one, other)


def _instant(value: Value) -> int | None:
    """Nanoseconds since 1970, or None if it is no moment."""
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    day, time, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00:00'}{zone or 'Z'}")
    except (ValueError, OverflowError):  # the 31st of February; the year 0
        return None
    return (moment - _EPOCH) // _SECOND * 10**9 + int(f"{fraction or '':0<9}")


def _in(expr: In, row: Row) -> Value:
    value = evaluate(expr.operand, row)
    if value is UNDEFINED:
        return UNDEFINED
    is_moment = _names_moment(expr.operand)
    found = any(_is_equal(value, wanted, is_moment) for wanted in expr.values)
    return found is not expr.negated


def _is_equal(value: Value, wanted: Primitive | Undefined, is_moment: bool) -> bool:
    return equal(*(_as_instants(value, wanted) if is_moment else (value, wanted))) is True


def _not(expr: Not, row: Row) -> Value:
    return negated(evaluate(expr.operand, row))


def negated(value: Value) -> bool | Undefined:
    return not value if isinstance(value, bool) else UNDEFINED


def _and(expr: And, row: Row) -> Value:
    return _first(False, expr.terms, row)


def _or(expr: Or, row: Row) -> Value:
    return _first(True, expr.terms, row)


def _first(decisive: bool, terms: tuple[Expr, ...], row: Row) -> Value:
    """``decisive`` if one term is, its opposite if all are, else UNDEFINED."""
    result: Value = not decisive
    for term in terms:
        value = evaluate(term, row)
        if value is decisive:
            return decisive
        if not isinstance(value, bool):
            result = UNDEFINED
    return result


_EVALUATORS: Final[dict[type, Callable[[Any, Row], Value]]] = {
    Constant: _constant,
    Array: _array,
    Lookup: _lookup,
    InGroup: _in_group,
    Call: _call,
    Signed: _signed,
    Product: _chain,
    Sum: _chain,
    Comparison: _comparison,
    In: _in,
    Not: _not,
    And: _and,
    Or: _or,
}
