"""What the author of a configuration should know of the others: nothing is refused for it."""

from collections.abc import Sequence
from typing import Final

from affinage.domain.configuration import warnings
from affinage.domain.errors import QuerySyntaxError
from affinage.domain.flaps import MAX_FLIPS
from affinage.domain.outranking import Outranking, meeting, outranking
from affinage.domain.principal import Principal
from affinage.domain.query.syntax import to_text
from affinage.domain.rulebook import Rule
from affinage.services.counts import READERS, Counts, Question, parsed
from affinage.services.fleet.fleet import Fleet

MAX_WARNINGS: Final = 20
"""Configurations that are named as outranking one, the highest priorities."""

_FLAPS: Final = f"a twin that comes and goes {MAX_FLIPS} times in an hour is frozen"


class Warnings:
    def __init__(self, fleet: Fleet, counts: Counts) -> None:
        self._fleet, self._counts = fleet, counts

    async def of(self, name: str, *, by: Principal) -> list[str]:
        """What to know of a configuration; nothing of one that does not exist.

        That its condition reads what its own content changes; and which configurations in force
        come before it on a path that it writes, with how many of its twins.

        Source: CONFIGURATION-23, CONFIGURATION-40.
        """
        by.require(READERS)
        rule = self._fleet.rules.get(name)
        if rule is None or not rule.in_force:
            return []
        circles = warnings(rule.configuration, self._fleet.groups)
        found = outranking(rule, self._fleet.rules.values()) if rule.condition else []
        return [
            *(f"{text}; {_FLAPS}" for text in circles),
            *await self._outranked(rule, found[:MAX_WARNINGS], by),
        ]

    async def _outranked(self, rule: Rule, found: Sequence[Outranking], by: Principal) -> list[str]:
        if not found:
            return []
        whole, *shared = [_question(rule), *(_question(rule, one.by) for one in found)]
        counted = await self._counts.show(filter(None, [whole, *shared]), by=by)

        def rows(question: Question | None) -> int | None:
            known = None if question is None else counted.get(question)
            return None if known is None else known.rows

        told = [
            _told(one, rows(each), rows(whole)) for one, each in zip(found, shared, strict=True)
        ]
        return [text for text in told if text]


def _question(*rules: Rule) -> Question | None:
    """How many meet all of them; None if no text can ask that: two long conditions make one."""
    query = meeting(*rules)
    question = Question(to_text(query), query.collection)
    try:
        parsed(question)
    except QuerySyntaxError:
        return None
    return question


def _told(one: Outranking, shared: int | None, whole: int | None) -> str | None:
    """None where no twin meets both conditions now."""
    what = f"configuration {one.by.id} of priority {one.by.configuration.priority}"
    what += f" writes {one.path} too"
    if shared is None or whole is None:
        return f"{what}, and may target some of the same twins: they are not counted yet"
    return f"{what}, wins there, and targets {shared} of the same {whole} twins" if shared else None
