"""Which rules can select a row at all: found by the values that the row has, not by asking each.

A condition like ``tags.site = 'lyon' AND …`` is true of no row without that value: the value is its
anchor. Decides nothing: who is found is still asked.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from affinage.domain.query.members import is_moment
from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import (
    And,
    Comparator,
    Comparison,
    Constant,
    Expr,
    In,
    Lookup,
    Path,
    Primitive,
    Undefined,
)
from affinage.domain.values import JsonValue

T = TypeVar("T")


class Anchor(NamedTuple):
    """Atoms of which a row must have one at the path."""

    path: Path
    atoms: frozenset[Hashable]


class Readable(Protocol):
    def lookup(self, path: Path, /) -> JsonValue | Undefined: ...


def anchor(condition: Expr | None) -> Anchor | None:
    """What every row that the condition is true of has; None if nothing so simple is known."""
    match condition:
        case Comparison(Comparator.EQUAL, Lookup(path), Constant(value)) | Comparison(
            Comparator.EQUAL, Constant(value), Lookup(path)
        ) if not is_moment(path):
            return Anchor(path, _atoms([value]))
        case In(Lookup(path), values, False) if not is_moment(path):
            return Anchor(path, _atoms(values))
        case And(terms):
            return next(filter(None, map(anchor, terms)), None)
        case _:
            return None


class Anchored(Generic[T]):
    """Things with conditions, by their anchors."""

    def __init__(self, things: Iterable[T], condition: Callable[[T], Expr | None]) -> None:
        self._free: list[T] = []
        self._by_path: dict[Path, dict[Hashable, list[T]]] = {}
        for thing in things:
            found = anchor(condition(thing))
            if found is None:
                self._free.append(thing)
            else:
                values = self._by_path.setdefault(found.path, {})
                for each in found.atoms:
                    values.setdefault(each, []).append(thing)

    def possible(self, row: Readable) -> Iterator[T]:
        """All whose conditions may be true of the row, each once."""
        yield from self._free
        for path, values in self._by_path.items():
            value = row.lookup(path)
            if not isinstance(value, _NO_ATOMS):
                yield from values.get(atom(value), ())


_NO_ATOMS: Final = (dict, list, Undefined)


def _atoms(values: Iterable[Primitive | Undefined]) -> frozenset[Hashable]:
    return frozenset(atom(value) for value in values if not isinstance(value, Undefined))
