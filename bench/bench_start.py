"""A hub's start over a million twins, and what it holds then.

From the process's beginning to its ready line: first with the store not in the system's cache, then
again with it. Then a query names some paths, and the memory is looked at when all are indexed. The
pause is the longest that a device waited for its twin meanwhile.
"""

import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import figures
import floors
import hubs
import seed
import uvloop
from figures import Figure
from hubs import Hub
from probe import Waits, probing

PATHS: Final = {
    "tags.customer": "'c07'",
    "tags.site": "'s0007'",
    "tags.ring": "'canary'",
    "tags.location.building": "'b1'",
    "properties.reported.deviceInfo.model": "'m1'",
    "properties.reported.hardware.revision": "'r1'",
    "properties.reported.firmware.currentFwVersion": "'1.4.0'",
    "properties.reported.firmware.fwUpdateStatus": "'current'",
}


def forget(file: Path) -> None:
    """Have the system forget what it has cached of a file."""
    with file.open("rb") as opened:
        os.fdatasync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def index(hub: Hub) -> tuple[float, Waits]:
    """Seconds until the paths are indexed, and what a device waited meanwhile."""
    began = perf_counter()
    async with hub.service() as service, probing(hub) as waits:
        await hubs.quick(service, " OR ".join(f"{path} = {value}" for path, value in PATHS.items()))
    return perf_counter() - began, waits


def main() -> None:
    given = hubs.asked(__doc__, twins=1_000_000)
    with tempfile.TemporaryDirectory(prefix="affinage-bench-") as folder:
        data = Path(folder) / "data"
        seed.seed(data, given.twins)
        forget(data / "hub.db")
        with hubs.serving(data, given.twins) as hub:
            cold_s = hub.started_s
        with hubs.serving(data, given.twins) as hub:
            warm_s, bare = hub.started_s, hub.resident_bytes
            indexed_s, waits = uvloop.run(index(hub))
            full, collected_ms = hub.resident_bytes, hub.longest_collection_ms
        read_s = floors.read(data / "hub.db")
    what = f"{given.twins:,} twins"
    figures.keep(
        "start",
        vars(given),
        [
            Figure(
                f"from start to serving {what}, the store not in the system's cache",
                cold_s,
                "s",
                "≤ 10 s",
            ),
            Figure(
                "the same again, the store in the cache",
                warm_s,
                "s",
                floor=f"{read_s:.2f} s: reading the rows alone",
            ),
            Figure(f"memory with {what}, none indexed", bare / 1e9, "GB"),
            Figure(
                f"memory with {what}, {len(PATHS)} paths indexed",
                full / 1e9,
                "GB",
                "≤ 1.5 GB",
                "Ditto 16 + 15 GB of heap",
            ),
            Figure(f"until {len(PATHS)} paths are indexed, asked for at once", indexed_s, "s"),
            Figure("a device's wait for its twin meanwhile, p99", waits.ms_at(0.99), "ms"),
            Figure("a device's wait for its twin meanwhile, most", waits.ms_at(1), "ms", "≤ 50 ms"),
            Figure("the longest run of the garbage collector", collected_ms, "ms", "≤ 50 ms"),
        ],
    )


if __name__ == "__main__":
    main()
