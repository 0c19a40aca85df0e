"""What is wrong with what the fleet remembers beside its rows: ids, bitmaps, carriers, the pending.

Each look is at one device and at one moment, so it may be had while others write.
"""

from collections.abc import Iterator

from affinage.domain.device import Device
from affinage.domain.edge import next_leaving
from affinage.domain.flaps import next_thaw
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.row import TwinRow
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.pending import Reason


def faults(memory: Memory, number: int) -> list[str]:
    """What is remembered otherwise than the device with that number has it; none if all is well.

    Of a number that no device has (any more), where it is still found.
    """
    device = memory.at(number)
    if device is None:
        left = number in memory.bitmaps[Collection.DEVICES].everything
        return [f"number {number}: indexed, and there is no such device"] if left else []
    found = (*_ids(memory, device), *_carriers(memory, device), *_pending(memory, device))
    return [f"{device.id}: {fault}" for fault in (*found, *_filing(memory, device))]


def _ids(memory: Memory, device: Device) -> Iterator[str]:
    if memory.numbers.get(device.id) != device.number or memory.id_at(device.number) != device.id:
        yield "its id and its number do not lead to each other"
    if device.id not in memory.ids:
        yield "it is not in the order of ids"
    is_retired = device.retired_at is not None
    if (device.number in memory.retired) != is_retired:
        yield f"whether it is retired is remembered as {not is_retired}"
    if (device.number in memory.bitmaps[Collection.DEVICES].everything) == is_retired:
        yield "it is in the set of all devices" if is_retired else "it is in no set of all devices"
    for module in device.modules.values():
        if memory.modules.get(module.number) != TwinKey(device.id, module.id):
            yield f"module {module.id} is not found by its number"


def _carriers(memory: Memory, device: Device) -> Iterator[str]:
    for configuration_id in memory.carriers.keys() | device.carried.keys():
        is_carrier = device.number in memory.carriers.get(configuration_id, ())
        if is_carrier != (configuration_id in device.carried):
            yield f"whether it carries {configuration_id} is remembered as {is_carrier}"


def _pending(memory: Memory, device: Device) -> Iterator[str]:
    dirty = device.dirty
    wanted = {
        Reason.FAILED: dirty is not None and bool(dirty.error),
        Reason.WAITING: dirty is not None and not dirty.error,
        Reason.FROZEN: next_thaw(device.flips) is not None,
        Reason.DRIFTED: device.drifted_at is not None,
        Reason.LEAVING: next_leaving(device) is not None,
    }
    for reason, is_pending in wanted.items():
        if is_pending != (device.number in memory.pending.numbers[reason]):
            yield f"whether it is {reason} is remembered as {not is_pending}"


def _filing(memory: Memory, device: Device) -> Iterator[str]:
    for collection, number, row in _rows(memory, device):
        for path, sets in memory.bitmaps[collection].paths.items():
            if sets.is_complete and not sets.has_filed(number, row.lookup(path)):
                yield f"{row.key.path} is not indexed at {'.'.join(map(str, path))} as it is"


def _rows(memory: Memory, device: Device) -> Iterator[tuple[Collection, int, TwinRow]]:
    if device.retired_at is not None:
        return
    own = TwinRow(device, memory.presence(TwinKey(device.id)))
    yield Collection.DEVICES, device.number, own
    for module in device.modules.values():
        presence = memory.presence(TwinKey(device.id, module.id))
        yield Collection.MODULES, module.number, TwinRow(device, presence, module)
