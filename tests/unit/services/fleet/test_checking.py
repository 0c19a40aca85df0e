"""What is wrong with what is remembered beside the devices: each fault is made by hand."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.query.syntax import Collection, Path
from affinage.services.fleet.checking import faults
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.pending import Reason
from fakes.commits import Commits, configuration, configuring, device, putting

RING: Path = ("tags", "ring")
MODULE_ID: Path = ("moduleId",)


def well() -> Memory:
    """Three devices: one carries a configuration, one has a module, one has drifted."""
    hub = Commits()
    hub.watch(RING)
    hub.watch(MODULE_ID, collection=Collection.MODULES)
    hub.run(configuring(configuration("one", "tags.ring = 'a'")))
    drifted = replace(device("c"), drifted_at=5)
    hub.run(putting(device("a", {"ring": "a"}), device("b", {}, "m"), drifted))
    return hub.memory


def found(memory: Memory) -> list[str]:
    return [fault for number in range(5) for fault in faults(memory, number)]


def test_where_all_is_well_nothing_is_found() -> None:
    """NATIVE-27"""
    assert found(well()) == []


FAULTS: dict[str, tuple[Callable[[Memory], object], str]] = {
    "id": (
        lambda memory: memory.numbers.update(a=9),
        "a: its id and its number do not lead to each other",
    ),
    "number": (
        lambda memory: memory.ids_by_number.__setitem__(1, "x"),
        "a: its id and its number do not lead to each other",
    ),
    "order": (lambda memory: memory.ids.remove("a"), "a: it is not in the order of ids"),
    "everything": (
        lambda memory: memory.bitmaps[Collection.DEVICES].everything.discard(1),
        "a: it is in no set of all devices",
    ),
    "module": (lambda memory: memory.modules.clear(), "b: module m is not found by its number"),
    "carrier": (
        lambda memory: memory.carriers["one"].discard(1),
        "a: whether it carries one is remembered as False",
    ),
    "no carrier": (
        lambda memory: memory.carriers.update(two=BitMap([2])),
        "b: whether it carries two is remembered as True",
    ),
    "pending": (
        lambda memory: memory.pending.numbers[Reason.DRIFTED].discard(3),
        "c: whether it is drifted is remembered as False",
    ),
    "value": (
        lambda memory: memory.bitmaps[Collection.DEVICES].paths[RING].values["a"].discard(1),
        "a: a is not indexed at tags.ring as it is",
    ),
    "defined": (
        lambda memory: memory.bitmaps[Collection.DEVICES].paths[RING].defined.add(2),
        "b: b is not indexed at tags.ring as it is",
    ),
    "modules' value": (
        lambda memory: memory.bitmaps[Collection.MODULES].paths[MODULE_ID].values.clear(),
        "b: b/m is not indexed at moduleId as it is",
    ),
    "nobody": (
        lambda memory: memory.bitmaps[Collection.DEVICES].everything.add(4),
        "number 4: indexed, and there is no such device",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_named(fault: str) -> None:
    """NATIVE-27"""
    memory = well()
    spoil, told = FAULTS[fault]
    spoil(memory)
    assert found(memory) == [told]
