"""A fleet in a data folder, written with the hub's own code while no hub runs over it.

Creating a million devices over HTTPS takes a long time, and is not what is measured. Every device
has the same key; tags, desired and reported properties are those of a chiller, about 1 KB a device.
`python bench/seed.py DIR --twins 1000000` leaves a folder that `affinage serve --data DIR` opens.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from affinage.adapters.files.folder import DataFolder
from affinage.adapters.files.vault import FileVault
from affinage.adapters.sqlite.store import SqliteStore
from affinage.domain.device import Device
from affinage.domain.identity import Credentials, Identity
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.twin import Twin, new_twin, report
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec

KEY: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"""Of every device."""

COMMIT: Final = 2_000
"""Devices written together."""

FOLD_BYTES: Final = 2**23
"""What the store may leave in its journal: little, as after a quiet night."""

CUSTOMERS: Final = 100
SITES: Final = 1_000
VARIANTS: Final = 2_000
"""Twins that differ in more than their serial number."""

RINGS: Final = ("production",) * 17 + ("early", "early", "canary")


def name(number: int) -> str:
    """The id of the device with that number, from 1 on."""
    return f"d{number:07}"


def seed(data: Path, twins: int) -> None:
    """Make the data folder, with so many devices in its store; a hub has made nothing in it yet."""
    folder = DataFolder(data)
    sealed = FileVault(data / "vault.key").seal(KEY.encode())
    store = SqliteStore(data / "hub.db", fold_bytes=FOLD_BYTES)
    asyncio.run(_write(store, _devices(twins, sealed)))
    folder.close()


async def _write(store: SqliteStore, devices: Iterator[Device]) -> None:
    rows: list[Row] = []
    for device in devices:
        rows.append(Row(Table.DEVICES, device.number, codec.encode(device)))
        if len(rows) == COMMIT:
            await store.commit(rows)
            rows = []
    await store.commit(rows)
    await store.close()


def _devices(count: int, sealed: bytes) -> Iterator[Device]:
    at = millis(datetime.now(UTC))
    credentials = Credentials(primary_key=sealed, secondary_key=sealed)
    variants = [_twin(variant, at) for variant in range(min(VARIANTS, count))]
    for number in range(1, count + 1):
        identity = Identity(f"{number:018}", 100_000_000 + number, credentials)
        twin = variants[number % len(variants)]
        section = twin.reported
        values = {**section.values, "serial": f"CH-{number:08}"}
        twin = replace(twin, reported=replace(section, values=values))
        yield Device(name(number), identity, twin, number)


def _twin(variant: int, at: Millis) -> Twin:
    """A chiller's; every customer has devices in every ring."""
    site = variant % SITES
    tags: dict[str, Any] = {
        "customer": f"c{site % CUSTOMERS:02}",
        "site": f"s{site:04}",
        "ring": RINGS[variant // CUSTOMERS % len(RINGS)],
        "location": {"building": f"b{variant % 7}", "floor": variant % 4, "room": variant % 50},
        "kind": "chiller",
    }
    desired: dict[str, Any] = {
        "firmware": {"fwVersion": "1.4.0"},
        "telemetry": {"interval": 60, "level": "info"},
    }
    twin = new_twin(at, tags, desired)
    return report(TwinKey("seeded"), twin, _reported(variant), at=at)


def _reported(variant: int) -> dict[str, Any]:
    return {
        "deviceInfo": {"manufacturer": "Affinage", "model": f"m{variant % 5}", "memory": 512},
        "hardware": {"revision": f"r{variant % 3}"},
        "firmware": {
            "currentFwVersion": "1.4.0",
            "pendingFwVersion": "",
            "fwUpdateStatus": "current",
            "fwUpdateSubstatus": "",
            "lastFwUpdateStartTime": "2026-01-05T04:00:00Z",
            "lastFwUpdateEndTime": "2026-01-05T04:06:30Z",
        },
        "telemetry": {"interval": 60, "level": "info"},
        "serial": "CH-00000000",
        "uptime": variant * 977,
        "n": 10_000_000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--twins", type=int, default=100_000)
    given = parser.parse_args()
    began = time.monotonic()
    seed(given.data, given.twins)
    size = (given.data / "hub.db").stat().st_size
    took = time.monotonic() - began
    print(f"{given.twins:,} twins, {size / given.twins:,.0f} bytes each, in {took:.1f} s")


if __name__ == "__main__":
    main()
