"""A whole hub, as a process of its own, with real TLS and durable commits.

Durable reported updates a second, and how long a changed tag takes to become a desired patch on
the device's socket; beside what the codec and the store can do alone, measured in the same run.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from affinage.apps.keys import Keys
from affinage.apps.place import Place, authority
from affinage.clients.device import DeviceOptions, connect
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString

sys.path.insert(0, str(Path(__file__).parent))
import floors
import machine


@contextmanager
def hub(data: Path) -> Iterator[Place]:
    """A hub over a new data folder."""
    command = [sys.executable, "-m", "affinage.apps.cli", "serve", "--data", str(data)]
    command += ["--https-port", "0", "--mqtt-port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready")
            yield Place.read(data)
        finally:
            process.terminate()


def service(data: Path, place: Place) -> ServiceClient:
    return ServiceClient(
        Keys(data).of_policy("iothubowner"),
        context=trust(authority(data)),
        clock=time.time,
        port=place.https_port,
        address=place.address,
    )


async def fleet(client: ServiceClient, host: str, count: int, others: int) -> list[str]:
    """Create devices; the connection strings of the first ``count``, of ``others`` more none."""
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    names = [f"d{number:06}" for number in range(count + others)]
    gate = asyncio.Semaphore(8)

    async def some(first: int) -> None:
        async with gate:
            await client.bulk(_entry(name, key) for name in names[first : first + 100])

    await asyncio.gather(*(some(first) for first in range(0, len(names), 100)))
    return [ConnectionString(host, device=name, key=key).text for name in names[:count]]


def _entry(name: str, key: str) -> dict[str, Any]:
    return {
        "id": name,
        "importMode": "create",
        "authentication": {"symmetricKey": {"primaryKey": key, "secondaryKey": key}},
        "tags": {"ring": "production", "site": f"s{hash(name) % 50}"},
    }


def load(data: Path, place: Place, strings: Path, *more: str) -> "subprocess.Popen[str]":
    """The load, from a process of its own."""
    command = [sys.executable, str(Path(__file__).parent / "load.py"), "--strings", str(strings)]
    command += ["--ca", str(authority(data)), "--port", str(place.mqtt_port), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def reactions(
    client: ServiceClient, string: str, place: Place, data: Path
) -> dict[str, float]:
    """How long a changed tag takes to become a desired patch on the device's socket."""
    arrived: asyncio.Queue[float] = asyncio.Queue()
    device = await connect(
        ConnectionString.parse(string),
        DeviceOptions(trust(authority(data)), place.mqtt_port, place.address),
        now=time.time(),
        on_desired=lambda *_: arrived.put_nowait(time.perf_counter()),
        on_lost=lambda: None,
    )
    name, took = device.name, []
    for turn in range(200):
        started = time.perf_counter()
        await client.patch_twin(
            name, {"tags": {"ring": "canary" if turn % 2 == 0 else "production"}}
        )
        took.append(1000 * (await arrived.get() - started))
        await asyncio.sleep(0.05)
    await device.close()
    took.sort()
    return {"p50_ms": round(took[100], 2), "p99_ms": round(took[198], 2)}


async def measure(connections: int, twins: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder) / "data") as place:
        data = Path(folder) / "data"
        async with service(data, place) as client:
            strings = await fleet(client, place.hostname, connections + 1, twins)
            lines = Path(folder) / "strings"
            lines.write_text("\n".join(strings[1:]))
            await client.create_configuration(CONFIGURATION)
            figures = {"connections": connections, "twins": twins + connections + 1}
            updates = json.loads((await _ended(load(data, place, lines)))[0])
            figures |= {f"reported updates, {name}": value for name, value in updates.items()}
            background = load(data, place, lines, "--rate", "1000", "--seconds", "16")
            await asyncio.sleep(4 + connections / 400)
            took = await reactions(client, strings[0], place, data)
            figures |= {f"tag to desired under 1,000 reports/s, {n}": v for n, v in took.items()}
            await _ended(background)
            return figures


async def _ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    return await asyncio.to_thread(process.communicate)


CONFIGURATION: dict[str, Any] = {
    "id": "canaries",
    "priority": 10,
    "targetCondition": "tags.ring = 'canary'",
    "content": {"deviceContent": {"properties.desired.firmware": {"fwVersion": "2"}}},
    "metrics": {
        "queries": {
            "downloading": "SELECT deviceId FROM devices WHERE"
            " properties.reported.firmware.fwUpdateStatus = 'downloading'"
        }
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--twins", type=int, default=20_000, help="devices that are not connected")
    given = parser.parse_args()
    figures = uvloop.run(measure(given.connections, given.twins))
    figures["floor: codec round trips a second"] = floors.codec()
    figures["floor: durable rows a second, commits of 32"] = floors.store(32)
    figures["floor: durable rows a second, commits of 256"] = floors.store(256)
    machine.keep("hub", figures)


if __name__ == "__main__":
    main()
