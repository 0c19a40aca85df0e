"""Read a query, a condition or a target condition: recursive descent, one function for a rule.

Each ``_parse_…`` function's docstring is its rule of the grammar. What is read here is a tree; what
a collection admits is `check`'s, what the tree means is `evaluate`'s.
"""

from typing import Final

from affinage.domain.query.check import check
from affinage.domain.query.constants import number
from affinage.domain.query.expressions import parse_expr, parse_name, parse_path
from affinage.domain.query.syntax import (
    Aggregate,
    Collection,
    Column,
    Constant,
    Expr,
    Path,
    Query,
)
from affinage.domain.query.tokenizer import Tokenizer

_COLLECTIONS: Final = {"modules": Collection.MODULES, "jobs": Collection.JOBS}
_AGGREGATES: Final = frozenset({"count", "avg", "sum", "min", "max"})


def parse_query(text: str, *, default: Collection | None = None) -> Query:
    """Read a whole query, `SELECT …`.

    Args:
        text: at most MAX_TEXT characters.
        default: the collection of a query without FROM; None refuses such a query.

    Raises:
        QuerySyntaxError: the text is no query, or asks what its collection does not admit.

    Source: docs/spec/query.md, QUERY-1 to QUERY-15 and QUERY-33 to QUERY-40.
    """
    tokens = Tokenizer(text)
    query = _parse_query(tokens, default)
    _parse_end(tokens, "the end of the query")
    check(query, text)
    return query


def parse_condition(text: str) -> Expr:
    """Read a bare condition, what may stand after WHERE.

    Raises:
        QuerySyntaxError: the text is none.
    """
    tokens = Tokenizer(text)
    condition = parse_expr(tokens)
    _parse_end(tokens, "AND, OR or the end of the condition")
    return condition


def parse_target_condition(text: str, *, modules: bool) -> Expr | None:
    """Read a target condition: `*` is always true; None, of an empty text, targets nothing.

    Args:
        text: a condition in which no double quote stands.
        modules: whether modules are targeted; `FROM devices.modules WHERE` may then precede it.

    Raises:
        QuerySyntaxError: the text is none.

    Source: QUERY-41 to QUERY-44.
    """
    tokens = Tokenizer(text)
    if '"' in text:
        tokens.refuse("expected single quotes: a target condition has no double ones",
                      at=text.index('"'))  # fmt: skip
    if tokens.check("END"):
        return None
    if modules:
        _parse_modules_prefix(tokens)
    condition = Constant(True) if tokens.accept("STAR") else parse_expr(tokens)
    _parse_end(tokens, "AND, OR or the end of the condition")
    return condition


def _parse_modules_prefix(tokens: Tokenizer) -> None:
    """[ "FROM" , "devices.modules" , "WHERE" ]"""
    at = tokens.at
    if tokens.accept_word("from"):
        if _parse_collection(tokens) is not Collection.MODULES:
            tokens.refuse("expected FROM devices.modules WHERE", at=at)
        tokens.expect_word("where", "WHERE")


def _parse_end(tokens: Tokenizer, expected: str) -> None:
    """[ ";" ]"""
    tokens.accept("SEMICOLON")
    tokens.expect("END", expected)


def _parse_query(tokens: Tokenizer, default: Collection | None) -> Query:
    """
    "SELECT" , [ "TOP" , integer ] , columns , [ "FROM" , collection ] , [ "WHERE" , expr ] ,
    [ "GROUP" , "BY" , path , { "," , path } ]
    """
    tokens.expect_word("select", "SELECT")
    top = _parse_top(tokens)
    columns = _parse_columns(tokens)
    collection = _parse_from(tokens, default)
    condition = parse_expr(tokens) if tokens.accept_word("where") else None
    group_at = tokens.at
    return Query(collection, columns, top, condition, _parse_group_by(tokens), group_at)


def _parse_top(tokens: Tokenizer) -> int | None:
    """[ "TOP" , integer ]"""
    if not tokens.accept_word("top"):
        return None
    token = tokens.expect("INTEGER", "a number of rows after TOP")
    rows = number(tokens, token)
    if not isinstance(rows, int) or rows < 1:
        tokens.refuse("expected a number of rows from 1 up", at=token.at)
    return rows


def _parse_from(tokens: Tokenizer, default: Collection | None) -> Collection:
    """[ "FROM" , collection ]"""
    if tokens.accept_word("from"):
        return _parse_collection(tokens)
    return default or tokens.refuse_here(
        "FROM and a collection: devices, devices.modules or devices.jobs"
    )


def _parse_collection(tokens: Tokenizer) -> Collection:
    """ "devices" | "devices.modules" | "devices.jobs" """
    tokens.expect_word("devices", "devices, devices.modules or devices.jobs")
    if not tokens.accept("DOT"):
        return Collection.DEVICES
    token = tokens.accept_word(*_COLLECTIONS) or tokens.refuse_here("modules or jobs")
    return _COLLECTIONS[token.text.lower()]


def _parse_columns(tokens: Tokenizer) -> tuple[Column, ...]:
    """ "*" | column , { "," , column }"""
    if tokens.accept("STAR"):
        return ()
    columns = [_parse_column(tokens)]
    while tokens.accept("COMMA"):
        columns.append(_parse_column(tokens))
    return tuple(columns)


def _parse_column(tokens: Tokenizer) -> Column:
    """( aggregate | path ) , [ "AS" , alias ]"""
    at = tokens.at
    what = _parse_what(tokens)
    alias = None
    if tokens.accept_word("as"):
        alias = parse_name(tokens, "a name after AS")
    return Column(what, alias, at)


def _parse_what(tokens: Tokenizer) -> Path | Aggregate:
    """
    "COUNT" , "(" , [ "*" | path ] , ")" | ( "AVG" | "SUM" | "MIN" | "MAX" ) , "(" , path , ")"
    | path
    """
    start = tokens.at
    word = tokens.accept_word(*_AGGREGATES)
    if not word or not tokens.accept("OPEN"):
        tokens.at = start
        return parse_path(tokens, "a column: *, a path, or an aggregate as COUNT()")
    function, path = word.text.upper(), None
    is_whole = function == "COUNT" and (tokens.accept("STAR") or tokens.check("CLOSE"))
    if not is_whole:
        path = parse_path(tokens, f"a path in {function}()")
    tokens.expect("CLOSE", "')'")
    return Aggregate(function, path)


def _parse_group_by(tokens: Tokenizer) -> tuple[Path, ...]:
    """[ "GROUP" , "BY" , path , { "," , path } ]"""
    if not tokens.accept_word("group"):
        return ()
    tokens.expect_word("by", "BY after GROUP")
    found = [parse_path(tokens, "a path to group by")]
    while tokens.accept("COMMA"):
        found.append(parse_path(tokens, "a path to group by"))
    return tuple(found)
