"""Everything the fleet remembers: devices as bytes, bitmaps over them, configurations.

Only committed state is here. It moves in one step after each commit, and nothing else moves it.
"""

from typing import TypeAlias

from msgspec.structs import replace
from pyroaring import BitMap
from sortedcontainers import SortedList

from affinage.domain.configuration import Configuration
from affinage.domain.device import ABSENT, Device, Presence
from affinage.domain.groups import Group
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.row import TwinRow
from affinage.domain.rulebook import Rulebook
from affinage.services.fleet import codec
from affinage.services.fleet.bitmaps import Bitmaps
from affinage.services.fleet.overlay import Carry, Overlay
from affinage.services.fleet.pending import Pending

Rows: TypeAlias = dict[tuple[Collection, int], TwinRow]
"""By collection and number."""


class Memory:
    """The fleet as of the last commit."""

    def __init__(self, pending: Pending | None = None) -> None:
        self.pending = pending or Pending()
        self.numbers: dict[str, int] = {}
        """Device id to the device's number."""
        self.ids_by_number: list[str | None] = [None]
        self.bodies: list[bytes | None] = [None]
        """Each device in the place of its number, None where there is none (any more)."""
        self.modules: dict[int, TwinKey] = {}
        """A module's number to its key."""
        self.ids = SortedList()
        """Device ids in the order of pages."""
        self.presences: dict[TwinKey, Presence] = {}
        self.connected_count = 0
        """How many of the presences are of somebody who is connected."""
        self.configurations: dict[str, Configuration] = {}
        self.rulebook = Rulebook()
        self.bitmaps = {Collection.DEVICES: Bitmaps(), Collection.MODULES: Bitmaps()}
        self.carriers: dict[str, BitMap] = {}
        """A configuration's id to the devices that carry it."""
        self.retired = BitMap()
        """The numbers of devices that are retired."""
        self.next_number = 1
        self.next_module_number = 1

    def find(self, device_id: str) -> Device | None:
        number = self.numbers.get(device_id)
        return None if number is None else self.at(number)

    def at(self, number: int) -> Device | None:
        body = self.bodies[number] if number < len(self.bodies) else None
        return None if body is None else codec.device(body)

    def id_at(self, number: int) -> str | None:
        """The id of the device with that number, or None if there is none any more."""
        return self.ids_by_number[number] if number < len(self.ids_by_number) else None

    def place(self, device_id: str, number: int, body: bytes) -> None:
        """Remember a device that is new, or has another number than it had."""
        if (missing := number + 1 - len(self.bodies)) > 0:
            self.bodies.extend([None] * missing)
            self.ids_by_number.extend([None] * missing)
        self.numbers[device_id] = number
        self.ids_by_number[number] = device_id
        self.bodies[number] = body

    def presence(self, key: TwinKey) -> Presence:
        return self.presences.get(key, ABSENT)

    def row(self, collection: Collection, number: int) -> TwinRow | None:
        """The row with that number, or None if there is none any more."""
        if collection is Collection.DEVICES:
            device = self.at(number)
            if device is None:
                return None
            return TwinRow(device, self.presence(TwinKey(device.id)))
        key = self.modules.get(number)
        device = self.find(key.device) if key else None
        if key is None or device is None or key.module not in device.modules:
            return None
        return TwinRow(device, self.presence(key), device.modules[key.module])

    def numbered(self, device: Device) -> Device:
        """The device with numbers for itself and its modules, those that it has if any."""
        if not device.number:
            device = replace(device, number=self.next_number)
            self.next_number += 1
        if all(module.number for module in device.modules.values()):
            return device
        modules = dict(device.modules)
        for module in device.modules.values():
            if not module.number:
                modules[module.id] = replace(module, number=self.next_module_number)
                self.next_module_number += 1
        return replace(device, modules=modules)

    @property
    def begun(self) -> int:
        """How many paths were ever watched, in both collections."""
        return sum(bitmaps.begun for bitmaps in self.bitmaps.values())

    def move(self, overlay: Overlay) -> None:
        """Follow the store: become what has just been committed."""
        is_late = overlay.begun != self.begun
        before = self._rows_of(overlay) if is_late else {}
        self._follow(overlay)
        if is_late:
            self._catch_up(before, self._rows_of(overlay))

    def _follow(self, overlay: Overlay) -> None:
        for device_id, body in overlay.bodies.items():
            if device_id not in overlay.devices:
                self.bodies[self.numbers[device_id]] = body
        for carry in overlay.carried:
            self._carry(carry)
        for device_id, device in overlay.devices.items():
            if (old := overlay.before[device_id]) is not None:
                self._forget(old, device)
            if device is not None:
                self.enter(device, overlay.bodies[device_id])
        for collection, move in overlay.moves:
            self.bitmaps[collection].apply(move)
        self._follow_rules(overlay)
        for key, presence in overlay.presences.items():
            self.set_presence(key, presence)

    def _follow_rules(self, overlay: Overlay) -> None:
        for name, group in overlay.groups.items():
            self.set_group(name, group)
        for configuration_id, configuration in overlay.configurations.items():
            self.set_configuration(configuration_id, configuration)

    def _catch_up(self, before: Rows, after: Rows) -> None:
        """Make all the moves again: while the commit was under way, paths were watched anew.

        The overlay's moves do not tell of those, and the rows that entered them were the old ones.
        """
        for where in before.keys() | after.keys():
            collection, number = where
            bitmaps = self.bitmaps[collection]
            for move in bitmaps.moves(number, before.get(where), after.get(where)):
                bitmaps.apply(move)

    def _rows_of(self, overlay: Overlay) -> Rows:
        """The rows that an overlay is about, as they are remembered now."""
        names = {*overlay.bodies, *overlay.devices, *(key.device for key in overlay.presences)}
        rows: Rows = {}
        for device in filter(None, map(self.find, names)):
            if device.retired_at is not None:
                continue
            own = TwinKey(device.id)
            rows[Collection.DEVICES, device.number] = TwinRow(device, self.presence(own))
            for module in device.modules.values():
                presence = self.presence(TwinKey(device.id, module.id))
                rows[Collection.MODULES, module.number] = TwinRow(device, presence, module)
        return rows

    def set_group(self, name: str, new: Group | None) -> None:
        self.rulebook = self.rulebook.with_group(name, new)

    def set_configuration(self, configuration_id: str, new: Configuration | None) -> None:
        if new is None:
            self.configurations.pop(configuration_id, None)
            self.rulebook = self.rulebook.without(configuration_id)
        else:
            self.configurations[configuration_id] = new
            self.rulebook = self.rulebook.with_rule(new)

    def set_presence(self, key: TwinKey, presence: Presence | None) -> None:
        old = self.presence(key)
        self.connected_count += (presence or ABSENT).connected - old.connected
        if presence is None:
            self.presences.pop(key, None)
        else:
            self.presences[key] = presence

    def enter(self, device: Device, body: bytes) -> None:
        if device.id not in self.numbers:
            self.ids.add(device.id)
        self.place(device.id, device.number, body)
        devices, modules = (bitmaps.everything for bitmaps in self.bitmaps.values())
        self.retired.discard(device.number)
        devices.add(device.number)
        for module in device.modules.values():
            self.modules[module.number] = TwinKey(device.id, module.id)
            modules.add(module.number)
        if device.retired_at is not None:  # REPLACE-2
            self.retired.add(device.number)
            devices.discard(device.number)
            modules -= BitMap([module.number for module in device.modules.values()])
        for configuration_id in device.carried:
            self._carry(Carry(device.number, configuration_id, is_carried=True))
        self.pending.enter(device)

    def _carry(self, carry: Carry) -> None:
        carriers = self.carriers.setdefault(carry.configuration, BitMap())
        if carry.is_carried:
            carriers.add(carry.number)
        else:
            carriers.discard(carry.number)

    def _forget(self, old: Device, new: Device | None) -> None:
        """Undo `enter` where the new device, if any, will not do it again."""
        self.pending.forget(old)
        same = new if new is not None and new.number == old.number else None
        for configuration_id in old.carried:
            if same is None or configuration_id not in same.carried:
                self.carriers[configuration_id].discard(old.number)
        kept = {module.number for module in same.modules.values()} if same else set()
        for module in old.modules.values():
            if module.number not in kept:
                del self.modules[module.number]
                self.bitmaps[Collection.MODULES].everything.discard(module.number)
        if same is None:
            del self.numbers[old.id]
            self.bodies[old.number] = self.ids_by_number[old.number] = None
            self.ids.remove(old.id)
            self.retired.discard(old.number)
            self.bitmaps[Collection.DEVICES].everything.discard(old.number)

    def watches_presence(self) -> bool:
        """Whether anybody asks for who is connected, or was."""
        return any(bitmaps.watches_presence for bitmaps in self.bitmaps.values())
