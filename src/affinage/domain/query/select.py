"""What a query answers for the rows it selected: columns of each, or counts and sums over all.

`SELECT *`, TOP, order and pages are the caller's: it knows the whole documents.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from affinage.domain.query.evaluate import Row
from affinage.domain.query.functions import Value, finite, is_number
from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import UNDEFINED, Aggregate, Path, Query, Undefined
from affinage.domain.values import JsonObject, JsonValue


def project(query: Query, row: Row) -> JsonObject:
    """The columns of one row, flat; what is undefined is left out.

    The query has columns, and none of them is an aggregate.

    Source: QUERY-34, QUERY-35.
    """
    found: JsonObject = {}
    for name, column in zip(names(query), query.columns, strict=True):
        assert not isinstance(column.what, Aggregate)
        _put(found, name, row.lookup(column.what))
    return found


def aggregate(query: Query, rows: Iterable[Row]) -> list[JsonObject]:
    """One object for each group of rows, in the order in which the groups are first met.

    Without GROUP BY there is exactly one group, also where there is no row. Holds one value for
    each group and column, not the rows.

    Source: QUERY-39, QUERY-40.
    """
    groups: dict[Hashable, _Group] = {}
    if not query.group_by:
        groups[()] = _Group(query, None)
    for row in rows:
        key = group(query, row)
        met = groups.get(key)
        if met is None:
            met = groups[key] = _Group(query, row)
        met.add(row)
    return [met.answer() for met in groups.values()]


def group(query: Query, row: Row) -> Hashable:
    """Equal for rows that GROUP BY puts together, and only for them.

    Source: QUERY-39.
    """
    return tuple([_key(row.lookup(path)) for path in query.group_by])


def names(query: Query) -> list[str]:
    """The member that each column becomes: its alias, its last name, or its function's.

    Source: QUERY-34, QUERY-40.
    """
    seen: Counter[str] = Counter()
    found: list[str] = []
    for column in query.columns:
        if column.alias is not None:
            found.append(column.alias)
        elif isinstance(column.what, Aggregate):
            function = column.what.function.lower()
            found.append(f"{function}{seen[function] or ''}")
            seen[function] += 1
        else:
            found.append(_last_name(column.what))
    return found


def _last_name(path: Path) -> str:
    return next(step for step in reversed(path) if isinstance(step, str))


def _put(found: JsonObject, name: str, value: Value) -> None:
    found.pop(name, None)  # of two columns with one name, the last wins
    if not isinstance(value, Undefined):
        found[name] = value


def _key(value: Value) -> Hashable:
    """Equal for values that are one group: as `atom`, also inside objects and arrays."""
    match value:
        case dict():
            return dict, frozenset((name, _key(inner)) for name, inner in value.items())
        case list():
            return list, tuple(map(_key, value))
        case Undefined():
            return value
        case _:
            return atom(value)


@dataclass(slots=True)
class _Tally:
    """What the aggregates of one column need to know of the rows so far."""

    count: int = 0
    numbers: int = 0
    total: float = 0
    least: JsonValue | Undefined = UNDEFINED
    most: JsonValue | Undefined = UNDEFINED

    def add(self, value: Value) -> None:
        self.count += value is not UNDEFINED
        if is_number(value):
            self.numbers += 1
            self.total += value
        if is_number(value) or isinstance(value, str):
            if self.least is UNDEFINED or _rank(value) < _rank(self.least):
                self.least = value
            if self.most is UNDEFINED or _rank(value) > _rank(self.most):
                self.most = value


def _rank(value: Value) -> tuple[bool, Value]:
    """Numbers before strings."""
    return isinstance(value, str), value


_ANSWERS: Final[dict[str, Callable[[_Tally], Value]]] = {
    "COUNT": lambda tally: tally.count,
    "SUM": lambda tally: finite(tally.total) if tally.numbers else UNDEFINED,
    "AVG": lambda tally: finite(tally.total / tally.numbers) if tally.numbers else UNDEFINED,
    "MIN": lambda tally: tally.least,
    "MAX": lambda tally: tally.most,
}


@dataclass(slots=True)
class _Group:
    query: Query
    first: Row | None
    """The row that stands for the others where all are equal."""

    tallies: list[_Tally] = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = [_Tally() for _ in self.query.columns]

    def add(self, row: Row) -> None:
        for tally, column in zip(self.tallies, self.query.columns, strict=True):
            if isinstance(column.what, Aggregate):
                path = column.what.path
                tally.add(None if path is None else row.lookup(path))

    def answer(self) -> JsonObject:
        found: JsonObject = {}
        for name, value in zip(names(self.query), self._values(), strict=True):
            _put(found, name, value)
        return found

    def _values(self) -> Iterator[Value]:
        for tally, column in zip(self.tallies, self.query.columns, strict=True):
            if isinstance(column.what, Aggregate):
                yield _ANSWERS[column.what.function](tally)
            else:
                assert self.first is not None  # a plain column is grouped by (QUERY-37)
                yield self.first.lookup(column.what)
