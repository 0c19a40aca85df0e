"""Asking a million twins over HTTPS, one question at a time: counts and pages.

The first count names two tags that no query or configuration has named before; afterwards they are
indexed. Pages are of whole twins; the deep one begins where a tenth of the fleet has been read.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Final

import figures
import floors
import hubs
import uvloop
from figures import Figure
from hubs import Hub
from machine import percentile

from affinage.clients.service import ServiceClient

PAIR: Final = "tags.customer = 'c07' AND tags.ring = 'canary'"
PAGE: Final = f"SELECT * FROM devices WHERE {PAIR}"
ALL: Final = "SELECT * FROM devices"
FIELD: Final = "PostgreSQL jsonb 0.5 to 4 s a scan, SQLite 0.4 to 2.5 s"
DITTO: Final = "Ditto 1,700 to 4,900 searches/s on nine pods"


async def timed(ask: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    """Milliseconds of each, one after the other."""
    took = []
    for _ in range(times):
        began = perf_counter()
        await ask()
        took.append(1000 * (perf_counter() - began))
    return took


async def measure(hub: Hub, times: int) -> list[Figure]:
    async with hub.service() as service:
        nothing = await timed(service.service_statistics, times)
        began = perf_counter()
        first = await timed(lambda: hubs.counted(service, PAIR), 1)
        await hubs.quick(service, PAIR)
        indexed_s = perf_counter() - began
        busy = hub.busy_s
        counts = await timed(lambda: hubs.counted(service, PAIR), times)
        busy_us = 1e6 * (hub.busy_s - busy) / times
        page = await timed(lambda: service.page(PAGE), times // 5)
        token = await deep(service, hub.twins // 10)
        deeper = await timed(lambda: service.page(ALL, token), times // 5)
    http = f"{percentile(nothing, 0.5):.1f} ms: the same request for one number"
    both = floors.intersection_us(hub.twins)
    what = f"COUNT with two tag terms over {hub.twins:,} twins"
    return [
        Figure(f"{what}, first time on new paths", first[0] / 1000, "s", "≤ 5 s", FIELD),
        Figure("from that first time until both are indexed", indexed_s, "s"),
        Figure(f"{what}, indexed: p50", percentile(counts, 0.5), "ms", "≤ 5 ms", DITTO, http),
        Figure(f"{what}, indexed: p99", percentile(counts, 0.99), "ms"),
        Figure(
            f"{what}, indexed: processor time", busy_us, "µs", "", "", f"{both:.0f} µs: bitmaps"
        ),
        Figure("a page of 100 whole twins: p50", percentile(page, 0.5), "ms", "≤ 20 ms", "", http),
        Figure("a page of 100 whole twins: p99", percentile(page, 0.99), "ms"),
        Figure(f"the same behind {hub.twins // 10:,} rows: p50", percentile(deeper, 0.5), "ms"),
        Figure(f"the same behind {hub.twins // 10:,} rows: p99", percentile(deeper, 0.99), "ms"),
    ]


async def deep(service: ServiceClient, rows: int) -> str:
    """What to continue with behind so many rows."""
    token, read = "", 0
    while read < rows:
        found, token = await service.page(ALL, token, size=1_000)
        read += len(found)
    return token


def main() -> None:
    given = hubs.asked(__doc__, twins=1_000_000, times=500)
    with hubs.hub(given.twins) as hub:
        figures.keep("queries", vars(given), uvloop.run(measure(hub, given.times)))


if __name__ == "__main__":
    main()
