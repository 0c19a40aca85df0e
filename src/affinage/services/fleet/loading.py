"""Reading the whole store into memory, once, before anything is served.

Of most rows only what serving needs is decoded: an id, a number, and what is carried.
"""

import sys

import structlog
from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.configuration import Configuration
from affinage.domain.device import Presence
from affinage.domain.groups import Group
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.ports.store import Store, Table
from affinage.services.fleet import codec
from affinage.services.fleet.memory import Memory

_log = structlog.get_logger(__name__)


def load(memory: Memory, store: Store) -> None:
    """Fill an empty memory. Blocks."""
    for name, body in store.read(Table.GROUPS):
        memory.set_group(str(name), codec.decode(body, Group))
    for configuration_id, body in store.read(Table.CONFIGURATIONS):
        configuration = codec.decode(body, Configuration)
        memory.set_configuration(str(configuration_id), configuration)
    for key, body in store.read(Table.PRESENCE):
        memory.set_presence(TwinKey.parse(str(key)), _shared(codec.decode(body, Presence)))
    _load_devices(memory, store)
    _log.info("loaded", devices=len(memory.numbers), configurations=len(memory.configurations))


def _shared(presence: Presence) -> Presence:
    """With the one text that all have in memory who say that they are the same client."""
    product = sys.intern(presence.product)
    return presence if product is presence.product else replace(presence, product=product)


def _load_devices(memory: Memory, store: Store) -> None:
    devices: list[int] = []
    carriers: dict[str, list[int]] = {}
    for _, body in store.read(Table.DEVICES):
        outline = codec.outline(body)
        if not outline.is_plain:
            memory.enter(codec.device(body), body)
            continue
        memory.place(outline.id, outline.number, body)
        devices.append(outline.number)
        for configuration_id in outline.carries:
            carriers.setdefault(configuration_id, []).append(outline.number)
    memory.bitmaps[Collection.DEVICES].everything.update(devices)
    for configuration_id, numbers in carriers.items():
        memory.carriers.setdefault(configuration_id, BitMap()).update(numbers)
    memory.ids.clear()
    memory.ids.update(memory.numbers)  # sorted at once
    memory.next_number = len(memory.bodies)
    memory.next_module_number = max(memory.modules, default=0) + 1
