"""From a changed tag, or a watched report, to the configuration's desired patch on the socket.

1,000 TLS connections, of which some report 1,000 times a second altogether; each of the others has
its membership changed once, by a tag over HTTPS or by its own report, 20 a second. Then the same
with other devices while a configuration for the whole fleet comes and goes, so that a sweep is
always under way.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any, Final

import figures
import floors
import hubs
import uvloop
from figures import Figure
from hubs import Hub
from machine import percentile

from affinage.clients.device import DeviceClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject

FIELD: Final = "Azure 5 to 6 min, measured; Ditto's index alone 1 to 2 s"
WHAT: Final = (
    "tag or report changed to desired patch on the socket,"
    " {:,} TLS connections, 1,000 reports a second"
)
REPORTS_PER_S: Final = 1_000
DIALLING: Final = 50
CONDITIONS: Final = {
    "by-tag": "tags.ring = 'trial'",
    "by-report": "properties.reported.stage = 'ready'",
}
TRIAL: Final[dict[str, Any]] = {
    "deviceContent": {"properties.desired.trial": {"fwVersion": "2.0.0"}},
}


class Watcher:
    """A device that is changed once, and notices what comes of it."""

    def __init__(self) -> None:
        self._told_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.device: DeviceClient

    def hear(self, patch: JsonObject, _: int) -> None:
        if "trial" in patch and not self._told_at.done():
            self._told_at.set_result(perf_counter())

    async def wait_ms(self, change: Callable[[], Awaitable[Any]]) -> float:
        """Make the change; milliseconds until the device is told."""
        began = perf_counter()
        await change()
        return 1000 * (await self._told_at - began)


async def reactions(hub: Hub, numbers: list[int], per_s: int) -> list[float]:
    """Milliseconds of each; tags and reports take turns."""
    watchers = await _watchers(hub, numbers)
    running: list[asyncio.Task[float]] = []
    async with hub.service() as service, asyncio.TaskGroup() as tasks:
        began = perf_counter()
        for turn, watcher in enumerate(watchers):
            await asyncio.sleep(began + turn / per_s - perf_counter())
            change = partial(_by_report if turn % 2 else _by_tag, service, watcher.device)
            running.append(tasks.create_task(watcher.wait_ms(change)))
    await asyncio.gather(*(watcher.device.close() for watcher in watchers))
    return [task.result() for task in running]


async def _watchers(hub: Hub, numbers: list[int]) -> list[Watcher]:
    gate = asyncio.Semaphore(DIALLING)

    async def come_in(number: int) -> Watcher:
        async with gate:
            watcher = Watcher()
            watcher.device = await hub.device(number, watcher.hear)
            return watcher

    return list(await asyncio.gather(*map(come_in, numbers)))


async def _by_tag(service: ServiceClient, device: DeviceClient) -> None:
    await service.patch_twin(device.name, {"tags": {"ring": "trial"}})


async def _by_report(service: ServiceClient, device: DeviceClient) -> None:
    await device.report({"stage": "ready"})


@asynccontextmanager
async def sweeping(hub: Hub) -> AsyncIterator[list[float]]:
    """Sweeps over the whole fleet, one after the other; the seconds that each took."""
    took: list[float] = []
    task = asyncio.ensure_future(_sweep(hub, took))
    try:
        yield took
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _sweep(hub: Hub, took: list[float]) -> None:
    content = {"deviceContent": {"properties.desired.everywhere": {"level": 1}}}
    everywhere: dict[str, Any] = {"id": "everywhere", "targetCondition": "*", "content": content}
    async with hub.service() as service:
        while True:
            began = perf_counter()
            await service.create_configuration(everywhere)
            await hubs.applied(service, "everywhere", hub.twins)
            took.append(perf_counter() - began)
            await service.delete_configuration("everywhere")
            await hubs.applied(service, "everywhere", 0)


async def measure(hub: Hub, connections: int, per_s: int, seconds: int) -> list[Figure]:
    changes = per_s * seconds
    numbers = hub.spread(connections + changes)
    random.Random(0).shuffle(numbers)
    quiet, busy, rest = numbers[:changes], numbers[changes : 2 * changes], numbers[2 * changes :]
    async with hub.service() as service:
        for name, condition in CONDITIONS.items():
            await service.create_configuration(
                {"id": name, "targetCondition": condition, "content": TRIAL}
            )
        plain = await _under_load(hub, service, rest, reactions(hub, quiet, per_s), seconds)
        async with sweeping(hub) as took:
            swept = await _under_load(hub, service, rest, reactions(hub, busy, per_s), seconds)
    while_swept = f"the same while sweeps over {hub.twins:,} twins run ({len(took)} ended)"
    return [
        *_figures(WHAT.format(connections), "p99 ≤ 50 ms", plain),
        *_figures(while_swept, "p99 ≤ 250 ms", swept),
    ]


async def _under_load(
    hub: Hub,
    service: ServiceClient,
    numbers: list[int],
    measured: Coroutine[Any, Any, list[float]],
    seconds: int,
) -> list[float]:
    """What was measured while these devices reported."""
    load = hub.load(numbers, "--rate", REPORTS_PER_S, "--seconds", seconds + 5)
    while await hubs.connected(service) < len(numbers):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    result = await measured
    background = await hubs.told_later(load)
    assert background["per_second"] > REPORTS_PER_S * 0.8, background
    return result


def _figures(what: str, target: str, took_ms: list[float]) -> list[Figure]:
    p50, p99 = percentile(took_ms, 0.50), percentile(took_ms, 0.99)
    return [
        Figure(f"{what}: p50", p50, "ms", "", FIELD, f"{floors.durable_ms():.2f} ms: one fsync"),
        Figure(f"{what}: p99", p99, "ms", target),
        Figure(f"{what}: most", max(took_ms), "ms"),
    ]


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000, connections=1_000, per_s=20, seconds=20)
    with hubs.hub(given.twins) as hub:
        measured = measure(hub, given.connections, given.per_s, given.seconds)
        figures.keep("reactions", vars(given), uvloop.run(measured))


if __name__ == "__main__":
    main()
