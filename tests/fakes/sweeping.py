"""A hub without doors in a process of its own: told to change configurations, and killed.

Run as a program over a data folder: it prints ``ready`` and the sweeps that it found under way,
then takes a JSON array a line, and answers each with a line when what it asks for is durable.
Whoever does not get an answer asks again: what is done already is not done twice.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog
import uvloop

from affinage.apps.parts import Parts
from affinage.apps.settings import HubSettings
from affinage.domain.device import Device
from affinage.domain.errors import ConfigurationExists, ConfigurationNotFound
from affinage.domain.names import TwinKey
from affinage.domain.twin import TwinPatch, report
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.fleet.unit import Change, View
from fakes.commits import device, putting
from fakes.life import OWNER

RINGS: Final = "abcd"
MODULE_EVERY: Final = 20
"""One device in so many has a module."""

FLEET_AT_ONCE: Final = 1000

Request: TypeAlias = list[Any]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Parts]:
    """The hub's services over a data folder, with their loops."""
    parts = Parts(HubSettings(data=folder))
    await parts.fleet.open()
    async with asyncio.TaskGroup() as tasks:
        loops = (parts.fleet.run(), parts.sweeps.run(), parts.tending.run())
        started = [tasks.create_task(loop) for loop in loops]
        await parts.open()
        yield parts
        for task in started:
            task.cancel()
    await parts.close()


async def populate(folder: Path, count: int) -> None:
    """Make a fleet that carries nothing, in rings, all with firmware 1."""
    async with running(folder) as parts:
        for start in range(0, count, FLEET_AT_ONCE):
            made = fleet(range(start, min(start + FLEET_AT_ONCE, count)))
            await parts.fleet.change(partial(_given, putting(*made)))


def fleet(numbers: range) -> Iterator[Device]:
    for number in numbers:
        modules = ("m",) if number % MODULE_EVERY == 0 else ()
        made = device(name_of(number), {"ring": RINGS[number % len(RINGS)]}, *modules)
        twin = report(TwinKey(made.id), made.twin, {"fw": "1"}, at=0)
        yield made.with_twin(TwinKey(made.id), twin)


def name_of(number: int) -> str:
    return f"device-{number:06}"


def stored(folder: Path) -> tuple[dict[str, Device], list[str], list[str]]:
    """What a folder holds: devices by id, configurations, and sweeps under way."""
    parts = Parts(HubSettings(data=folder))
    try:
        devices = [codec.device(body) for _, body in parts.store.read(Table.DEVICES)]
        rest = [
            [str(key) for key, _ in parts.store.read(table)]
            for table in (Table.CONFIGURATIONS, Table.SWEEPS)
        ]
    finally:
        asyncio.run(parts.close())
    return {device.id: device for device in devices}, rest[0], rest[1]


def _given(change: Change[None], _: View) -> Change[None]:
    return change


async def _put(parts: Parts, name: str, body: dict[str, Any]) -> None:
    with suppress(ConfigurationExists):  # it was durable, and the answer was lost
        await parts.configurations.put(name, body, if_match=None, by=OWNER)


async def _update(parts: Parts, name: str, body: dict[str, Any]) -> None:
    found = parts.fleet.configuration(name)
    if found is None or found.target_condition != body["targetCondition"]:
        await parts.configurations.put(name, body, if_match="*", by=OWNER)


async def _delete(parts: Parts, name: str) -> None:
    with suppress(ConfigurationNotFound):
        await parts.configurations.delete(name, if_match="*", by=OWNER)


async def _tag(parts: Parts, numbers: list[int], tags: dict[str, Any]) -> None:
    for number in numbers:
        key, change = TwinKey(name_of(number)), TwinPatch(tags)
        await parts.twins.patch(key, change, if_match=None, by=OWNER)


async def _finish(parts: Parts) -> None:
    await parts.sweeps.finished()


REQUESTS: Final[dict[str, Callable[..., Any]]] = {
    "put": _put,
    "update": _update,
    "delete": _delete,
    "tag": _tag,
    "finish": _finish,
}


async def main(folder: Path) -> None:
    async with running(folder) as parts:
        _say("ready", [one.configuration for one in parts.sweeps.under_way()])
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            verb, *rest = json.loads(line)
            await REQUESTS[verb](parts, *rest)
            _say("done", verb)


def _say(*words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    uvloop.run(main(Path(sys.argv[1])))
