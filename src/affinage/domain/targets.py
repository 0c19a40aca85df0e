"""Which configurations a device and its modules carry: asked anew, or as last time.

Decides nothing about what they then write.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from dataclasses import replace as with_fields

from affinage.domain.content import Kind
from affinage.domain.device import Device, Module, Presence
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

    def of_device(self) -> tuple[Rule, ...]:
        """Device and edge configurations that the device carries, the one that wins first.

        Source: RECONCILE-1, RECONCILE-3.
        """
        row = TwinRow(self.device, self.presence(TwinKey(self.device.id)))
        kept = (rule for rule in self._kept(self.device.carried) if rule.kind is not Kind.MODULE)
        return self._ranked(kept, row)

    def of_module(self, module: Module) -> tuple[Rule, ...]:
        """Module configurations that the module carries, the one that wins first.

        Source: RECONCILE-2, RECONCILE-3.
        """
        row = TwinRow(self.device, self.presence(TwinKey(self.device.id, module.id)), module)
        kept = (rule for rule in self._kept(module.twin.statuses) if rule.kind is Kind.MODULE)
        return self._ranked(kept, row)

    def unasked(self) -> dict[str, int]:
        """Module configurations that are carried as before, since nobody asked."""
        kept = self._kept(self.device.carried)
        return {rule.id: rule.generation for rule in kept if rule.kind is Kind.MODULE}

    def asking_all_of_modules(self) -> "Targets":
        """The question for a device whose modules have come or gone: other modules, other answers.

        Source: RECONCILE-3.
        """
        if self.affected is None:
            return self
        names = {rule.id for rule in self.rulebook.of_modules}
        return with_fields(self, affected=names.union(self.affected))

    def _ranked(self, kept: Iterable[Rule], row: TwinRow) -> tuple[Rule, ...]:
        met = {rule.id for rule in self._asked() if rule.selects(row)}
        return self.rulebook.ranked(met.union(rule.id for rule in kept))

    def _asked(self) -> Iterable[Rule]:
        rules = self.rulebook.rules
        if self.affected is None:
            return rules.values()
        return [rules[name] for name in self.affected if name in rules]

    def _kept(self, names: Iterable[str]) -> Iterable[Rule]:
        if self.affected is None:
            return
        for name in names:
            rule = self.rulebook.current(name, self.device.carried.get(name))
            if rule and name not in self.affected:
                yield rule
