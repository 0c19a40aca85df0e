"""What the parts can do alone: no hub built of them can be faster."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from affinage.adapters.sqlite.store import SqliteStore
from affinage.ports.store import Row, Table
from affinage.protocol.mqtt.packets import Decoder, Publish, encode
from affinage.protocol.topics import ReportedPatch, TwinResponse

ROW = bytes(range(256)) * 4
"""About what a device with three sections takes."""

PATCH = b'{"firmware":{"fwUpdateStatus":"downloading","fwUpdateSubstatus":"50 %"},"uptime":12345}'


def per_second(work: Callable[[], None], times: int) -> int:
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
