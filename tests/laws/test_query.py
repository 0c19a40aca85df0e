"""Laws of the query language: what holds of every text, every condition and every fleet."""

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.evaluate import equal, evaluate, matches
from affinage.domain.query.parse import parse_condition, parse_query, parse_target_condition
from affinage.domain.query.plan import atom, bounds, candidates, indexable
from affinage.domain.query.select import aggregate
from affinage.domain.query.syntax import (
    UNDEFINED,
    And,
    Collection,
    Expr,
    Lookup,
    Not,
    Or,
    Path,
    Primitive,
    Query,
    to_text,
)
from laws.query_strategies import (
    Fleet,
    JsonRow,
    answerable,
    conditions,
    expressions,
    fleets,
    primitives,
    queries,
    rows,
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


@given(fleets, conditions)
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


@given(texts | st.text(max_size=30))
def test_a_text_is_read_or_refused(text: str) -> None:
    """QUERY-3: and nothing else happens; what is read can be evaluated, whatever a row holds."""
    for parse in (parse_condition, lambda text: parse_target_condition(text, modules=True)):
        with suppress(QuerySyntaxError):
            expr = parse(text)
            assert matches(expr, JsonRow({})) in (True, False)
    with suppress(QuerySyntaxError):
        parse_query(f"SELECT {text}", default=Collection.DEVICES)


@given(st.lists(rows, max_size=6), st.sampled_from([("tags", "a"), ("status",), ("tags", "list")]))
def test_groups_part_the_rows(found: list[JsonRow], path: Path) -> None:
    """QUERY-39: every row is in exactly one group."""
    name = to_text(Lookup(path))
    query = parse_query(f"SELECT {name} AS v, COUNT() AS n FROM devices GROUP BY {name}")
    answer = aggregate(query, found)
    assert sum(group["n"] for group in answer) == len(found)  # type: ignore[misc]  # integers
    assert len({repr(group.get("v", UNDEFINED)) for group in answer}) == len(answer)
