"""The syntax tree of the query language, and its one printed form.

It says what a query *is*; `parse` says how it is read, `evaluate` what it means. A chain of equal
operators is one flat node, so that a long query is never a deep tree.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Names into objects, numbers into arrays; the leading collection name is already dropped."""


class Undefined(Enum):
    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
"""What a path to nothing names: no JSON value, not even null."""

Primitive: TypeAlias = bool | int | float | str | None


class Collection(StrEnum):
    DEVICES = "devices"
    MODULES = "devices.modules"
    JOBS = "devices.jobs"


class Comparator(StrEnum):
    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Constant:
    value: Primitive | Undefined


@dataclass(frozen=True, slots=True)
class Array:
    values: tuple[Primitive | Undefined, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The value at a path; ``at`` is its place in the text, which is no part of its meaning."""

    path: Path
    at: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InGroup:
    """Whether the row meets the condition that has this name: true, false or undefined as that is.

    Before it is expanded, and where there is no such group, it is undefined.
    """

    group: str
    at: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """``function`` is in upper case and known, ``arguments`` as many as it takes."""

    function: str
    arguments: "tuple[Expr, ...]"


@dataclass(frozen=True, slots=True)
class Signed:
    sign: Literal["+", "-"]
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Product:
    """``rest`` holds the operators ``*``, ``/``, ``%``, each with its right operand."""

    first: "Expr"
    rest: "tuple[tuple[str, Expr], ...]"


@dataclass(frozen=True, slots=True)
class Sum:
    """``rest`` holds the operators ``+`` and ``-``, each with its right operand."""

    first: "Expr"
    rest: "tuple[tuple[str, Expr], ...]"


@dataclass(frozen=True, slots=True)
class Comparison:
    comparator: Comparator
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class In:
    """``operand IN values``, or ``NIN`` where ``negated``."""

    operand: "Expr"
    values: tuple[Primitive | Undefined, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class And:
    """Two terms or more."""

    terms: "tuple[Expr, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Two terms or more."""

    terms: "tuple[Expr, ...]"


Expr: TypeAlias = (
    Constant
    | Array
    | Lookup
    | InGroup
    | Call
    | Signed
    | Product
    | Sum
    | Comparison
    | In
    | Not
    | And
    | Or
)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``function`` is COUNT, AVG, SUM, MIN or MAX; no path means every row, and only for COUNT."""

    function: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Column:
    what: Path | Aggregate
    alias: str | None = None
    at: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Query:
    """No columns means `*`; no ``top`` every row; no condition every row too."""

    collection: Collection
    columns: tuple[Column, ...] = ()
    top: int | None = None
    condition: Expr | None = None
    group_by: tuple[Path, ...] = ()
    group_at: int = field(default=0, compare=False, repr=False)

    @property
    def is_star(self) -> bool:
        return not self.columns

    @property
    def is_aggregate(self) -> bool:
        """Whether its answer has rows of its own, and not one for each row selected."""
        return bool(self.group_by) or any(
            isinstance(column.what, Aggregate) for column in self.columns
        )


def nodes(expr: Expr) -> Iterator[Expr]:
    """The expression and all in it, in no special order."""
    waiting: list[Expr] = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(operands(node))


def lookups(expr: Expr) -> Iterator[Lookup]:
    """Every path that an expression names, with its place, in no special order."""
    return (node for node in nodes(expr) if isinstance(node, Lookup))


def groups(node: Expr | Query) -> frozenset[str]:
    """Every group that an expression or a query names itself."""
    condition = node.condition if isinstance(node, Query) else node
    if condition is None:
        return frozenset()
    return frozenset(one.group for one in nodes(condition) if isinstance(one, InGroup))


def paths(node: Expr | Query) -> frozenset[Path]:
    """Every path that an expression or a query names."""
    if not isinstance(node, Query):
        return frozenset(lookup.path for lookup in lookups(node))
    selected = {_column_path(column) for column in node.columns} - {None}
    condition = paths(node.condition) if node.condition else frozenset()
    return condition.union(node.group_by, (path for path in selected if path))


def _column_path(column: Column) -> Path | None:
    return column.what.path if isinstance(column.what, Aggregate) else column.what


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The expressions that one is made of."""
    match expr:
        case Call(arguments=several) | And(several) | Or(several):
            return several
        case Sum(first, rest) | Product(first, rest):
            return (first, *(operand for _, operand in rest))
        case Comparison(_, left, right):
            return (left, right)
        case Signed(operand=operand) | In(operand) | Not(operand):
            return (operand,)
        case _:
            return ()


def rebuilt(expr: Expr, make: Callable[[Expr], Expr]) -> Expr:  # noqa: PLR0911 a table
    """The expression with what ``make`` makes of each in the place of its operands."""
    match expr:
        case And(terms):
            return And(tuple(map(make, terms)))
        case Or(terms):
            return Or(tuple(map(make, terms)))
        case Not(operand):
            return Not(make(operand))
        case Comparison(comparator, left, right):
            return Comparison(comparator, make(left), make(right))
        case Call(function, arguments):
            return Call(function, tuple(map(make, arguments)))
        case Sum(first, rest):
            return Sum(make(first), tuple([(sign, make(operand)) for sign, operand in rest]))
        case Product(first, rest):
            return Product(make(first), tuple([(sign, make(operand)) for sign, operand in rest]))
        case Signed(sign, operand):
            return Signed(sign, make(operand))
        case In(operand, values, negated):
            return In(make(operand), values, negated)
        case _:
            return expr


def with_condition(query: Query, condition: Expr) -> Query:
    """The query with that condition in the place of its own."""
    return replace(query, condition=condition)


RESERVED: Final = frozenset(
    {
        *("select", "top", "from", "where", "group", "by", "as"),
        *("and", "or", "not", "in", "nin", "undefined", "null", "true", "false"),
    }
)
"""Words that begin no path unless they are written ``[[so]]``; after a dot they may."""

WORD: Final = r"(?:[^\W\d]|\$)[\w$]*+"
SEGMENT: Final = r"[\w$]++"

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _PRIMARY = range(8)
"""How tightly each form binds, loosest first."""


def to_text(node: Expr | Query) -> str:
    """Print a condition or a query, so that parsing the text gives an equal tree.

    The text holds no double quote, so that a target condition stays one.
    """
    return _query(node) if isinstance(node, Query) else _expr(node, _OR)


def _query(query: Query) -> str:
    top = f" TOP {query.top}" if query.top else ""
    columns = ", ".join(map(_column, query.columns)) or "*"
    where = f" WHERE {_expr(query.condition, _OR)}" if query.condition else ""
    group = " GROUP BY " + ", ".join(map(_path, query.group_by)) if query.group_by else ""
    return f"SELECT{top} {columns} FROM {query.collection}{where}{group}"


def _column(column: Column) -> str:
    match column.what:
        case Aggregate(function, path):
            what = f"{function}({_path(path) if path else ''})"
        case path:
            what = _path(path)
    return what if column.alias is None else f"{what} AS {_name(column.alias)}"


def _expr(expr: Expr, needed: int) -> str:
    text, binds = _form(expr)
    return text if binds >= needed else f"({text})"


def _form(expr: Expr) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912 a table, in effect
    match expr:
        case Or(terms):
            return " OR ".join([_expr(term, _AND) for term in terms]), _OR
        case And(terms):
            return " AND ".join([_expr(term, _NOT) for term in terms]), _AND
        case Not(operand):
            return f"NOT {_expr(operand, _NOT)}", _NOT
        case Comparison(comparator, left, right):
            return f"{_expr(left, _SUM)} {comparator} {_expr(right, _SUM)}", _COMPARE
        case In(operand, values, negated):
            word = "NIN" if negated else "IN"
            return f"{_expr(operand, _SUM)} {word} {_array(values)}", _COMPARE
        case Sum(first, rest):
            return _chain(first, rest, _PRODUCT), _SUM
        case Product(first, rest):
            return _chain(first, rest, _SIGN), _PRODUCT
        case Signed(sign, operand):
            return sign + _expr(operand, _PRIMARY), _SIGN
        case Constant(value):
            # A sign before a number is read as part of it: -(5) is not -5.
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return _constant(value), _SIGN if is_number else _PRIMARY
        case Array(values):
            return _array(values), _PRIMARY
        case Lookup(path):
            return _path(path), _PRIMARY
        case InGroup(group):
            return f"GROUP({_string(group)})", _PRIMARY
        case _:
            inner = ", ".join([_expr(argument, _OR) for argument in expr.arguments])
            return f"{expr.function}({inner})", _PRIMARY


def _chain(first: Expr, rest: tuple[tuple[str, Expr], ...], needed: int) -> str:
    parts = [f"{operator} {_expr(operand, needed)}" for operator, operand in rest]
    return " ".join([_expr(first, needed), *parts])


def _array(values: tuple[Primitive | Undefined, ...]) -> str:
    return f"[{', '.join(map(_constant, values))}]"


def _constant(value: Primitive | Undefined) -> str:
    match value:
        case Undefined():
            return "undefined"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case _:
            return repr(value)


def _string(value: str) -> str:
    doubled = value.replace("\\", "\\\\").replace("'", "''")
    return "'" + re.sub('[\x00-\x1f"\x7f]', lambda found: f"\\u{ord(found[0]):04x}", doubled) + "'"


def _path(path: Path) -> str:
    root = str(path[0])
    is_plain = re.fullmatch(WORD, root) and root.lower() not in RESERVED | {"devices"}
    return (root if is_plain else f"[[{root}]]") + "".join(map(_step, path[1:]))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if '"' in step or "]]" in step or step.endswith("]"):
        return f"[{_string(step)}]"
    return f".{_name(step)}"


def _name(name: str) -> str:
    return name if re.fullmatch(SEGMENT, name) else f"[[{name}]]"
