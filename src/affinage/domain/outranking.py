"""Which configurations in force come before another, at paths that both write.

Decides that from the configurations alone; whether twins meet both is a question to the fleet.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from affinage.domain.conditions import collection_of, parse_condition
from affinage.domain.content import Kind, Writes
from affinage.domain.query.syntax import (
    And,
    Collection,
    Column,
    Comparator,
    Comparison,
    Constant,
    Expr,
    Lookup,
    Query,
)
from affinage.domain.rulebook import Rule


class Outranking(NamedTuple):
    """A configuration that wins a path that another one writes, on twins that meet both."""

    by: Rule
    place: str | None
    """The module's id; None of a device's own twin, empty of a module's that is selected."""
    key: str
    """The path of the one that is outranked, below desired."""

    @property
    def path(self) -> str:
        """For a person: ``properties.desired.rate``, with the module before it if it has one."""
        path = f"properties.desired.{self.key}" if self.key else "properties.desired"
        return f"{path} of {self.place}" if self.place else path


def outranking(rule: Rule, others: Iterable[Rule]) -> list[Outranking]:
    """What comes before the rule at one of its paths, each once, by the first of them.

    Of its own kind alone: kinds meet on a twin only where a module configuration selects a module
    that a deployment made. The highest priority is first.

    Source: CONFIGURATION-40.
    """
    ahead = [one for one in others if one.in_force and one.kind is rule.kind]
    ahead = [one for one in ahead if one.rank < rule.rank and one.condition is not None]
    found = ((one, _met_at(rule.writes, one.writes)) for one in sorted(ahead, key=_rank))
    return [Outranking(one, *place) for one, place in found if place]


def meeting(*rules: Rule) -> Query:
    """The twins that meet the conditions of all these rules of one kind, as they were given."""
    kind = rules[0].kind
    texts = [one.configuration.target_condition for one in rules]
    conditions = [one for text in texts if (one := parse_condition(text, kind))]
    terms = [*([_OF_EDGE] if kind is Kind.EDGE else ()), *conditions]
    condition = terms[0] if len(terms) == 1 else And(tuple(terms))
    collection = collection_of(kind)
    key = [("deviceId",), *([("moduleId",)] if collection is Collection.MODULES else [])]
    return Query(collection, tuple(map(Column, key)), condition=condition)


_OF_EDGE: Final[Expr] = Comparison(
    Comparator.EQUAL, Lookup(("capabilities", "iotEdge")), Constant(True)
)


def _rank(rule: Rule) -> tuple[int, int, str]:
    return rule.rank


def _met_at(mine: Writes, others: Writes) -> tuple[str | None, str] | None:
    """The first of my paths at, above or below which another writes too, and where."""
    for place, written in mine.items():
        theirs = [write.path for write in others.get(place, ())]
        for write in written:
            if any(_meet(write.path, path) for path in theirs):
                return place, write.key
    return None


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return all(mine == theirs for mine, theirs in zip(one, other, strict=False))
