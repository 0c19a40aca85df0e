"""The id scope: what tells this provisioning service from all others, made once and kept.

Source: docs/spec/provisioning.md, PROV-60.
"""

import hashlib
from typing import Final

import msgspec

from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet

SCOPE: Final = "idScope"
_DIGITS: Final = 8


class Scope(msgspec.Struct, frozen=True, array_like=True):
    id_scope: str


async def open_scope(fleet: Fleet, ids: Ids) -> str:
    """The id scope of this hub; at the first start it is made, and durable when this returns."""
    kept = dict(fleet.saved(Table.PROVISIONING))
    if SCOPE in kept:
        return codec.decode(kept[SCOPE], Scope).id_scope
    digits = hashlib.sha256(ids.key().encode()).hexdigest()[:_DIGITS].upper()
    made = Scope(f"0ne{digits}")
    await fleet.save(Row(Table.PROVISIONING, SCOPE, codec.encode(made)))
    return made.id_scope
