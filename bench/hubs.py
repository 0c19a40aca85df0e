"""A whole hub as a process of its own, over a seeded fleet, and all that asks or loads it."""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, Final

import machine
import seed

from affinage.apps.keys import Keys
from affinage.apps.place import Place, authority
from affinage.clients.device import DeviceClient, DeviceOptions, connect
from affinage.clients.listening import OnDesired
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.tokens import make_token

LOOK_S: Final = 0.1
"""Between two looks at how far a hub has come."""

INDEXED_S: Final = 0.02
"""A count that takes no longer looks at no rows of a large fleet."""

HERE: Final = Path(__file__).parent
SERVE: Final = (sys.executable, "-m", "affinage.apps.cli", "serve")


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub with ``twins`` devices."""

    data: Path
    place: Place
    pid: int
    twins: int
    started_s: float
    """From its process's beginning to the ready line."""

    @property
    def busy_s(self) -> float:
        return machine.busy_s(self.pid)

    @property
    def resident_bytes(self) -> int:
        return machine.resident_bytes(self.pid)

    @property
    def longest_collection_ms(self) -> float:
        """The longest run of its garbage collector since it was started, as `/metrics` tells."""
        host, port = self.place.hostname, self.place.https_port
        context = trust(authority(self.data))
        line = HTTPSConnection(host, port, context=context)
        key = Keys(self.data).of_policy("iothubowner").key or ""
        token = make_token(host, key, int(time.time()) + 600, "iothubowner")
        line.request("GET", "/metrics", headers={"Authorization": token})
        told = line.getresponse().read().decode()
        line.close()
        runs = re.findall(r"^affinage_gc_longest_pause_seconds\{.*\} (\S+)$", told, re.MULTILINE)
        return 1e3 * max(map(float, runs))

    def service(self) -> ServiceClient:
        return ServiceClient(
            Keys(self.data).of_policy("iothubowner"),
            context=trust(authority(self.data)),
            clock=time.time,
            port=self.place.https_port,
            address=self.place.address,
            timeout_s=600.0,
        )

    def string(self, number: int) -> ConnectionString:
        """Of the device with that number."""
        return ConnectionString(self.place.hostname, device=seed.name(number), key=seed.KEY)

    def spread(self, count: int) -> list[int]:
        """The numbers of so many devices, spread evenly over the fleet, and so over the disk."""
        step = max(self.twins // count, 1)
        return [1 + number * step % self.twins for number in range(count)]

    def come_in(self, numbers: Sequence[int], *more: object) -> "subprocess.Popen[str]":
        """Return once these are in and have subscribed; they stay until they are terminated."""
        load = self.load(numbers, "--idle", *more)
        assert load.stdout is not None
        assert load.stdout.readline() == "in\n", "they did not all get in"
        return load

    async def device(self, number: int, on_desired: OnDesired = lambda *_: None) -> DeviceClient:
        """A real client, connected and subscribed."""
        place = self.place
        options = DeviceOptions(trust(authority(self.data)), place.mqtt_port, place.address)
        return await connect(
            self.string(number),
            options,
            now=time.time(),
            on_desired=on_desired,
            on_lost=lambda: None,
        )

    def load(self, numbers: Iterable[int], *more: object) -> "subprocess.Popen[str]":
        """Have these devices report, from a process of its own; `told` waits for its figures."""
        with tempfile.NamedTemporaryFile("w", dir=self.data, delete=False) as strings:
            strings.write("\n".join(self.string(number).text for number in numbers))
        place = self.place
        command = [sys.executable, HERE / "load.py", "--strings", strings.name]
        command += ["--ca", authority(self.data), "--address", place.address]
        command += ["--port", place.mqtt_port, "--pid", self.pid, *more]
        return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What it has logged of that kind."""
        lines = self.data.with_suffix(".log").read_text().splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in logged if event["event"] == kind]


@contextmanager
def hub(twins: int, **settings: object) -> Iterator[Hub]:
    """A hub over a new folder with so many devices; ``settings`` are those of its file."""
    with tempfile.TemporaryDirectory(prefix="affinage-bench-") as folder:
        data = Path(folder) / "data"
        seed.seed(data, twins)
        with serving(data, twins, **settings) as running:
            yield running


@contextmanager
def serving(data: Path, twins: int, **settings: object) -> Iterator[Hub]:
    """A hub over a folder that there is."""
    file = data.with_suffix(".toml")
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    command = [*SERVE, "--data", str(data), "--config", str(file)]
    command += ["--https-port", "0", "--mqtt-port", "0"]
    began = time.monotonic()
    with (
        data.with_suffix(".log").open("ab") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready"), data.with_suffix(".log").read_text()[-2000:]
            yield Hub(data, Place.read(data), process.pid, twins, time.monotonic() - began)
        finally:
            process.terminate()


def told(load: "subprocess.Popen[str]") -> dict[str, Any]:
    """What a load measured, once it has ended."""
    text, _ = load.communicate()
    assert load.returncode == 0, "the load failed"
    return dict(json.loads(text))


async def told_later(load: "subprocess.Popen[str]") -> dict[str, Any]:
    return await asyncio.to_thread(told, load)


async def connected(service: ServiceClient) -> int:
    """How many devices are connected."""
    statistics: Any = await service.service_statistics()
    return int(statistics["connectedDeviceCount"])


async def counted(service: ServiceClient, condition: str) -> int:
    """How many devices match."""
    rows: Any = [
        row async for row in service.query(f"SELECT COUNT() FROM devices WHERE {condition}")
    ]
    return int(next(iter(rows[0].values())))


async def quick(service: ServiceClient, condition: str) -> None:
    """Return once counting what matches needs no look at rows: once its paths are indexed."""
    while True:
        began = time.perf_counter()
        await counted(service, condition)
        if time.perf_counter() - began < INDEXED_S:
            return
        await asyncio.sleep(LOOK_S)


async def applied(service: ServiceClient, configuration: str, twins: int) -> None:
    """Return once so many devices have a configuration."""
    condition = f"configurations.[[{configuration}]].status = 'Applied'"
    while await counted(service, condition) != twins:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


def asked(description: str | None, **sizes: int) -> argparse.Namespace:
    """The sizes that a script runs with, each an option of its name."""
    parser = argparse.ArgumentParser(description=description)
    for size, usual in sizes.items():
        parser.add_argument(f"--{size.replace('_', '-')}", type=int, default=usual)
    return parser.parse_args()
