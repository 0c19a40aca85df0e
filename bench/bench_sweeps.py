"""A new configuration for the whole fleet: until every twin has it, durably.

Its target condition is `*`; it writes one desired property of each twin. Meanwhile one device asks
for its twin all the time, which shows how long the hub's loop is elsewhere. `--twins 1000000` is
the other row.
"""

import asyncio
from time import perf_counter
from typing import Any, Final

import figures
import floors
import hubs
import uvloop
from figures import Figure
from hubs import Hub
from probe import probing

EVERYWHERE: Final[dict[str, Any]] = {
    "id": "everywhere",
    "targetCondition": "*",
    "content": {"deviceContent": {"properties.desired.everywhere": {"level": 1}}},
}


async def measure(hub: Hub) -> list[Figure]:
    async with hub.service() as service, probing(hub) as waits:
        began, busy = perf_counter(), hub.busy_s
        await service.create_configuration(EVERYWHERE)
        await hubs.applied(service, "everywhere", hub.twins)
        took, busy = perf_counter() - began, hub.busy_s - busy
    collected_ms = await asyncio.to_thread(lambda: hub.longest_collection_ms)
    floor_s = hub.twins / await asyncio.to_thread(floors.store, 256)
    target, field = {100_000: ("≤ 8 s", "Azure ≥ 33 min on S1"), 1_000_000: ("≤ 80 s", "")}.get(
        hub.twins, ("", "")
    )
    what = f"a new configuration over {hub.twins:,} twins, until all have it"
    return [
        Figure(what, took, "s", target, field, f"{floor_s:.1f} s: the store alone"),
        Figure(f"{what}: processor time for each twin", 1e6 * busy / hub.twins, "µs"),
        Figure(f"{what}: a device's wait for its twin, p99", waits.ms_at(0.99), "ms"),
        Figure(f"{what}: a device's wait for its twin, most", waits.ms_at(1), "ms"),
        Figure(f"{what}: the longest run of the garbage collector", collected_ms, "ms", "≤ 50 ms"),
    ]


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000)
    with hubs.hub(given.twins) as hub:
        figures.keep(f"sweeps-{given.twins}", vars(given), uvloop.run(measure(hub)))


if __name__ == "__main__":
    main()
