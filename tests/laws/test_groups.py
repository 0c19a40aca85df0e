"""Laws of named groups: a condition that names them means what it would with them written out."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from affinage.domain.groups import Groups, create
from affinage.domain.query.evaluate import evaluate, matches
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.plan import candidates
from affinage.domain.query.syntax import And, Comparison, Expr, InGroup, Not, Or, groups, to_text
from laws.query_strategies import Fleet, JsonRow, fleets, met, questions, rows

NAMES = ("a", "b", "c")

conditions = met | questions


def naming(*names: str) -> SearchStrategy[Expr]:
    """Conditions that may name these groups, wherever one may stand."""
    named = st.sampled_from(names).map(InGroup) if names else st.nothing()
    terms = st.lists(named | conditions, min_size=2, max_size=3).map(tuple)
    larger = st.one_of(
        st.builds(And, terms),
        st.builds(Or, terms),
        st.builds(Not, named),
        st.builds(Comparison, st.just("="), named, conditions),
    )
    return conditions | named | larger if names else conditions


@st.composite
def books(draw: st.DrawFn) -> Groups:
    """Groups of which each may name those before it."""
    known = Groups()
    for position, name in enumerate(NAMES):
        condition = to_text(draw(naming(*NAMES[:position])))
        known = known.with_group(create(name, {"condition": condition}, at=0))
    return known


def written_out(expr: Expr, known: Groups) -> Expr:
    """By means other than the hub's: as text, in which each name gives way to its condition."""
    text = to_text(expr)
    for name in reversed(NAMES):
        text = text.replace(f"GROUP('{name}')", f"({known.by_name[name].condition})")
    return parse_condition(text)


@given(books(), naming(*NAMES), rows)
def test_a_group_means_its_condition_in_parentheses(
    known: Groups, expr: Expr, row: JsonRow
) -> None:
    """GROUP-4"""
    expanded = known.expanded(parse_condition(to_text(expr)))
    assert not groups(expanded)
    assert repr(evaluate(expanded, row)) == repr(evaluate(written_out(expr, known), row))


@given(books(), naming(*NAMES), fleets)
def test_the_plan_of_what_names_groups_is_evaluate(known: Groups, expr: Expr, fleet: Fleet) -> None:
    """GROUP-4, QUERY-26"""
    expanded = known.expanded(expr)
    sure, undecided = candidates(expanded, fleet)
    decided = {number for number in undecided if matches(expanded, fleet.rows[number])}
    wanted = written_out(expr, known)
    assert sure | decided == {
        number for number, row in enumerate(fleet.rows) if matches(wanted, row)
    }


@given(books(), naming(*NAMES))
def test_whatever_is_admitted_names_only_what_is_there(known: Groups, expr: Expr) -> None:
    """GROUP-3"""
    known.check(expr)
    for name in NAMES:
        known.check_group(name)
        assert known.names([name]) >= {name}
        assert name not in known.names(groups(known.tree(name)))
