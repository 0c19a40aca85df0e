"""A hub killed again and again while it forwards: its target has each message, in order."""

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import nats
import pytest
import uvloop

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import connect
from affinage.domain.errors import Unavailable
from fakes.historian import Historian, historian
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.nats_server import NatsServer, nats_server

pytestmark = pytest.mark.system

KILLS: Final = 3
SETTINGS: Final = '[[forward]]\nname = "historian"\nurl = "{url}"\nkinds = ["telemetry"]\n'


@pytest.fixture
def told() -> Iterator[Historian]:
    with historian() as kept:
        yield kept


@pytest.fixture
def hub(address: str, tmp_path: Path, told: Historian) -> Iterator[HubProcess]:
    """One that forwards its telemetry."""
    file = tmp_path / "hub.toml"
    file.write_text(SETTINGS.format(url=told.url))
    with HubProcess(tmp_path / "data", address, options=(f"--config={file}",)) as hub:
        yield hub


async def send(hub: HubProcess, acknowledged: list[str]) -> None:
    """Send numbers until the hub is gone."""
    unheard: Any = {"on_desired": lambda *_: None, "on_lost": lambda: None}
    with suppress(Unavailable):
        now = wall_time().timestamp()
        device = await connect(hub.identity("d"), hub.device_options(), now=now, **unheard)
        while True:
            numbers = [str(len(acknowledged) + more) for more in range(8)]
            await asyncio.gather(*(device.send(number.encode()) for number in numbers))
            acknowledged += numbers


async def suffer(hub: HubProcess, told: Historian, acknowledged: list[str]) -> None:
    for _ in range(KILLS):
        sending = asyncio.ensure_future(send(hub, acknowledged))
        await asyncio.sleep(random.uniform(0.3, 0.9))
        told.is_open = not told.is_open
        await asyncio.sleep(0.3)
        hub.kill()
        await sending
        hub.start()
    told.is_open = True


def test_a_target_has_what_was_acknowledged_whenever_hub_or_target_go(
    hub: HubProcess, told: Historian
) -> None:
    """FORWARD-1, FORWARD-2, FORWARD-4"""
    hub.device("d")
    acknowledged = list[str]()
    uvloop.run(suffer(hub, told, acknowledged))
    told.until(lambda: {*acknowledged} <= {event["body"] for event in told.told})
    assert len(acknowledged) > 50
    newest = 0
    firsts = list[int]()
    for event in told.told:
        if event["offset"] > newest:
            newest = event["offset"]
            firsts.append(newest)
    assert {*firsts} == {event["offset"] for event in told.told}, "told late, out of order"


STREAM: Final = (
    '[[forward]]\nname = "plant"\nurl = "{url}"\nsubject = "plant.{{kind}}.{{device}}"\n'
)


def test_a_stream_has_each_message_once_however_often_the_hub_is_killed(
    address: str, tmp_path: Path
) -> None:
    """FORWARD-2, FORWARD-9, FORWARD-10"""
    with nats_server(tmp_path / "nats") as server:
        file = tmp_path / "hub.toml"
        file.write_text(STREAM.format(url=server.url) + "jetstream = true\n")
        with HubProcess(tmp_path / "data", address, options=(f"--config={file}",)) as hub:
            hub.device("d")
            uvloop.run(stream_through_kills(hub, server))


async def stream_through_kills(hub: HubProcess, server: NatsServer) -> None:
    client = await nats.connect(server.url)
    stream = client.jetstream()
    await stream.add_stream(name="PLANT", subjects=["plant.>"])
    reader = await stream.subscribe("plant.telemetry.d", ordered_consumer=True)
    acknowledged = list[str]()
    for _ in range(KILLS):
        sending = asyncio.ensure_future(send(hub, acknowledged))
        await asyncio.sleep(random.uniform(0.3, 0.6))
        hub.kill()
        await sending
        hub.start()
    bodies, offsets = list[str](), list[int]()
    while not {*acknowledged} <= {*bodies}:
        event = json.loads((await reader.next_msg(timeout=PATIENCE_S)).data)
        bodies.append(event["body"])
        offsets.append(event["offset"])
    assert offsets == sorted({*offsets}), "told twice, or out of order"
    assert len(acknowledged) > 20
    await client.close()
