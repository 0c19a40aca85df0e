"""How expressions and paths are read."""

from collections.abc import Callable

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.evaluate import evaluate
from affinage.domain.query.expressions import parse_expr, parse_path
from affinage.domain.query.functions import Value
from affinage.domain.query.plan import indexable
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
    groups,
    paths,
    to_text,
)
from affinage.domain.query.tokenizer import MAX_DEPTH, MAX_TEXT, Tokenizer

A, B, C = Lookup(("a",)), Lookup(("b",)), Lookup(("c",))
ONE, TWO = Constant(1), Constant(2)


def read(text: str) -> Expr:
    tokens = Tokenizer(text)
    expr = parse_expr(tokens)
    tokens.expect("END", "the end")
    return expr


def path(text: str) -> Path:
    return parse_path(Tokenizer(text), "a path")


def problem(read: Callable[[], object]) -> str:
    with pytest.raises(QuerySyntaxError) as raised:
        read()
    return raised.value.problem


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and c", Or((A, And((B, C))))),
        ("(a or b) and c", And((Or((A, B)), C))),
        ("a and b and c", And((A, B, C))),
        ("a and (b and c)", And((A, And((B, C))))),
        ("not a and b", And((Not(A), B))),
        ("not not a", Not(Not(A))),
        ("a not b or c", Or((And((A, Not(B))), C))),
        ("a not in [1]", In(A, (1,), negated=True)),
        ("a not b in [1]", And((A, Not(In(B, (1,)))))),
        ("not a = 1", Not(Comparison(Comparator.EQUAL, A, ONE))),
        ("(a = 1) = true", Comparison(Comparator.EQUAL,
                                      Comparison(Comparator.EQUAL, A, ONE), Constant(True))),
        ("a + 1 * b - 2", Sum(A, (("+", Product(ONE, (("*", B),))), ("-", TWO)))),
        ("a % 2 / b > 1", Comparison(Comparator.GREATER, Product(A, (("%", TWO), ("/", B))), ONE)),
        ("- a", Signed("-", A)),
        ("-(1)", Signed("-", ONE)),
        ("- + a", Signed("-", Signed("+", A))),
        ("a-1", Sum(A, (("-", ONE),))),
        ("a - -1", Sum(A, (("-", Constant(-1)),))),
    ],
)  # fmt: skip
def test_each_form_binds_as_tightly_as_it_should(text: str, tree: Expr) -> None:
    """QUERY-5."""
    assert read(text) == tree


@pytest.mark.parametrize(("text", "comparator"), [
    ("=", Comparator.EQUAL), ("!=", Comparator.UNEQUAL), ("<>", Comparator.UNEQUAL),
    ("<", Comparator.LESS), ("<=", Comparator.AT_MOST),
    (">", Comparator.GREATER), (">=", Comparator.AT_LEAST),
])  # fmt: skip
def test_a_comparison_is_written_so(text: str, comparator: Comparator) -> None:
    assert read(f"a{text}b") == Comparison(comparator, A, B)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True),
        ("false", False),
        ("Null", None),
        ("undefined", UNDEFINED),
        ("-5", -5),
        ("+5", 5),
        ("'x'", "x"),
        ('"x"', "x"),
        (".5", 0.5),
    ],
)
def test_a_constant_is_read(text: str, value: Primitive) -> None:
    """QUERY-6, QUERY-7."""
    assert read(text) == Constant(value)


def test_an_array_holds_constants_none_or_many() -> None:
    assert read("a in []") == In(A, ())
    assert read("a nin ['x', -1, +2, null]") == In(A, ("x", -1, 2, None), negated=True)
    assert read("['x', undefined]") == Array(("x", UNDEFINED))


def test_a_function_is_called_in_any_case() -> None:
    """QUERY-6."""
    assert read("is_defined ( a )") == Call("IS_DEFINED", (A,))
    assert read("CONCAT(a, 'x', b)") == Call("CONCAT", (A, Constant("x"), B))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo(a)", "expected a function, and foo is none"),
        ("LENGTH()", "LENGTH was given 0 values, and takes 1"),
        ("SUBSTRING(a)", "SUBSTRING was given 1 values, and takes 2 to 3"),
        ("CONCAT(a)", "CONCAT was given 1 values, and takes 2 or more"),
    ],
)
def test_an_unknown_function_or_wrong_count_is_refused(text: str, expected: str) -> None:
    """QUERY-27."""
    assert problem(lambda: read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a =", "expected a value: a path, a constant, a function or '('"),
        ("a = and", "expected a value: a path, a constant, a function or '(', not 'and'"),
        ("select(a)", "expected a value: a path, a constant, a function or '(', not 'select'"),
        ("(a", "expected an operator or ')'"),
        ("a in 'x'", "expected a list, as ['a', 'b'], after IN, not \"'\""),
        ("a not in b", "expected a list, as ['a', 'b'], after NOT IN, not 'b'"),
        ("a in [1", "expected ',' or ']'"),
        ("a in [b]", "expected a constant: a string, a number, true, false or null, not 'b'"),
        ("a in [1,]", "expected a constant: a string, a number, true, false or null, not ']'"),
        ("a in [-b]", "expected a number, not 'b'"),
        ("LENGTH(a b)", "expected ',' or ')', not 'b'"),
        ("LENGTH(a,)", "expected a value: a path, a constant, a function or '(', not ')'"),
        ("a = 1 = 2", "expected the end, not '='"),
        ("tags.", "expected a name after '.'"),
        ("tags[x]", "expected a number or a string after '[', not 'x'"),
        ("tags[0", "expected ']'"),
        ("devices", "expected '.' and a name after devices"),
    ],
)
def test_an_error_says_what_was_expected(text: str, expected: str) -> None:
    """QUERY-3."""
    assert problem(lambda: read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tags.a", ("tags", "a")),
        ("tags.$version.größe_1", ("tags", "$version", "größe_1")),
        ("éa", ("éa",)),
        ("tags.5.1st", ("tags", "5", "1st")),
        ("tags.select.not", ("tags", "select", "not")),
        ("[[tags]].[[a-b]].[[a. b]]", ("tags", "a-b", "a. b")),
        ("[[select]]", ("select",)),
        ("tags.list[0].x", ("tags", "list", 0, "x")),
        ("tags['a-b'][\"c\"]", ("tags", "a-b", "c")),
        ("tags . a", ("tags", "a")),
    ],
)
def test_a_path_names_members_and_places(text: str, expected: Path) -> None:
    """QUERY-11, QUERY-12."""
    assert path(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("devices.deviceId", ("deviceId",)),
        ("Devices.Modules.moduleId", ("moduleId",)),
        ("devices.jobs.status", ("status",)),
        ("devices.modules", ("modules",)),
        ("[[devices]].a", ("devices", "a")),
        ("DEVICEID", ("deviceId",)),
    ],
)
def test_a_leading_collection_is_dropped(text: str, expected: Path) -> None:
    """QUERY-14."""
    assert path(text) == expected


@pytest.mark.parametrize("word", ["select", "Top", "from", "where", "by", "as", "nin", "null"])
def test_a_keyword_has_to_be_escaped_at_the_root(word: str) -> None:
    """QUERY-15."""
    assert "expected a path" in problem(lambda: path(f"{word}.a"))
    assert path(f"[[{word}]].a") == (word, "a")


def test_a_lookup_knows_its_place_in_the_text() -> None:
    expr = read("a = b")
    assert isinstance(expr, Comparison)
    assert isinstance(expr.right, Lookup)
    assert expr.right.at == 4


class Nothing:
    def lookup(self, path: Path) -> Value:
        return UNDEFINED


NOTHING = Nothing()
LEVEL = "1 = 2 OR a AND 1 + 2 * ("
"""One level of parentheses, with every kind of node above it."""


def test_what_is_just_deep_enough_passes_through_everything() -> None:
    """QUERY-10: well within the interpreter's stack."""
    expr = read(LEVEL * MAX_DEPTH + "a" + ")" * MAX_DEPTH)
    assert read(to_text(expr)) == expr
    assert paths(expr) == {("a",)}
    assert indexable(expr) == {("a",)}
    assert evaluate(expr, NOTHING) is UNDEFINED


@pytest.mark.parametrize("opening", ["(", "NOT ", "- ", "+ ", "LENGTH(", LEVEL])
def test_deeper_text_is_refused(opening: str) -> None:
    """QUERY-10."""
    assert problem(lambda: read(opening * 100)) == "the expression is 33 levels deep, of 32"


@pytest.mark.parametrize("link", [" or a", " and a", " not a", "+1", "*a"])
def test_a_chain_of_any_length_is_flat(link: str) -> None:
    """QUERY-10."""
    expr = read("a" + link * ((MAX_TEXT - 1) // len(link)))
    assert paths(expr) == {("a",)}
    assert evaluate(expr, NOTHING) is UNDEFINED


def test_a_group_is_named_where_a_value_may_stand() -> None:
    """QUERY-50"""
    assert read("group ( 'early' )") == InGroup("early")
    assert read("a AND NOT GROUP('early-2.x')") == And((A, Not(InGroup("early-2.x"))))
    assert to_text(read('Group("early")')) == "GROUP('early')"
    assert groups(read("GROUP('a') OR LENGTH(GROUP('b')) = a")) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("group = 1", "expected a value: a path, a constant, a function or '(', not 'group'"),
        ("GROUP(a)", "expected the name of a group, as in GROUP('canaries'), not 'a'"),
        ("GROUP('A')", "'A' cannot be the id of a group: it may hold lower-case letters, digits"),
        ("GROUP('a', 'b')", "expected ')', not ','"),
    ],
)
def test_what_names_no_group_is_refused(text: str, wanted: str) -> None:
    """QUERY-50"""
    assert problem(lambda: read(text)).startswith(wanted)
