"""Conditions, queries and rows for the laws of the query language, nasty ones first.

A row is a JSON document that is walked; `Fleet` is a set of them, with some paths indexed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from affinage.domain.query.functions import FUNCTIONS, Value
from affinage.domain.query.members import is_moment
from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import (
    RESERVED,
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
)
from affinage.domain.values import JsonValue

MOMENTS: Final = ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000Z", "2025-01-01", "2025-02-31")
MOMENT: Final[Path] = ("lastActivityTime",)
NASTY: Final[tuple[Primitive, ...]] = (
    *(None, True, False, 0, 1, 1.0, -1, -0.0, 0.1, 2**52, 2**53 + 1, 1e308, 10**308, 5e-324),
    *("", "1", "true", "'", "''", '"', "\\", "\n", "é", "😀", "a'b", "--", "/*", "]]"),
    *MOMENTS,
)
PATHS: Final[tuple[Path, ...]] = (
    *(("tags", "a"), ("tags", "b"), ("tags", "c"), ("tags", "a", "x"), ("tags", "list", 0)),
    *(("status",), ("lastActivityTime",), ("properties", "reported", "fw")),
)
"""What rows hold and conditions name."""

MET: Final = (None, True, 1, 1.0, "1")
"""What rows hold and conditions ask for, so that the two meet often."""

ODD_NAMES: Final = (
    *("a-b", "a.b", "a b", "1st", "5", "é", "$version", "select", "NOT", "", "a]b", "[", "'"),
    *("devices", "Devices", "modules", "count", "DeviceId", "\n", "--", "/*"),
)
TAIL_NAMES: Final = (*ODD_NAMES, "a]]b", "a]", "]]", "]", "\\", '"')

primitives = (
    st.sampled_from(NASTY)
    | st.integers(-(2**60), 2**60)
    | st.text(max_size=4)
    | (st.floats(allow_nan=False, allow_infinity=False))
)
values: SearchStrategy[JsonValue] = st.recursive(
    st.sampled_from(NASTY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner),
    max_leaves=4,
)

roots = st.sampled_from([name for name in ODD_NAMES if name != "DeviceId"])
tails = st.sampled_from(TAIL_NAMES) | st.integers(0, 10**6)
odd_paths = st.builds(lambda root, tail: (root, *tail), roots, st.lists(tails, max_size=3))
lookups = (st.sampled_from(PATHS) | odd_paths).map(Lookup)
constants = (st.sampled_from([*NASTY, UNDEFINED]) | primitives).map(Constant)
elements = st.lists(
    st.sampled_from([*NASTY, UNDEFINED]) | st.sampled_from(MOMENTS), max_size=3
).map(tuple)


def _call(name: str, inner: SearchStrategy[Expr]) -> SearchStrategy[Expr]:
    function = FUNCTIONS[name]
    most = function.least + 1 if function.most is None else function.most
    arguments = st.lists(inner, min_size=function.least, max_size=most).map(tuple)
    return st.builds(Call, st.just(name), arguments)


def _chains(inner: SearchStrategy[Expr], operators: str) -> SearchStrategy[object]:
    pair = st.tuples(st.sampled_from(operators), inner)
    return st.lists(pair, min_size=1, max_size=2).map(tuple)


def _larger(inner: SearchStrategy[Expr]) -> SearchStrategy[Expr]:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Or, terms),
        st.builds(And, terms),
        st.builds(Not, inner),
        st.builds(Comparison, st.sampled_from(Comparator), inner, inner),
        st.builds(In, inner, elements, st.booleans()),
        st.builds(Sum, inner, _chains(inner, "+-")),
        st.builds(Product, inner, _chains(inner, "*/%")),
        st.builds(Signed, st.sampled_from("+-"), inner),
        st.sampled_from(sorted(FUNCTIONS)).flatmap(lambda name: _call(name, inner)),
    )


TYPE_TESTS: Final = ("IS_DEFINED", "IS_NULL", "IS_BOOL", "IS_PRIMITIVE", "IS_STRING")


def _questions(
    names: SearchStrategy[Lookup],
    operands: SearchStrategy[Constant],
    comparators: Iterable[Comparator] = Comparator,
    tests: Sequence[str] = TYPE_TESTS,
) -> SearchStrategy[Expr]:
    """What an index may answer."""
    comparator = st.sampled_from(tuple(comparators))
    return st.one_of(
        names,
        st.builds(Comparison, comparator, names, operands),
        st.builds(Comparison, comparator, operands, names),
        st.builds(In, names, elements, st.booleans()),
        st.builds(lambda name, path: Call(name, (path,)), st.sampled_from(tests), names),
    )


questions = _questions(lookups, constants)

leaves: SearchStrategy[Expr] = st.one_of(questions, constants, elements.map(Array))
expressions: SearchStrategy[Expr] = st.recursive(leaves, _larger, max_leaves=8)

numbers = st.sampled_from([0, 1, -1, 0.5, -0.0, 10**308, -1e308, 5e-324, 1000]).map(Constant)
MATHEMATICS: Final = ("ABS", "EXP", "POWER", "SQUARE", "SQRT", "CEILING", "FLOOR", "SIGN")
sums: SearchStrategy[Expr] = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.builds(Sum, inner, _chains(inner, "+-")),
        st.builds(Product, inner, _chains(inner, "*/%")),
        st.builds(Signed, st.sampled_from("+-"), inner),
        st.sampled_from(MATHEMATICS).flatmap(lambda name: _call(name, inner)),
    ),
    max_leaves=4,
)
"""Arithmetic that comes near what a double can hold, and passes it."""

known = st.sampled_from(PATHS).map(Lookup)
met_constants = st.sampled_from([*MET, UNDEFINED]).map(Constant)


def _logic(inner: SearchStrategy[Expr]) -> SearchStrategy[Expr]:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, terms), st.builds(Or, terms))


moments = _questions(st.just(Lookup(MOMENT)), st.sampled_from(MOMENTS).map(Constant))
met = st.recursive(_questions(known, met_constants) | moments, _logic, max_leaves=3)
conditions = met | expressions
"""For laws about rows: half of them are made of paths and values that rows do hold."""

timeless = st.sampled_from([path for path in PATHS if not is_moment(path)]).map(Lookup)
answerable = st.recursive(
    _questions(timeless, met_constants, (Comparator.EQUAL, Comparator.UNEQUAL), TYPE_TESTS[:-1]),
    _logic,
    max_leaves=3,
)
"""What an index of all paths answers alone."""

aliases = st.none() | st.sampled_from(ODD_NAMES)
plain = st.sampled_from(PATHS) | odd_paths


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any query that its collection admits."""
    collection = draw(st.sampled_from(Collection))
    condition = draw(st.none() | expressions)
    top = draw(st.none() | st.integers(1, 10**6))
    if collection is Collection.JOBS:
        condition = draw(st.none() | st.builds(Comparison, st.sampled_from(Comparator),
                                               st.just(Lookup(("jobId",))), constants))  # fmt: skip
        return Query(collection, top=top, condition=condition)
    grouped = tuple(draw(st.lists(plain, max_size=2)))
    admitted = st.sampled_from(grouped) if grouped else plain
    columns = [Column(what, draw(aliases)) for what in draw(st.lists(admitted, max_size=2))]
    if grouped or not columns:
        columns += [Column(what, draw(aliases)) for what in draw(st.lists(aggregates, min_size=1))]
    return Query(collection, tuple(columns), top, condition, grouped)


aggregates = st.sampled_from(["COUNT", "AVG", "SUM", "MIN", "MAX"]).flatmap(
    lambda function: st.builds(
        Aggregate, st.just(function), plain if function != "COUNT" else plain | st.none()
    )
)


def walk(value: Value, path: Path) -> Value:
    for step in path:
        match step, value:
            case str(), dict() if step in value:
                value = value[step]
            case int(), list() if step < len(value):
                value = value[step]
            case _:
                return UNDEFINED
    return value


@dataclass(frozen=True)
class JsonRow:
    document: JsonValue

    def lookup(self, path: Path) -> Value:
        return walk(self.document, path)


def planted(found: Mapping[Path, JsonValue]) -> JsonRow:
    """A row that holds these values at these paths, as far as one leaves room for another."""
    document: dict[str, JsonValue] = {}
    for path, value in found.items():
        *above, last = [str(step) for step in path if step != 0]
        here = document
        for name in above:
            inner = here.setdefault(name, {})
            here = inner if isinstance(inner, dict) else {}
        here[last] = [value] if path[-1] == 0 else value
    return JsonRow(document)


held: SearchStrategy[JsonValue] = st.one_of(
    st.sampled_from(MET), st.builds(dict[str, JsonValue]), st.builds(list[JsonValue]), values
)
rows = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(PATHS, held) | {MOMENT: held | st.sampled_from(MOMENTS)}
).map(planted)


@dataclass(frozen=True)
class PathSets:
    """The rows by their value at one path, made by looking at each."""

    found: Mapping[int, JsonValue]

    @property
    def defined(self) -> frozenset[int]:
        return frozenset(self.found)

    @property
    def primitive(self) -> frozenset[int]:
        return frozenset(
            number for number, value in self.found.items() if not isinstance(value, list | dict)
        )

    def equal(self, value: Primitive) -> frozenset[int]:
        wanted = atom(value)
        return frozenset(
            number for number in self.primitive if atom(_primitive(self.found[number])) == wanted
        )


def _primitive(value: JsonValue) -> Primitive:
    assert not isinstance(value, list | dict)
    return value


@dataclass(frozen=True)
class Fleet:
    """Some rows, and an index of some paths over them."""

    rows: tuple[JsonRow, ...]
    indexed: frozenset[Path]

    @property
    def everything(self) -> frozenset[int]:
        return frozenset(range(len(self.rows)))

    def path(self, path: Path) -> PathSets | None:
        if path not in self.indexed:
            return None
        found = {number: row.lookup(path) for number, row in enumerate(self.rows)}
        return PathSets(
            {number: value for number, value in found.items() if not isinstance(value, Undefined)}
        )


fleets = st.builds(
    Fleet,
    st.lists(rows, max_size=5).map(tuple),
    st.just(frozenset(PATHS)) | st.frozensets(st.sampled_from(PATHS)),
)


TOKENS: Final = (
    *sorted(RESERVED),
    *("devices", "modules", "jobs", "tags", "a", "x", "count", "length", "is_defined", "5", "0x1F"),
    *("1e999", "1.5", ".5", "'a'", '"b"', "''", "'", '"', "\\", "\\u12", "[[", "]]", "[", "]"),
    *("(", ")", ",", ".", ";", "*", "/", "%", "+", "-", "=", "!=", "<>", "<", "<=", "--", "/*"),
    *("*/", "\n", " ", "é", "\ud800", "\x00", "$", "#", "$version", "\u2028"),
    *("a.[[\ud800]]", "9" * 310, "'\\ud83d'", "'\\u00e9'"),
)
FRAMES: Final = ("{}", "a = {}", "a IN [{}]", "NOT {}", "LENGTH({})", "a.{}", "({}) + 1", "a {} b")
texts = st.one_of(
    st.lists(st.sampled_from(TOKENS), max_size=25).map("".join),
    st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join),
    st.builds(str.format, st.sampled_from(FRAMES), st.sampled_from(TOKENS)),
)
"""Of tokens at random, which are hardly ever a query, and of one where it may fit."""
