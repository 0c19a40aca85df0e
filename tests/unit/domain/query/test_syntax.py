"""The tree, its printed form, and the paths in it."""

import pytest

from affinage.domain.query.syntax import (
    UNDEFINED,
    Aggregate,
    And,
    Array,
    Call,
    Collection,
    Column,
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
    Query,
    Signed,
    Sum,
    Undefined,
    groups,
    lookups,
    paths,
    rebuilt,
    to_text,
    with_condition,
)

A, B, C = Lookup(("a",)), Lookup(("b",)), Lookup(("c",))
ONE = Constant(1)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Or((A, And((B, C)))), "a OR b AND c"),
        (And((Or((A, B)), C)), "(a OR b) AND c"),
        (And((And((A, B)), C)), "(a AND b) AND c"),
        (Not(Comparison(Comparator.EQUAL, A, ONE)), "NOT a = 1"),
        (Not(And((A, B))), "NOT (a AND b)"),
        (Comparison(Comparator.UNEQUAL, Not(A), B), "(NOT a) != b"),
        (In(A, ("x", None)), "a IN ['x', null]"),
        (In(In(A, ()), (1,), negated=True), "(a IN []) NIN [1]"),
        (Sum(A, (("-", Sum(B, (("+", C),))),)), "a - (b + c)"),
        (Product(Sum(A, (("+", B),)), (("*", C),)), "(a + b) * c"),
        (Signed("-", A), "-a"),
        (Signed("-", Signed("-", A)), "-(-a)"),
        (Signed("-", Constant(5)), "-(5)"),
        (Sum(A, (("-", Constant(-5)),)), "a - -5"),
        (Array((1, UNDEFINED)), "[1, undefined]"),
        (Call("CONCAT", (A, Constant("x"))), "CONCAT(a, 'x')"),
    ],
)
def test_as_few_parentheses_are_printed_as_are_needed(tree: Expr, text: str) -> None:
    """QUERY-2, QUERY-5."""
    assert to_text(tree) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (UNDEFINED, "undefined"),
        (5, "5"),
        (1e22, "1e+22"),
        ("it's", "'it''s'"),
        ('"', r"'\u0022'"),
        ("\\", r"'\\'"),
        ("\n", r"'\u000a'"),
        ("é", "'é'"),
    ],
)
def test_a_constant_is_printed_without_double_quotes(
    value: Primitive | Undefined, text: str
) -> None:
    """QUERY-2, QUERY-42."""
    assert to_text(Constant(value)) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("tags", "a"), "tags.a"),
        (("tags", "a-b", "c d"), "tags.[[a-b]].[[c d]]"),
        (("tags", "select"), "tags.select"),
        (("select",), "[[select]]"),
        (("devices", "a"), "[[devices]].a"),
        (("5",), "[[5]]"),
        (("tags", "5", 5), "tags.5[5]"),
        (("tags", "a]]b"), "tags['a]]b']"),
        (("tags", "a]"), "tags['a]']"),
        (("tags", '"'), r"tags['\u0022']"),
    ],
)
def test_a_path_is_escaped_where_it_must_be(path: Path, text: str) -> None:
    """QUERY-12, QUERY-15."""
    assert to_text(Lookup(path)) == text


GROUPED = Query(
    Collection.MODULES,
    (Column(("a", "b"), "x y"), Column(Aggregate("COUNT")), Column(Aggregate("SUM", ("v",)), "s")),
    5,
    Comparison(Comparator.EQUAL, Lookup(("w",)), Lookup(("u", 0))),
    (("a", "b"), ("g",)),
)


def test_a_query_is_printed_on_one_line() -> None:
    """QUERY-33."""
    assert to_text(Query(Collection.DEVICES)) == "SELECT * FROM devices"
    assert to_text(GROUPED) == (
        "SELECT TOP 5 a.b AS [[x y]], COUNT(), SUM(v) AS s FROM devices.modules"
        " WHERE w = u[0] GROUP BY a.b, g"
    )


def test_the_paths_of_a_query_are_those_it_names_anywhere() -> None:
    assert paths(GROUPED) == {("a", "b"), ("v",), ("w",), ("u", 0), ("g",)}
    assert paths(Query(Collection.DEVICES)) == frozenset()


def test_the_paths_of_a_condition_are_those_of_all_its_parts() -> None:
    tree = Or((
        Not(In(A, (1,))),
        Call("LENGTH", (Sum(B, (("+", Product(Signed("-", C), (("*", ONE),))),)),)),
        Array((1,)),
    ))  # fmt: skip
    assert paths(tree) == {("a",), ("b",), ("c",)}


def test_a_place_in_the_text_is_no_part_of_the_meaning() -> None:
    placed = Lookup(("a",), at=7)
    assert placed == A
    assert hash(placed) == hash(A)
    assert [found.at for found in lookups(Not(placed))] == [7]


def test_a_query_knows_what_it_gives() -> None:
    whole, grouped = Query(Collection.DEVICES), Query(Collection.DEVICES, (), group_by=(("a",),))
    assert (whole.is_star, whole.is_aggregate) == (True, False)
    assert (GROUPED.is_star, GROUPED.is_aggregate, grouped.is_aggregate) == (False, True, True)
    assert not Query(Collection.DEVICES, (Column(("a",)),)).is_aggregate
    assert Query(Collection.DEVICES, (Column(Aggregate("COUNT")),)).is_aggregate


EACH: tuple[Expr, ...] = (
    And((InGroup("a"), Lookup(("x",)))),
    Or((Lookup(("x",)), InGroup("a"))),
    Not(InGroup("a")),
    Comparison(Comparator.EQUAL, InGroup("a"), Constant(1)),
    Call("IS_BOOL", (InGroup("a"),)),
    Sum(Constant(1), (("+", InGroup("a")),)),
    Product(InGroup("a"), (("*", Constant(2)),)),
    Signed("-", InGroup("a")),
    In(InGroup("a"), (1,)),
)


@pytest.mark.parametrize("expr", EACH, ids=lambda one: type(one).__name__)
def test_a_tree_is_rebuilt_with_other_operands(expr: Expr) -> None:
    """GROUP-4"""
    assert groups(expr) == {"a"}
    assert "GROUP('a')" in to_text(expr)
    again = rebuilt(expr, lambda one: Lookup(("y",)) if isinstance(one, InGroup) else one)
    assert type(again) is type(expr)
    assert not groups(again)
    assert ("y",) in paths(again)


def test_what_has_no_operands_is_its_own() -> None:
    for leaf in (Constant(1), Lookup(("x",)), Array((1,)), InGroup("a")):
        assert rebuilt(leaf, lambda _: Constant(2)) is leaf


def test_a_query_names_the_groups_of_its_condition() -> None:
    query = Query(Collection.DEVICES)
    assert not groups(query)
    assert groups(with_condition(query, InGroup("a"))) == {"a"}
    assert query.condition is None
