"""A condition as algebra over sets of rows, where some paths are indexed.

For each node the sets between which its true rows and its false rows lie; the rest of the rows is
undefined. What an index answers exactly has no gap between them; what it cannot answer leaves one,
and `evaluate` decides about the rows in it. The law is that both together are `evaluate` over all.

A set is whatever has `&`, `|` and `-`: the hub's are roaring bitmaps, a law's are Python's own.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar

from affinage.domain.query.functions import FUNCTIONS
from affinage.domain.query.members import is_moment
from affinage.domain.query.syntax import (
    And,
    Call,
    Comparator,
    Comparison,
    Constant,
    Expr,
    In,
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


class RowSet(Protocol):
    def __and__(self, other: Any, /) -> Self: ...
    def __or__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __len__(self) -> int: ...


S = TypeVar("S", bound=RowSet)
S_co = TypeVar("S_co", bound=RowSet, covariant=True)


class Sets(Protocol[S_co]):
    """The rows by their value at one path."""

    @property
    def defined(self) -> S_co: ...
    @property
    def primitive(self) -> S_co:
        """Where the value is null, a boolean, a number or a string."""
        ...

    def equal(self, value: Primitive, /) -> S_co:
        """Where the value has the same `atom`."""
        ...


class Index(Protocol[S_co]):
    @property
    def everything(self) -> S_co: ...
    def path(self, path: Path, /) -> Sets[S_co] | None:
        """The sets of an indexed path, None for any other."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds(Generic[S]):
    """Where an expression is certainly, and at most, true; and likewise false.

    What lies in neither of the two that are at most so is undefined.
    """

    surely_true: S
    maybe_true: S
    surely_false: S
    maybe_false: S

    def negated(self) -> "Bounds[S]":
        return Bounds(self.surely_false, self.maybe_false, self.surely_true, self.maybe_true)


class _Truth(Enum):
    FALSE = False
    TRUE = True


def atom(value: Primitive) -> Hashable:
    """The key that exactly the values equal to this one share: true is not 1, 1.0 is."""
    return _Truth(value) if isinstance(value, bool) else value


def candidates(expr: Expr | None, index: Index[S]) -> tuple[S, S]:
    """The rows that a condition surely selects, and those that `evaluate` has to decide.

    They have no row in common; no condition selects everything. They may be sets of the index
    itself: not to be changed, and to be copied by who keeps them while the index moves on.

    Source: QUERY-26.
    """
    if expr is None:
        return index.everything, _nothing(index)
    found = bounds(expr, index)
    return found.surely_true, found.maybe_true - found.surely_true


def bounds(expr: Expr, index: Index[S]) -> Bounds[S]:
    """The sets between which the true rows and the false rows of an expression lie."""
    match expr:
        case And(terms):
            return reduce(_both, [bounds(term, index) for term in terms])
        case Or(terms):
            return reduce(_both, [bounds(term, index).negated() for term in terms]).negated()
        case Not(operand):
            return bounds(operand, index).negated()
        case _:
            return _exact(expr, index) or _rough(expr, index)


def indexable(expr: Expr) -> frozenset[Path]:
    """The paths whose sets would answer a part of the condition exactly."""
    match expr:
        case And(terms) | Or(terms):
            return frozenset[Path]().union(*[indexable(term) for term in terms])
        case Not(operand):
            return indexable(operand)
        case _:
            question = _question(expr)
            return frozenset() if question is None else frozenset({question.path})


def _both(one: Bounds[S], other: Bounds[S]) -> Bounds[S]:
    return Bounds(
        one.surely_true & other.surely_true,
        one.maybe_true & other.maybe_true,
        one.surely_false | other.surely_false,
        one.maybe_false | other.maybe_false,
    )


class _Question(NamedTuple):
    """What one path's sets answer exactly: the true rows and the false rows."""

    path: Path
    answer: Callable[[Sets[Any], Any], tuple[Any, Any]]
    """From the path's sets, and the set of all rows."""


def _exact(expr: Expr, index: Index[S]) -> Bounds[S] | None:
    """Bounds without a gap, or None where the index has none."""
    if isinstance(expr, Constant):
        nothing = _nothing(index)
        true = index.everything if expr.value is True else nothing
        false = index.everything if expr.value is False else nothing
        return Bounds(true, true, false, false)
    question = _question(expr)
    sets = index.path(question.path) if question else None
    if question is None or sets is None:
        return None
    true, false = question.answer(sets, index.everything)
    return Bounds(true, true, false, false)


def _rough(expr: Expr, index: Index[S]) -> Bounds[S]:
    """All that is known: where a path that it needs is undefined, so is the expression."""
    known = [sets.defined for path in _needed(expr) if (sets := index.path(path))]
    maybe = reduce(lambda one, other: one & other, known, index.everything)
    nothing = _nothing(index)
    return Bounds(nothing, maybe, nothing, maybe)


def _nothing(index: Index[S]) -> S:
    return index.everything - index.everything


def _question(expr: Expr) -> _Question | None:
    match expr:
        case Lookup(path):
            return _Question(path, _is_true)
        case Comparison(comparator, Lookup(path), Constant(value)) | Comparison(
            comparator, Constant(value), Lookup(path)
        ) if not is_moment(path) and comparator in _EQUALITIES:
            return _Question(path, _equality(value, comparator is Comparator.UNEQUAL))
        case In(Lookup(path), values, negated) if not is_moment(path):
            return _Question(path, _membership(values, negated))
        case Call(function, (Lookup(path),)) if function in _TYPE_TESTS:
            return _Question(path, _TYPE_TESTS[function])
        case _:
            return None


_EQUALITIES: Final = (Comparator.EQUAL, Comparator.UNEQUAL)


def _is_true(sets: Sets[Any], everything: Any) -> tuple[Any, Any]:
    return sets.equal(True), sets.equal(False)


def _equality(
    value: Primitive | Undefined, negated: bool
) -> Callable[[Sets[Any], Any], tuple[Any, Any]]:
    def answer(sets: Sets[Any], everything: Any) -> tuple[Any, Any]:
        if isinstance(value, Undefined):
            return everything - everything, everything - everything
        equal = sets.equal(value)
        # QUERY-20: an object is not null, yet compares with no other value.
        comparable = sets.defined if value is None else sets.primitive
        unequal = comparable - equal
        return (unequal, equal) if negated else (equal, unequal)

    return answer


def _membership(
    values: Iterable[Primitive | Undefined], negated: bool
) -> Callable[[Sets[Any], Any], tuple[Any, Any]]:
    def answer(sets: Sets[Any], everything: Any) -> tuple[Any, Any]:
        members = [sets.equal(value) for value in values if not isinstance(value, Undefined)]
        inside = reduce(lambda one, other: one | other, members, everything - everything)
        outside = sets.defined - inside
        return (outside, inside) if negated else (inside, outside)

    return answer


def _test(
    true_rows: Callable[[Sets[Any]], Any],
) -> Callable[[Sets[Any], Any], tuple[Any, Any]]:
    """A test of a type is never undefined: what is not true is false."""

    def answer(sets: Sets[Any], everything: Any) -> tuple[Any, Any]:
        true = true_rows(sets)
        return true, everything - true

    return answer


_TYPE_TESTS: Final = {
    "IS_DEFINED": _test(lambda sets: sets.defined),
    "IS_PRIMITIVE": _test(lambda sets: sets.primitive),
    "IS_NULL": _test(lambda sets: sets.equal(None)),
    "IS_BOOL": _test(lambda sets: sets.equal(True) | sets.equal(False)),
}


def _needed(expr: Expr) -> frozenset[Path]:
    """Paths without any of which the expression is undefined."""
    match expr:
        case Lookup(path):
            return frozenset({path})
        case Sum(first, rest) | Product(first, rest):
            return _all_needed((first, *[operand for _, operand in rest]))
        case Comparison(_, left, right):
            return _needed(left) | _needed(right)
        case Signed(operand=operand) | In(operand):
            return _needed(operand)
        case Call(function, arguments) if FUNCTIONS[function].is_strict:
            return _all_needed(arguments)
        case _:
            return frozenset()


def _all_needed(operands: Iterable[Expr]) -> frozenset[Path]:
    return frozenset[Path]().union(*[_needed(operand) for operand in operands])
