"""The units of one commit, run one after another on what the fleet remembers.

A unit is decided, then the devices it changed are reconciled, and only then does the next one see
it. What a unit raises leaves no trace; what reconciling raises marks the device dirty and leaves
the unit as it was decided.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from affinage.domain.configuration import Configuration
from affinage.domain.device import ABSENT, Device, Presence, found
from affinage.domain.edge import ModuleIdentities
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.ledger import digested
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.rows import Version, moves_between
from affinage.services.fleet.settling import Settling
from affinage.services.fleet.unit import Change, Decide, Sweep


class Batch:
    """A `View` for the units of one commit, and the overlay that they write."""

    def __init__(
        self, memory: Memory, identities: ModuleIdentities, guards: Guards, at: Millis
    ) -> None:
        self._memory = memory
        # A proxy, for no cycle: what a batch has read goes with it, not when the collector comes.
        self._settling = Settling(weakref.proxy(self), memory, identities, guards, at)
        self._count = len(memory.numbers)
        self._read: dict[str, Device | None] = {}
        self.overlay = Overlay(begun=memory.begun)
        self.rulebook = memory.rulebook
        self.at = at

    @property
    def device_count(self) -> int:
        return self._count

    def find(self, device_id: str) -> Device | None:
        if device_id not in self._read:  # once, so that what does not change is the same object
            self._read[device_id] = self._found(device_id)
        return self._read[device_id]

    def device(self, device_id: str) -> Device:
        return found(self.find(device_id), device_id)

    def presence(self, key: TwinKey) -> Presence:
        if key in self.overlay.presences:
            return self.overlay.presences[key] or ABSENT
        return self._memory.presence(key)

    def configuration(self, configuration_id: str) -> Configuration | None:
        if configuration_id in self.overlay.configurations:
            return self.overlay.configurations[configuration_id]
        return self._memory.configurations.get(configuration_id)

    def written(self, table: Table) -> Iterator[Row]:
        return (row for row in self.overlay.rows if row.table is table)

    def run(self, decide: Decide[Any]) -> Any:
        """Decide one unit, write it to the overlay, reconcile what it changed; its answer.

        Raises:
            Exception: whatever ``decide`` raises, and the overlay is then as it was; or its answer,
                and what it decided stands.
        """
        try:
            change = decide(self)
            self._write(change)
            return change.answer(self)
        finally:
            self._read.clear()

    def rows(self) -> Iterator[Row]:
        """Everything to commit: each device once, however many units changed it."""
        yield from self._device_rows()
        for name, group in self.overlay.groups.items():
            yield Row(Table.GROUPS, name, None if group is None else codec.encode(group))
        for configuration_id, configuration in self.overlay.configurations.items():
            body = None if configuration is None else codec.encode(configuration)
            yield Row(Table.CONFIGURATIONS, configuration_id, body)
        for key, presence in self.overlay.presences.items():
            body = None if presence is None else codec.encode(presence)
            yield Row(Table.PRESENCE, key.path, body)
        yield from self.overlay.rows

    def _device_rows(self) -> Iterator[Row]:
        overlay = self.overlay
        for device_id, device in overlay.devices.items():
            before = overlay.before[device_id]
            if before and (device is None or device.number != before.number):
                yield Row(Table.DEVICES, before.number, None)
        for device_id, body in overlay.bodies.items():
            written = overlay.devices.get(device_id)
            number = written.number if written else self._memory.numbers[device_id]
            yield Row(Table.DEVICES, number, body)

    def _found(self, device_id: str) -> Device | None:
        body = self.overlay.bodies.get(device_id)
        if body is not None:
            return codec.device(body)
        return None if device_id in self.overlay.devices else self._memory.find(device_id)

    def _write(self, change: Change[Any]) -> None:
        if change.deeds:
            self.overlay.deeds += digested(change, self)
        for name, group in change.groups.items():
            self.overlay.groups[name] = group
            self.rulebook = self.rulebook.with_group(name, group)
        for configuration_id, configuration in change.configurations.items():
            self._set_configuration(configuration_id, configuration)
        presence = self._presence_before(change)
        self.overlay.presences.update(change.presence)
        self.overlay.rows.extend(change.rows)
        self.overlay.events.extend(change.events)
        for device_id in self._touched(change):
            old = self.find(device_id)
            new = change.devices.get(device_id, old)
            self._put(device_id, Version(old, presence), new, change.sweep)

    def _presence_before(self, change: Change[Any]) -> Callable[[TwinKey], Presence]:
        if not change.presence:
            return self.presence
        were = {key: self.presence(key) for key in change.presence}
        return lambda key: were[key] if key in were else self.presence(key)

    def _touched(self, change: Change[Any]) -> Iterable[str]:
        """The devices that may have to be settled; in an order, unlike a set."""
        if not (change.sweep or change.presence):
            return change.devices
        names = dict.fromkeys((*change.devices, *change.sweep))
        if change.presence and self._memory.watches_presence():
            names |= dict.fromkeys(key.device for key in change.presence)
        return names

    def _set_configuration(self, configuration_id: str, new: Configuration | None) -> None:
        self.overlay.configurations[configuration_id] = new
        if new is None:
            self.rulebook = self.rulebook.without(configuration_id)
        else:
            self.rulebook = self.rulebook.with_rule(new)

    def _put(self, device_id: str, before: Version, new: Device | None, sweep: Sweep) -> None:
        """Write one device, reconciled, with the moves that its bitmaps will make."""
        old = before.device
        if new is None:
            self._drop(device_id, before)
            return
        settled, moves, events = self._settling.settle(before, self._memory.numbered(new), sweep)
        self.overlay.moves.extend(moves)  # of a connection too, which is no part of the device
        self.overlay.events.extend(events)
        if settled is old:
            return
        self._count += old is None
        self._set(device_id, old, settled)
        if old and old.modules is not settled.modules:
            self._clear(TwinKey(old.id, name) for name in old.modules.keys() - settled.modules)

    def _set(self, device_id: str, old: Device | None, new: Device | None) -> None:
        self._read[device_id] = new
        self.overlay.put(device_id, old, new)

    def _drop(self, device_id: str, before: Version) -> None:
        old = before.device
        if old is None:
            return
        self._count -= 1
        self.overlay.moves += moves_between(self._memory, before, Version(None, self.presence))
        self._set(device_id, old, None)
        self._clear((TwinKey(old.id), *(TwinKey(old.id, name) for name in old.modules)))

    def _clear(self, gone: Iterable[TwinKey]) -> None:
        """Forget the connections of identities that are gone, and what waited for them."""
        for key in gone:
            self.overlay.presences[key] = None
            self.overlay.rows.append(Row(Table.SUBSCRIPTIONS, key.path, None))
            self.overlay.rows.append(Row(Table.MESSAGES, key.path, None))
