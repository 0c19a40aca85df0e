"""Telemetry over real connections, and a hub killed while it comes; none acknowledged is lost."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import uvloop

from affinage.clients.native import NativeClient
from affinage.domain.errors import Unavailable
from affinage.protocol.mqtt.packets import Puback, Publish
from fakes.hub_process import HubProcess
from fakes.wire import Wire, let_in

pytestmark = pytest.mark.system

DEVICES: Final = 4
KILLS: Final = 3
IN_FLIGHT: Final = 8
TOPIC: Final = "devices/{name}/messages/events/n={number}&%24.ct=application%2Fjson"


@dataclass
class Sender:
    """A device that numbers what it sends, until its hub is gone."""

    name: str
    sent: int = 0
    acknowledged: set[int] = field(default_factory=set)

    async def live(self, hub: HubProcess) -> None:
        with suppress(Unavailable, OSError):
            async with let_in(hub, hub.identity(self.name)) as (wire, _):
                while True:
                    await self._send_some(wire)

    async def _send_some(self, wire: Wire) -> None:
        numbers = range(self.sent + 1, self.sent + 1 + IN_FLIGHT)
        self.sent = numbers[-1]
        for number in numbers:
            topic = TOPIC.format(name=self.name, number=number)
            wire.say(Publish(topic, b'{"t": 21}', 1, number % 60_000 + 1))
        for number in numbers:
            assert isinstance(await wire.hear(), Puback)
            self.acknowledged.add(number)

    def check(self, events: list[dict[str, Any]]) -> None:
        told = [int(one["properties"]["n"]) for one in events if one["deviceId"] == self.name]
        assert told == sorted({*told}), "told twice, or not in the order sent"
        assert self.acknowledged <= {*told}, "an acknowledged message is lost"
        assert not told or told[-1] <= self.sent


async def told(hub: HubProcess) -> list[dict[str, Any]]:
    """All telemetry, page by page."""
    found, after, is_last = list[dict[str, Any]](), "0", False
    async with hub.operator() as operator:
        while not is_last:
            page: Any = await NativeClient(operator).events(after, kind="telemetry")
            found += page["events"]
            after, is_last = str(page["next"]), str(page["next"]) == after
    return found


async def suffer(hub: HubProcess, senders: list[Sender], chance: random.Random) -> None:
    for _ in range(KILLS):
        async with asyncio.TaskGroup() as tasks:
            for sender in senders:
                tasks.create_task(sender.live(hub))
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            hub.kill()
        hub.start()
        events = await told(hub)
        offsets = [event["offset"] for event in events]
        assert offsets == sorted({*offsets})
        for sender in senders:
            sender.check(events)


def test_what_was_acknowledged_is_told_whenever_the_hub_is_killed(hub: HubProcess) -> None:
    """EVENT-8, EVENT-14"""
    senders = [Sender(f"d{number}") for number in range(DEVICES)]
    for sender in senders:
        hub.device(sender.name)
    uvloop.run(suffer(hub, senders, random.Random()))
    assert sum(len(sender.acknowledged) for sender in senders) > 100
