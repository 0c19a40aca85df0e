"""Laws of the query language: what holds of every text, every condition and every fleet."""

import math
from contextlib import suppress
from functools import partial

from hypothesis import example, given
from hypothesis import strategies as st

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.evaluate import equal, evaluate, matches
from affinage.domain.query.functions import Value
from affinage.domain.query.parse import parse_condition, parse_query, parse_target_condition
from affinage.domain.query.plan import atom, bounds, candidates, indexable
from affinage.domain.query.select import aggregate
from affinage.domain.query.syntax import (
    UNDEFINED,
    And,
    Collection,
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
    Query,
    to_text,
)
from affinage.domain.values import JsonValue, same
from laws.query_strategies import (
    MOMENT,
    MOMENTS,
    PATHS,
    Fleet,
    JsonRow,
    answerable,
    conditions,
    expressions,
    fleets,
    planted,
    primitives,
    queries,
    rows,
    sums,
    texts,
)


@given(expressions)
def test_what_is_printed_is_read_back_as_it_was(expr: Expr) -> None:
    """QUERY-2; as text too, since 1 == 1.0 == True to Python."""
    assert repr(parse_condition(to_text(expr))) == repr(expr)


@given(expressions)
def test_a_printed_condition_is_a_target_condition(expr: Expr) -> None:
    """QUERY-42: it has no double quote."""
    assert parse_target_condition(to_text(expr), modules=False) == expr


@given(queries())
def test_a_query_is_read_back_as_it_was(query: Query) -> None:
    """QUERY-2."""
    assert repr(parse_query(to_text(query))) == repr(query)


ACTIVE = Fleet((planted({MOMENT: MOMENTS[0]}),), frozenset({MOMENT}))


@given(fleets, conditions)
@example(ACTIVE, In(Lookup(MOMENT), (MOMENTS[1],)))
@example(ACTIVE, Comparison(Comparator.EQUAL, Lookup(MOMENT), Constant(MOMENTS[1])))
def test_the_plan_selects_what_evaluating_every_row_selects(fleet: Fleet, expr: Expr) -> None:
    """QUERY-26."""
    sure, undecided = candidates(expr, fleet)
    decided = {number for number in undecided if matches(expr, fleet.rows[number])}
    selected = {number for number, row in enumerate(fleet.rows) if matches(expr, row)}
    assert sure | decided == selected
    assert not sure & undecided


@given(fleets, conditions)
def test_no_bound_excludes_a_row_or_claims_one_too_many(fleet: Fleet, expr: Expr) -> None:
    """QUERY-26, for the false rows as well, which a NOT would make true."""
    found = bounds(expr, fleet)
    values = [evaluate(expr, row) for row in fleet.rows]
    true = {number for number, value in enumerate(values) if value is True}
    false = {number for number, value in enumerate(values) if value is False}
    assert found.surely_true <= true <= found.maybe_true
    assert found.surely_false <= false <= found.maybe_false


@given(st.lists(rows, max_size=5).map(tuple), answerable)
def test_what_an_index_answers_leaves_nothing_to_decide(
    found: tuple[JsonRow, ...], expr: Expr
) -> None:
    """QUERY-26, QUERY-44."""
    sure, undecided = candidates(expr, Fleet(found, indexable(expr)))
    assert not undecided
    assert sure == {number for number, row in enumerate(found) if matches(expr, row)}


@given(primitives, primitives)
@example(True, 1)
@example(1, 1.0)
@example(0.0, -0.0)
def test_two_values_share_an_atom_if_they_are_equal(one: Primitive, other: Primitive) -> None:
    assert (atom(one) == atom(other)) is equal(one, other)
    assert atom(one) != atom(other) or hash(atom(one)) == hash(atom(other))


@given(conditions, rows)
def test_a_double_negation_is_none(expr: Expr, row: JsonRow) -> None:
    """QUERY-23: where it has a truth at all."""
    value = evaluate(expr, row)
    expected = value if isinstance(value, bool) else UNDEFINED
    assert evaluate(Not(Not(expr)), row) is expected


@given(st.lists(conditions, min_size=2, max_size=3).map(tuple), rows)
def test_de_morgan_holds_of_three_values(terms: tuple[Expr, ...], row: JsonRow) -> None:
    """QUERY-23."""
    both = evaluate(Not(And(terms)), row)
    either = evaluate(Or(tuple(map(Not, terms))), row)
    assert both is either


@given(st.lists(conditions, min_size=2, max_size=3).map(tuple), rows)
def test_the_order_of_terms_does_not_matter(terms: tuple[Expr, ...], row: JsonRow) -> None:
    """QUERY-23."""
    assert evaluate(And(terms), row) is evaluate(And(terms[::-1]), row)
    assert evaluate(Or(terms), row) is evaluate(Or(terms[::-1]), row)


@given(sums)
def test_arithmetic_gives_a_number_that_a_double_holds_or_nothing(expr: Expr) -> None:
    """QUERY-24, QUERY-30."""
    value = evaluate(expr, JsonRow({}))
    assert value is UNDEFINED or (isinstance(value, int | float) and math.isfinite(value))


@given(texts | st.text(max_size=30))
@example("1e999")
@example("9" * 310)
@example("a.[[\ud800]]")
@example("a = '\\ud83d'")
def test_a_text_is_read_or_refused(text: str) -> None:
    """QUERY-3: and nothing else happens; what is read is whole, and has a value."""
    for parse in (parse_condition, partial(parse_target_condition, modules=True)):
        with suppress(QuerySyntaxError):
            if expr := parse(text):
                printed = to_text(expr)
                assert repr(parse_condition(printed)) == repr(expr)
                assert printed.encode().decode() == printed
                assert matches(expr, JsonRow({})) in (True, False)


@given(texts)
def test_a_query_is_read_or_refused(text: str) -> None:
    """QUERY-3."""
    with suppress(QuerySyntaxError):
        query = parse_query(f"SELECT {text}", default=Collection.DEVICES)
        assert repr(parse_query(to_text(query))) == repr(query)


NEAR_ONE: list[JsonValue] = [1, 1.0, True, "1", [1], [True], [1.0]]


@given(st.lists(rows, max_size=6), st.sampled_from(PATHS))
@example([planted({PATHS[0]: value}) for value in NEAR_ONE], PATHS[0])
def test_rows_are_in_one_group_if_their_values_are_equal(found: list[JsonRow], path: Path) -> None:
    """QUERY-39."""
    name = to_text(Lookup(path))
    query = parse_query(f"SELECT {name} AS v, COUNT() AS n FROM devices GROUP BY {name}")
    counts = [row["n"] for row in aggregate(query, found)]
    assert counts == [len(group) for group in parted([row.lookup(path) for row in found])]


def parted(values: list[Value]) -> list[list[Value]]:
    """The values in groups of equal ones, by comparing each with each."""
    groups: list[list[Value]] = []
    for value in values:
        group = next((known for known in groups if is_same(known[0], value)), None)
        if group is None:
            groups.append([value])
        else:
            group.append(value)
    return groups


def is_same(one: Value, other: Value) -> bool:
    if one is UNDEFINED or other is UNDEFINED:
        return one is other
    return same(one, other)
