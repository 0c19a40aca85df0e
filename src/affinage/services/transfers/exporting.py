"""An export: a line for each identity with its twin, and one for each configuration.

What is written is each row as it is when it is come to; a row that changes meanwhile is in it once.

Source: TRANSFER-7, TRANSFER-8.
"""

from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from affinage.domain import configuration as configurations
from affinage.domain import registration
from affinage.domain.identity import Credentials
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.row import TwinRow
from affinage.domain.transfers import Places, Transfer, line
from affinage.domain.values import JsonObject
from affinage.ports.blobs import Blobs
from affinage.ports.vault import Vault
from affinage.services.fleet.fleet import Fleet

LINES: Final = 100
"""That are written at a time."""

_ENCODER: Final = msgspec.json.Encoder()

Told = Callable[[int], None]
"""Hears how many of a hundred are done."""


class Exporting:
    def __init__(self, fleet: Fleet, vault: Vault) -> None:
        self._fleet, self._vault = fleet, vault

    async def run(self, transfer: Transfer, places: Places, blobs: Blobs, told: Told) -> None:
        """Write the files; Unavailable if one could not be, and then it is not there."""
        async with blobs.write(places.target, transfer.target_name) as sink:
            async for some in self._identities(has_keys=transfer.has_keys, told=told):
                await sink.write(_lines(some))
        if transfer.configurations_name is not None:
            async with blobs.write(places.target, transfer.configurations_name) as sink:
                await sink.write(_lines(self._configurations()))

    async def _identities(self, *, has_keys: bool, told: Told) -> AsyncIterator[list[JsonObject]]:
        found: list[JsonObject] = []
        count = 0
        async for row in self._rows():
            count += 1
            found += self._of_device(row, has_keys=has_keys)
            if len(found) >= LINES:
                yield found
                found = []
                told(min(99, 100 * count // max(1, self._fleet.device_count)))
        yield found

    async def _rows(self) -> AsyncIterator[TwinRow]:
        """Every device, those that are retired behind the others: they are rows of no query."""
        async for row in self._fleet.rows(Collection.DEVICES, None):
            yield row
        for name in self._fleet.ids_of(self._fleet.retired).values():
            if (device := self._fleet.find(name)) is not None and device.retired_at is not None:
                yield TwinRow(device, self._fleet.presence(TwinKey(name)))

    def _of_device(self, row: TwinRow, *, has_keys: bool) -> list[JsonObject]:
        """A line for the device, then one for each module of it."""
        device = row.device
        keys = self._keys(device.identity.credentials, has_keys=has_keys)
        own = registration.device_document(device, row.presence, keys)
        lines = [line(own, row.document())]
        for module in sorted(device.modules.values(), key=lambda one: one.number):
            presence = self._fleet.presence(TwinKey(device.id, module.id))
            keys = self._keys(module.identity.credentials, has_keys=has_keys)
            identity = registration.module_document(device, module, presence, keys)
            lines.append(line(identity, TwinRow(device, presence, module).document()))
        return lines

    def _keys(self, credentials: Credentials, *, has_keys: bool) -> registration.Keys:
        sealed = (credentials.primary_key, credentials.secondary_key)
        first, second = (
            self._vault.open(one).decode() if one and has_keys else None for one in sealed
        )
        return first, second

    def _configurations(self) -> list[JsonObject]:
        return [
            configurations.document(one, system_results={}, custom_results={})
            for one in self._fleet.configurations()
        ]


def _lines(some: list[JsonObject]) -> bytes:
    return b"".join(_ENCODER.encode(one) + b"\n" for one in some)
