"""Reading the whole store into memory, once, before anything is served.

Of most rows only what serving needs is decoded: an id, a number, and what is carried.
"""

from typing import Final

import structlog
from pyroaring import BitMap

from affinage.domain.configuration import Configuration
from affinage.domain.device import Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.ports.store import Store, Table
from affinage.services.fleet import codec
from affinage.services.fleet.codec import Outline
from affinage.services.fleet.memory import Memory

_STRETCH: Final = 50_000
"""Rows entered at once: sets grow much faster by many than one by one."""

_log = structlog.get_logger(__name__)


def load(memory: Memory, store: Store) -> None:
    """Fill an empty memory. Blocks."""
    for configuration_id, body in store.read(Table.CONFIGURATIONS):
        configuration = codec.decode(body, Configuration)
        memory.set_configuration(str(configuration_id), configuration)
    for key, body in store.read(Table.PRESENCE):
        memory.set_presence(TwinKey.parse(str(key)), codec.decode(body, Presence))
    _load_devices(memory, store)
    _log.info("loaded", devices=len(memory.numbers), configurations=len(memory.configurations))


def _load_devices(memory: Memory, store: Store) -> None:
    plain: list[Outline] = []
    for _, body in store.read(Table.DEVICES):
        outline = codec.outline(body)
        if outline.is_plain:
            memory.numbers[outline.id] = outline.number
            memory.ids_by_number[outline.number] = outline.id
            memory.bodies[outline.number] = body
            plain.append(outline)
        else:
            _load_device(memory, body)
        if len(plain) == _STRETCH:
            _enter_sets(memory, plain)
            plain.clear()
    _enter_sets(memory, plain)
    memory.ids.clear()
    memory.ids.update(memory.numbers)
    memory.next_number = max(memory.ids_by_number, default=0) + 1
    memory.next_module_number = max(memory.modules, default=0) + 1


def _load_device(memory: Memory, body: bytes) -> None:
    """One that has modules, or something due."""
    memory.enter(codec.device(body), body)


def _enter_sets(memory: Memory, plain: list[Outline]) -> None:
    memory.bitmaps[Collection.DEVICES].everything.update([one.number for one in plain])
    carriers: dict[str, list[int]] = {}
    for outline in plain:
        for configuration_id in outline.carried:
            carriers.setdefault(configuration_id, []).append(outline.number)
    for configuration_id, numbers in carriers.items():
        memory.carriers.setdefault(configuration_id, BitMap()).update(numbers)
