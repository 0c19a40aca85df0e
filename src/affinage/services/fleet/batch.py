"""The units of one commit, run one after another on what the fleet remembers.

A unit is decided, then the devices it changed are reconciled, and only then does the next one see
it. What a unit raises leaves no trace; what reconciling raises marks the device dirty and leaves
the unit as it was decided.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from msgspec.structs import replace

from affinage.domain.configuration import Configuration
from affinage.domain.device import ABSENT, Device, Dirty, Presence, found
from affinage.domain.edge import ModuleIdentities
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection, Path
from affinage.domain.reconcile import reconcile
from affinage.domain.row import TwinRow
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.bitmaps import Move
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.unit import Change, Decide, Sweep

ROUNDS: Final = 4
"""How often reconciling is asked again because of what it wrote itself."""

_NO_END: Final = (
    f"its configurations change what their conditions read, without end ({ROUNDS} times)"
)

Moves = list[tuple[Collection, Move]]

_log = structlog.get_logger(__name__)


class Batch:
    """A `View` for the units of one commit, and the overlay that they write."""

    def __init__(self, memory: Memory, identities: ModuleIdentities, at: Millis) -> None:
        self._memory = memory
        self._identities = identities
        self._at = at
        self._count = len(memory.numbers)
        self._read: dict[str, Device | None] = {}
        self.overlay = Overlay(begun=memory.begun)
        self.rulebook = memory.rulebook

    @property
    def device_count(self) -> int:
        return self._count

    def find(self, device_id: str) -> Device | None:
        if device_id in self.overlay.devices:
            return self.overlay.devices[device_id]
        if device_id not in self._read:  # once, so that what does not change is the same object
            self._read[device_id] = self._memory.find(device_id)
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

    def run(self, decide: Decide[Any]) -> Any:
        """Decide one unit, write it to the overlay, reconcile what it changed; its answer.

        Raises:
            Exception: whatever ``decide`` raises, and the overlay is then as it was; or its answer,
                and what it decided stands.
        """
        change = decide(self)
        self._write(change)
        return change.answer(self)

    def rows(self) -> Iterator[Row]:
        """Everything to commit: each device once, however many units changed it."""
        yield from self._device_rows()
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
            if device is not None:
                body = overlay.bodies[device_id] = codec.encode(device)
                yield Row(Table.DEVICES, device.number, body)

    def _write(self, change: Change[Any]) -> None:
        for configuration_id, configuration in change.configurations.items():
            self._set_configuration(configuration_id, configuration)
        touched = dict.fromkeys((*change.devices, *change.sweep))  # in an order, unlike a set
        if change.presence and self._memory.watches_presence():
            touched |= dict.fromkeys(key.device for key in change.presence)
        before = {device_id: self._rows(self.find(device_id)) for device_id in touched}
        self.overlay.presences.update(change.presence)
        self.overlay.rows.extend(change.rows)
        self.overlay.events.extend(change.events)
        for device_id in touched:
            new = change.devices.get(device_id, self.find(device_id))
            self._put(device_id, before[device_id], new, change.sweep)

    def _set_configuration(self, configuration_id: str, new: Configuration | None) -> None:
        self.overlay.configurations[configuration_id] = new
        if new is None:
            self.rulebook = self.rulebook.without(configuration_id)
        else:
            self.rulebook = self.rulebook.with_rule(new)

    def _put(self, device_id: str, before: "RowsOf", new: Device | None, sweep: Sweep) -> None:
        """Write one device, reconciled, with the moves that its bitmaps will make."""
        if new is None:
            self._drop(device_id, before)
            return
        settled, moves = self._settled(before, self._numbered(new), sweep)
        self.overlay.moves.extend(moves)  # of a connection too, which is no part of the device
        if settled is before.device:
            return
        self._count += before.device is None
        self._set(device_id, before.device, settled)
        self._clear(key for key in before.rows if key.module and key.module not in settled.modules)

    def _set(self, device_id: str, old: Device | None, new: Device | None) -> None:
        self.overlay.before.setdefault(device_id, old)
        self.overlay.devices[device_id] = new

    def _drop(self, device_id: str, before: "RowsOf") -> None:
        if before.device is None:
            return
        self._count -= 1
        self.overlay.moves.extend(_moves(self._memory, before, RowsOf(None, {})))
        self._set(device_id, before.device, None)
        self._clear(before.rows)

    def _clear(self, gone: Iterable[TwinKey]) -> None:
        """Forget what was known of the connections of identities that are gone."""
        for key in gone:
            self.overlay.presences[key] = None
            self.overlay.rows.append(Row(Table.SUBSCRIPTIONS, key.path, None))

    def _numbered(self, new: Device) -> Device:
        """The device with numbers for itself and its modules, those it had before if any."""
        if not new.number:
            new = replace(new, number=self._memory.next_number)
            self._memory.next_number += 1
        if all(module.number for module in new.modules.values()):
            return new
        modules = dict(new.modules)
        for module in new.modules.values():
            if not module.number:
                modules[module.id] = replace(module, number=self._memory.next_module_number)
                self._memory.next_module_number += 1
        return replace(new, modules=modules)

    def _settled(self, before: "RowsOf", new: Device, sweep: Sweep) -> tuple[Device, Moves]:
        """What the configurations in force make of it, and of what they made of it, to the end.

        Where they fail, or come to no end, the device is dirty and stays as it was last.
        """
        device, was = new, before
        moves: Moves = []
        for _ in range(ROUNDS):
            now = self._rows(device)
            step = _moves(self._memory, was, now)
            moves += step
            affected = self._affected(was.device, device, step, sweep)
            if affected is not None and not affected:
                return device, moves
            try:
                settled = self._reconciled(device, affected)
            except Exception as error:  # noqa: BLE001  # the cause never fails because of it
                return self._dirtied(before.device, device, str(error)), moves
            if settled is device:
                return device, moves
            device, was, sweep = self._numbered(settled), now, {}
        moves += _moves(self._memory, was, self._rows(device))
        return self._dirtied(before.device, device, _NO_END), moves

    def _reconciled(self, device: Device, affected: frozenset[str] | None) -> Device:
        settled, events = reconcile(
            replace(device, dirty=None) if device.dirty else device,
            self.rulebook,
            presence=self.presence,
            identities=self._identities,
            at=self._at,
            affected=affected,
        )
        self.overlay.events.extend(events)
        return settled

    def _dirtied(self, before: Device | None, device: Device, error: str) -> Device:
        _log.warning("not reconciled", device=device.id, error=error)
        attempts = before.dirty.attempts + 1 if before and before.dirty else 1
        return replace(device, dirty=Dirty(error, self._at, attempts))

    def _affected(
        self, old: Device | None, new: Device, moves: Moves, sweep: Sweep
    ) -> frozenset[str] | None:
        """The configurations whose conditions must be asked again; None is all of them."""
        asked = sweep.get(new.id, "")
        if asked is None or _is_new_to_rules(old, new):
            return None
        watching = (self._watching(collection).get(move.path, ()) for collection, move in moves)
        return frozenset({asked} if asked else ()).union(*watching)

    def _watching(self, collection: Collection) -> Mapping[Path, frozenset[str]]:
        if collection is Collection.MODULES:
            return self.rulebook.watched_of_modules
        return self.rulebook.watched

    def _rows(self, device: Device | None) -> "RowsOf":
        if device is None:
            return RowsOf(None, {})
        own = TwinKey(device.id)
        rows = {own: (device.number, TwinRow(device, self.presence(own)))}
        for module in device.modules.values():
            key = TwinKey(device.id, module.id)
            rows[key] = (module.number, TwinRow(device, self.presence(key), module))
        return RowsOf(device, rows)


@dataclass(frozen=True, slots=True)
class RowsOf:
    """A device and its rows in both collections."""

    device: Device | None
    rows: dict[TwinKey, tuple[int, TwinRow]]


def _is_new_to_rules(old: Device | None, new: Device) -> bool:
    """Whether every condition must be asked: some hold without naming any path that moved."""
    return (
        old is None
        or new.dirty is not None
        or old.identity.iot_edge != new.identity.iot_edge
        or old.modules.keys() != new.modules.keys()
    )


def _moves(memory: Memory, before: RowsOf, after: RowsOf) -> Moves:
    moves: Moves = []
    for key in before.rows.keys() | after.rows.keys():
        collection = Collection.DEVICES if key.module is None else Collection.MODULES
        number, old = before.rows.get(key, (0, None))
        number, new = after.rows.get(key, (number, None))
        if old and new and _is_same(old, new):
            continue
        found = memory.bitmaps[collection].moves(number, old, new)
        moves.extend((collection, move) for move in found)
    return moves


def _is_same(old: TwinRow, new: TwinRow) -> bool:
    return (
        old.twin is new.twin
        and old.module is new.module
        and old.device.identity is new.device.identity
        and old.presence is new.presence
    )
