"""Every configuration of the hub, ready to be met: parsed once, asked for every device.

Decides how configurations rank, and which paths each of them watches.
"""

import operator
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from msgspec import Struct

from affinage.domain.anchors import Anchored
from affinage.domain.conditions import parse_condition
from affinage.domain.configuration import Configuration
from affinage.domain.content import Kind, Writes, writes
from affinage.domain.groups import NO_GROUPS, Group, Groups
from affinage.domain.names import SYSTEM_MODULES
from affinage.domain.overlay import Verdict
from affinage.domain.query.evaluate import matches
from affinage.domain.query.syntax import Expr, Path, groups, paths
from affinage.domain.row import TwinRow

_RANK: Final = operator.attrgetter("rank")
_CONDITION: Final = operator.attrgetter("condition")
_EDGE_ONLY: Final[Path] = ("capabilities", "iotEdge")


class Rule(Struct, frozen=True):
    """A configuration as reconciling sees it."""

    configuration: Configuration
    kind: Kind
    condition: Expr | None
    """With its groups written out; None selects nothing: it is empty, or of a tombstone."""
    groups: frozenset[str]
    """The groups that the condition names, be it through others."""
    names: frozenset[Path]
    """The paths that the condition reads."""
    writes: Writes
    rank: tuple[int, int, str]
    """The lowest comes first: priority descending, then the newest, then by id."""

    @property
    def id(self) -> str:
        return self.configuration.id

    @property
    def generation(self) -> int:
        return self.configuration.generation

    @property
    def in_force(self) -> bool:
        """Whether any twin may carry it."""
        return not self.configuration.tombstone

    def selects(self, row: TwinRow) -> bool:
        """Whether it targets that device, or that module; rows of the other kind never.

        Source: RECONCILE-1, RECONCILE-2, EDGE-4, REPLACE-2.
        """
        if row.device.retired_at is not None:
            return False
        if self.condition is None or (row.module is not None) != (self.kind is Kind.MODULE):
            return False
        if row.module and row.module.id in SYSTEM_MODULES:
            return False
        if self.kind is Kind.EDGE and not row.device.identity.iot_edge:
            return False
        return matches(self.condition, row)


def rule(configuration: Configuration, known: Groups = NO_GROUPS) -> Rule:
    """The configuration, parsed, with what its groups are now; of a tombstone its name remains.

    Raises:
        InvalidTargetCondition, InvalidContent: it was not made by `configuration.create`.
    """
    kind = configuration.kind
    alive = not configuration.tombstone
    given = parse_condition(configuration.target_condition, kind) if alive else None
    condition = None if given is None else known.expanded(given)
    return Rule(
        configuration=configuration,
        kind=kind,
        condition=condition,
        groups=known.names(groups(given)) if given else frozenset(),
        names=_named(condition, kind),
        writes=writes(configuration.content) if alive else {},
        rank=(-configuration.priority, -configuration.created_at, configuration.id),
    )


def _named(condition: Expr | None, kind: Kind) -> frozenset[Path]:
    if condition is None:
        return frozenset()
    return paths(condition) | ({_EDGE_ONLY} if kind is Kind.EDGE else frozenset())


class Rulebook:
    """All rules, by id, and all groups. Immutable: adding or removing one gives another book."""

    def __init__(self, rules: Mapping[str, Rule] | None = None, known: Groups = NO_GROUPS) -> None:
        self.rules: Mapping[str, Rule] = rules or {}
        self.groups = known
        self.verdicts: dict[tuple[str | None, ...], Verdict] = {}
        """Who wins a twin: by the module's id, None for a device's own, and the rules' ids."""

    def with_rule(self, configuration: Configuration) -> "Rulebook":
        """The book with that configuration in place of what had its id."""
        made = rule(configuration, self.groups)
        return Rulebook({**self.rules, configuration.id: made}, self.groups)

    def without(self, name: str) -> "Rulebook":
        """The book without that configuration; once no device carries it."""
        kept = {other: rule for other, rule in self.rules.items() if other != name}
        return Rulebook(kept, self.groups)

    def with_group(self, name: str, group: Group | None) -> "Rulebook":
        """The book with that group, None for without, and what that makes of the conditions.

        Source: GROUP-6.
        """
        known = self.groups.without(name) if group is None else self.groups.with_group(group)
        rules = {
            other: rule(one.configuration, known) if name in one.groups else one
            for other, one in self.rules.items()
        }
        return Rulebook(rules, known)

    def sharing(self, name: str) -> frozenset[str]:
        """That configuration, and those whose conditions name a group that its condition names.

        A change of the group may take a device from one of them to another: whoever asks one of
        them anew asks all, so that the device changes once.

        Source: GROUP-6.
        """
        rule = self.rules.get(name)
        if rule is None or not rule.groups:
            return frozenset((name,))
        found = (other.id for other in self.rules.values() if other.groups & rule.groups)
        return frozenset((name, *found))

    @cached_property
    def watched(self) -> Mapping[Path, frozenset[str]]:
        """Which device and edge configurations read a path of the device's own row."""
        return _by_path(rule for rule in self.rules.values() if rule.kind is not Kind.MODULE)

    @cached_property
    def watched_of_modules(self) -> Mapping[Path, frozenset[str]]:
        """Which module configurations read a path of a module's row."""
        return _by_path(self.of_modules)

    @cached_property
    def of_modules(self) -> tuple[Rule, ...]:
        """The module configurations in force."""
        return tuple(
            rule for rule in self.rules.values() if rule.kind is Kind.MODULE and rule.in_force
        )

    def possible(self, row: TwinRow) -> Iterable[Rule]:
        """The rules that may select the row: none that does is missing."""
        return (self._of_modules if row.module else self._of_devices).possible(row)

    @cached_property
    def _of_modules(self) -> Anchored[Rule]:
        return Anchored(self.of_modules, _CONDITION)

    @cached_property
    def _of_devices(self) -> Anchored[Rule]:
        rules = self.rules.values()
        return Anchored([rule for rule in rules if rule.kind is not Kind.MODULE], _CONDITION)

    def ranked(self, ids: Iterable[str]) -> tuple[Rule, ...]:
        """Those rules, the one that wins first."""
        return tuple(sorted([self.rules[name] for name in ids], key=_RANK))

    def current(self, name: str, generation: int | None) -> Rule | None:
        """The rule of that very generation, if it is in force."""
        rule = self.rules.get(name)
        return rule if rule and rule.in_force and rule.generation == generation else None


def _by_path(rules: Iterable[Rule]) -> Mapping[Path, frozenset[str]]:
    found: dict[Path, set[str]] = {}
    for rule in rules:
        for path in rule.names:
            found.setdefault(path, set()).add(rule.id)
    return {path: frozenset(ids) for path, ids in found.items()}
