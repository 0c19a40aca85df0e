"""A new configuration for 10,000 connected devices: until the last has its patch on the socket.

All are idle, subscribed as SDKs are, over TLS. Each has its patch once its twin is durable.
"""

import asyncio
from time import perf_counter
from typing import Any, Final

import figures
import hubs
import uvloop
from figures import Figure
from hubs import Hub

FOR_ALL: Final[dict[str, Any]] = {
    "id": "for-all",
    "targetCondition": "*",
    "content": {"deviceContent": {"properties.desired.trial": {"fwVersion": "2.0.0"}}},
}


async def measure(hub: Hub) -> list[Figure]:
    load = await asyncio.to_thread(hub.come_in, hub.spread(hub.twins))
    assert load.stdout is not None
    async with hub.service() as service:
        began, busy = perf_counter(), hub.busy_s
        await service.create_configuration(FOR_ALL)
        asked_s = perf_counter() - began
        took_s = float(await asyncio.to_thread(load.stdout.readline)) - began  # one clock for both
        busy_us = 1e6 * (hub.busy_s - busy) / hub.twins
    load.terminate()
    what = f"a new configuration to {hub.twins:,} connected devices"
    return [
        Figure(f"{what}, until the last has its patch", took_s, "s"),
        Figure(f"{what}, until it is accepted", 1000 * asked_s, "ms"),
        Figure(
            f"{what}: processor time for each", busy_us, "µs", floor="13 µs: its TLS and socket"
        ),
    ]


def main() -> None:
    given = hubs.asked(__doc__, connections=10_000)
    with hubs.hub(given.connections) as hub:
        figures.keep("fanout", vars(given), uvloop.run(measure(hub)))


if __name__ == "__main__":
    main()
