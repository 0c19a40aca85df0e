"""15,000 devices that are connected over TLS and say nothing: memory for each, and pauses.

Real CONNECTs with tokens, subscribed to answers and desired properties as SDKs are; the memory is
what the hub's process grows by. The pauses are how long one more device waits for its twin then.
Beside it, what our TLS takes alone, with no MQTT in it (`tls_alone.py`).
"""

import asyncio
from time import perf_counter

import figures
import hubs
import tls_alone
import uvloop
from figures import Figure
from hubs import Hub
from probe import Waits, probing

WATCHED_S = 10.0


async def watch(hub: Hub) -> Waits:
    async with probing(hub, hub.twins) as waits:
        await asyncio.sleep(WATCHED_S)
    return waits


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000, connections=15_000)
    with hubs.hub(given.twins) as hub:
        hub.come_in(hub.spread(50)).terminate()  # what the first ones load
        memory, busy, began = hub.resident_bytes, hub.busy_s, perf_counter()
        load = hub.come_in(hub.spread(given.connections))
        took_s, busy_us = perf_counter() - began, 1e6 * (hub.busy_s - busy) / given.connections
        grown = (hub.resident_bytes - memory) / given.connections
        waits = uvloop.run(watch(hub))
        load.terminate()
    alone = tls_alone.measure(min(given.connections, 2_000))
    figures.keep(
        "idle",
        vars(given),
        [
            Figure(
                f"memory for each of {given.connections:,} idle TLS connections",
                grown / 1000,
                "KB",
                "15,000, ≤ 40 KB each",
                "a process of 20,000 descriptors holds no more; EMQX: 10⁷ on a cluster",
                f"{alone.bytes_each / 1000:.1f} KB: our TLS alone",
            ),
            Figure(
                "processor time for a handshake, a CONNECT and a subscription, durable",
                busy_us,
                "µs",
                floor=f"{alone.handshake_us:.0f} µs: the handshake alone",
            ),
            Figure("connections let in, by one client", given.connections / took_s, "/s"),
            Figure("a device's wait for its twin meanwhile, p99", waits.ms_at(0.99), "ms"),
            Figure("a device's wait for its twin meanwhile, most", waits.ms_at(1), "ms", "≤ 50 ms"),
        ],
    )


if __name__ == "__main__":
    main()
