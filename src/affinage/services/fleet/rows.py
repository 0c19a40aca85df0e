"""A device's rows in both collections, and what changed between two versions of them."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from affinage.domain.device import Device, Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.row import TwinRow
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.watched import Move

Moves: TypeAlias = list[tuple[Collection, Move]]

_Rows: TypeAlias = dict[TwinKey, tuple[int, TwinRow]]


class Version(NamedTuple):
    """A device at one moment, None if there is none then, and who of it is connected."""

    device: Device | None
    presence: Callable[[TwinKey], Presence]


def moves_between(memory: Memory, before: Version, after: Version) -> Moves:
    """What bitmaps and watchers must hear of; rows that are the same are not looked into."""
    old, new = before.device, after.device
    if old and new and _differ_in_twin_at_most(before, old, after, new):
        is_same = old.twin is new.twin or new.retired_at is not None
        return [] if is_same else _of_its_twin(memory, old, new, after)
    return _of_all_rows(memory, _rows_of(before), _rows_of(after))


def _differ_in_twin_at_most(before: Version, old: Device, after: Version, new: Device) -> bool:
    """As nearly every write has it: a device reports, or is tagged."""
    return (
        old.modules is new.modules
        and old.identity is new.identity
        and old.number == new.number
        and old.retired_at == new.retired_at
        and before.presence == after.presence
    )


def _of_its_twin(memory: Memory, old: Device, new: Device, after: Version) -> Moves:
    presence = after.presence(TwinKey(new.id))
    rows = TwinRow(old, presence), TwinRow(new, presence)
    found = memory.bitmaps[Collection.DEVICES].moves(new.number, *rows)
    return [(Collection.DEVICES, move) for move in found]


def _of_all_rows(memory: Memory, before: _Rows, after: _Rows) -> Moves:
    moves: Moves = []
    for key in before.keys() | after.keys():
        collection = Collection.DEVICES if key.module is None else Collection.MODULES
        number, old = before.get(key, (0, None))
        number, new = after.get(key, (number, None))
        if old and new and _is_same(old, new):
            continue
        found = memory.bitmaps[collection].moves(number, old, new)
        moves.extend((collection, move) for move in found)
    return moves


def _rows_of(version: Version) -> _Rows:
    """The device's own row, and one for each of its modules; of a retired one none. REPLACE-2."""
    device, presence = version
    if device is None or device.retired_at is not None:
        return {}
    own = TwinKey(device.id)
    rows: _Rows = {own: (device.number, TwinRow(device, presence(own)))}
    for module in device.modules.values():
        key = TwinKey(device.id, module.id)
        rows[key] = (module.number, TwinRow(device, presence(key), module))
    return rows


def _is_same(old: TwinRow, new: TwinRow) -> bool:
    return (
        old.twin is new.twin
        and old.module is new.module
        and old.device.identity is new.device.identity
        and old.presence is new.presence
    )
