"""A device's rows in both collections, and what changed between two versions of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from affinage.domain.device import Device, Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.row import TwinRow
from affinage.services.fleet.bitmaps import Move
from affinage.services.fleet.memory import Memory

Moves = list[tuple[Collection, Move]]


@dataclass(frozen=True, slots=True)
class RowsOf:
    """A device and its rows in both collections."""

    device: Device | None
    rows: dict[TwinKey, tuple[int, TwinRow]]


NO_ROWS: Final = RowsOf(None, {})


def rows_of(device: Device | None, presence: Callable[[TwinKey], Presence]) -> RowsOf:
    """The device's own row, and one for each of its modules."""
    if device is None:
        return NO_ROWS
    own = TwinKey(device.id)
    rows = {own: (device.number, TwinRow(device, presence(own)))}
    for module in device.modules.values():
        key = TwinKey(device.id, module.id)
        rows[key] = (module.number, TwinRow(device, presence(key), module))
    return RowsOf(device, rows)


def moves_between(memory: Memory, before: RowsOf, after: RowsOf) -> Moves:
    """What bitmaps and watchers must hear of; rows that are the same are not looked into."""
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
