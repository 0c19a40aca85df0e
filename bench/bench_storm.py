"""10,000 devices back at once after a restart: until the last is in, and what the others notice.

Before the restart all have come in and subscribed, so that the hub has their filters to give back.
After it 1,000 of them are in already and report 1,000 times a second altogether; then the others
all dial at the same moment, over TLS, and subscribe. How long a report of the 1,000 takes meanwhile
is the storm's price for those who are connected.
"""

import asyncio
import signal
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import figures
import hubs
import seed
import uvloop
from figures import Figure
from hubs import Hub

RATE: Final = 1_000
POLITE: Final = 10
"""How far those who dial yield to those who measure: they stand for machines of their own."""

ENOUGH_S: Final = 600
"""Longer than any storm takes."""


async def settled(hub: Hub, numbers: list[int]) -> "subprocess.Popen[str]":
    """The load of those who are in before the storm, once they are."""
    load = hub.load(numbers, "--rate", RATE, "--warm-up", 1, "--seconds", ENOUGH_S)
    async with hub.service() as service:
        while await hubs.connected(service) < len(numbers):  # noqa: ASYNC110
            await asyncio.sleep(hubs.LOOK_S)
    await asyncio.sleep(2.0)
    return load


async def storm(hub: Hub, numbers: list[int], others: list[int]) -> tuple[float, dict[str, Any]]:
    """Seconds until all of the others were in, and what the settled ones measured meanwhile."""
    reporting = await settled(hub, numbers)
    reporting.send_signal(signal.SIGUSR1)
    began = perf_counter()
    manner = ("--dialling", len(others), "--nice", POLITE)
    coming = await asyncio.to_thread(hub.come_in, others, *manner)
    took_s = perf_counter() - began
    reporting.terminate()
    told = await hubs.told_later(reporting)
    coming.terminate()
    return took_s, told


def measure(twins: int, connections: int, many: int) -> tuple[float, float, dict[str, Any]]:
    """Processor time of the hub for each that came, seconds of the storm, and the settled ones."""
    with tempfile.TemporaryDirectory(prefix="affinage-bench-") as folder:
        data = Path(folder) / "data"
        seed.seed(data, twins)
        with hubs.serving(data, twins) as hub:
            hub.come_in(hub.spread(connections + many)).terminate()
        with hubs.serving(data, twins) as hub:
            everybody = hub.spread(connections + many)
            busy = hub.busy_s
            took_s, told = uvloop.run(storm(hub, everybody[:many], everybody[many:]))
            return hub.busy_s - busy, took_s, told


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000, connections=10_000, many=1_000)
    _, took_s, told = measure(given.twins, given.connections, given.many)
    what = f"a report of {given.many:,} who are in already meanwhile, {told['per_second']:,}/s"
    figures.keep(
        "storm",
        vars(given),
        [
            Figure(
                f"{given.connections:,} devices back at once after a restart, until the last is in",
                took_s,
                "s",
                "≤ 60 s",
            ),
            Figure(f"{what}: p50", told["p50_ms"], "ms"),
            Figure(f"{what}: p99", told["p99_ms"], "ms", "≤ 250 ms"),
            Figure(f"{what}: most", told["most_ms"], "ms"),
        ],
    )


if __name__ == "__main__":
    main()
