"""What the parts can do alone: no hub built of them can be faster."""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pyroaring import BitMap

from affinage.adapters.sqlite.store import SqliteStore
from affinage.ports.store import Row, Table
from affinage.protocol.mqtt.packets import Decoder, Publish, encode
from affinage.protocol.topics import ReportedPatch, TwinResponse

ROW: Final = bytes(range(256)) * 4
"""About what a device with three sections takes."""

PATCH: Final = (
    b'{"firmware":{"fwUpdateStatus":"downloading","fwUpdateSubstatus":"50 %"},"uptime":12345}'
)


def per_second(work: Callable[[], object], times: int) -> int:
    started = time.perf_counter()
    for _ in range(times):
        work()
    return int(times / (time.perf_counter() - started))


def codec() -> int:
    """Round trips a second: a reported patch decoded, its answer encoded."""
    decoder = Decoder(2**20)
    request = encode(Publish(ReportedPatch("1234").topic, PATCH))

    def trip() -> None:
        for _ in decoder.feed(request):
            encode(Publish(TwinResponse(204, "1234", 7).topic, b""))

    return per_second(trip, 100_000)


def store(batch: int, rows: int = 20_000) -> int:
    """Durable rows a second, in commits of ``batch``."""

    async def write(path: Path) -> int:
        store = SqliteStore(path)
        started = time.perf_counter()
        for first in range(0, rows, batch):
            keys = range(first, min(first + batch, rows))
            await store.commit([Row(Table.DEVICES, key * 7919 % rows, ROW) for key in keys])
        took = time.perf_counter() - started
        await store.close()
        return int(rows / took)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(write(Path(folder) / "floor.db"))


def durable_ms() -> float:
    """Milliseconds to have one page on the disk, in the middle."""
    with tempfile.TemporaryFile() as file:

        def write() -> None:
            os.pwrite(file.fileno(), ROW * 4, 0)
            os.fdatasync(file.fileno())

        return 1000 / per_second(write, 200)


def read(path: Path) -> float:
    """Seconds to read every device of a store, and nothing else."""
    began = time.perf_counter()
    store = SqliteStore(path, read_only=True)
    assert sum(1 for _ in store.read(Table.DEVICES))
    return time.perf_counter() - began


def intersection_us(twins: int) -> float:
    """Microseconds to count what two bitmaps have in common, one of 1 % and one of 5 %."""
    chance = random.Random(0)
    first, second = (BitMap(chance.sample(range(twins), twins // of)) for of in (100, 20))
    return 1e6 / per_second(lambda: first.intersection_cardinality(second), 1_000)
