"""Which configurations a device and its modules carry: asked anew, or as last time.

Decides nothing about what they then write.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from dataclasses import replace as with_fields

from affinage.domain.content import Kind
from affinage.domain.device import Device, Module, Presence
from affinage.domain.flaps import Flaps
from affinage.domain.names import TwinKey
from affinage.domain.row import TwinRow
from affinage.domain.rulebook import Rule, Rulebook

PresenceOf = Callable[[TwinKey], Presence]


@dataclass(frozen=True, slots=True)
class Targets:
    """The question who carries what, about one device as it was given."""

    device: Device
    rulebook: Rulebook
    presence: PresenceOf
    affected: Collection[str] | None
    """Ids to ask anew, None for all; the others are as they were, if their generation is."""
    flaps: Flaps

    def of_device(self) -> tuple[Rule, ...]:
        """Device and edge configurations that the device carries, the one that wins first.

        Source: RECONCILE-1, RECONCILE-3.
        """
        row = TwinRow(self.device, self.presence(TwinKey(self.device.id)))
        carried = self._current(self.device.carried)
        return self._ranked(row, {rule.id for rule in carried if rule.kind is not Kind.MODULE})

    def of_module(self, module: Module) -> tuple[Rule, ...]:
        """Module configurations that the module carries, the one that wins first.

        Source: RECONCILE-2, RECONCILE-3.
        """
        row = TwinRow(self.device, self.presence(TwinKey(self.device.id, module.id)), module)
        carried = self._current(module.twin.statuses)
        return self._ranked(row, {rule.id for rule in carried if rule.kind is Kind.MODULE})

    def unasked(self) -> dict[str, int]:
        """Module configurations that are carried as before, since nobody asked."""
        if self.affected is None:
            return {}
        return {
            rule.id: rule.generation
            for rule in self._current(self.device.carried)
            if rule.kind is Kind.MODULE and rule.id not in self.affected
        }

    def asking_all_of_modules(self) -> "Targets":
        """The question for a device whose modules have come or gone: other modules, other answers.

        Source: RECONCILE-3.
        """
        if self.affected is None:
            return self
        names = {rule.id for rule in self.rulebook.of_modules}
        return with_fields(self, affected=names.union(self.affected))

    def _ranked(self, row: TwinRow, before: set[str]) -> tuple[Rule, ...]:
        """Those who met it before, less who is asked and leaves, and who is asked and comes."""
        names = set(before)
        module = row.module.id if row.module else None
        for rule in self._asked(row, before):
            was = rule.id in before
            if rule.selects(row) != was and not self.flaps.stays(rule, module, was=was):
                names ^= {rule.id}
        return self.rulebook.ranked(names)

    def _asked(self, row: TwinRow, before: Iterable[str]) -> Iterable[Rule]:
        """The rules that are asked and may select the row, or did."""
        rules = self.rulebook.rules
        if self.affected is None:
            possible = {rule.id: rule for rule in self.rulebook.possible(row)}
            return (possible | {name: rules[name] for name in before}).values()
        return [rules[name] for name in self.affected if name in rules]

    def _current(self, names: Iterable[str]) -> Iterable[Rule]:
        """The rules of those names in force in the generation that was carried."""
        for name in names:
            if rule := self.rulebook.current(name, self.device.carried.get(name)):
                yield rule
