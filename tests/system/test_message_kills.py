"""A hub killed while messages go through it: each that it took is delivered, and in order.

AFFINAGE_KILLS says how often, one in five of them here.
"""

import asyncio
import os
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import uvloop

from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.errors import Unavailable
from affinage.domain.values import JsonValue
from affinage.protocol.mqtt.packets import Puback, Publish, Suback, Subscribe
from affinage.protocol.topics import DeviceBound, parse_delivery
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.wire import Wire, let_in

pytestmark = pytest.mark.system

KILLS: Final = max(3, int(os.environ.get("AFFINAGE_KILLS", "10")) // 5)
LOAD_S: Final = 0.6
"""The kill comes at a random moment within that."""

TICK_S: Final = 0.05

FULL: Final = 403
DEVICE: Final = "mailed"
FILTER: Final = f"devices/{DEVICE}/messages/devicebound/#"


@dataclass
class Sender:
    """Numbers its messages; one whose fate it does not know is sent under the next number."""

    acknowledged: list[int] = field(default_factory=list)
    sent: int = 0

    async def write(self, operator: ServiceClient) -> None:
        """Send until the hub is gone."""
        while True:
            self.sent += 1
            number = self.sent
            try:
                message = {"body": str(number), "messageId": str(number), "ack": "positive"}
                await NativeClient(operator).send_message(DEVICE, {**message})
            except ServiceError as refused:
                if refused.status != FULL:
                    raise
                await asyncio.sleep(0)
            else:
                self.acknowledged.append(number)


@dataclass
class Taker:
    """A device: takes messages, acknowledges them, and remembers how often each came."""

    taken: dict[int, int] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """By when each came first."""

    async def take(self, wire: Wire) -> None:
        """Take until the hub is gone."""
        while True:
            packet = await wire.hear()
            assert isinstance(packet, Publish)
            assert isinstance(parse_delivery(packet.topic), DeviceBound)
            number = int(packet.payload)
            if number not in self.taken:
                self.order.append(number)
            else:
                assert packet.dup, "a message came again and did not say so"
            self.taken[number] = self.taken.get(number, 0) + 1
            wire.say(Puback(packet.packet_id))


class Ordeal:
    def __init__(self, hub: HubProcess, operator: ServiceClient) -> None:
        self.hub, self.operator = hub, operator
        self.sender, self.taker = Sender(), Taker()
        self.chance = random.Random()

    async def subscribe(self) -> None:
        async with let_in(self.hub, self.hub.identity(DEVICE)) as (wire, _):
            assert await wire.ask(Subscribe(1, ((FILTER, 1),))) == Suback(1, (1,))

    async def suffer(self) -> None:
        """Have messages go through, and kill the hub meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._until_killed(self.sender.write(self.operator)))
            tasks.create_task(self._until_killed(self._taking()))
            await asyncio.sleep(self.chance.uniform(0.1, LOAD_S))
            self.hub.kill()
        await asyncio.to_thread(self.hub.start)

    async def rest(self) -> None:
        """Have the device take what still waits."""
        taking = asyncio.ensure_future(self._taking())
        while await self._waiting():  # noqa: ASYNC110  # it is another process, and tells nobody
            await asyncio.sleep(TICK_S)
        taking.cancel()

    async def _waiting(self) -> JsonValue:
        return (await self.operator.get_device(DEVICE))["cloudToDeviceMessageCount"]

    async def _taking(self) -> None:
        async with let_in(self.hub, self.hub.identity(DEVICE)) as (wire, _):
            await self.taker.take(wire)

    async def _until_killed(self, work: Coroutine[Any, Any, None]) -> None:
        with pytest.raises((Unavailable, OSError)):
            await work
        assert not self.hub.is_running, "the hub lives, and was lost"


async def ordeal(hub: HubProcess) -> Ordeal:
    async with asyncio.timeout(PATIENCE_S + 10 * KILLS), hub.operator() as operator:
        await operator.create_device({"deviceId": DEVICE})
        suffering = Ordeal(hub, operator)
        await suffering.subscribe()
        for _ in range(KILLS):
            await suffering.suffer()
        await suffering.rest()
        return suffering


def test_each_message_that_was_taken_is_delivered_in_order(hub: HubProcess) -> None:
    """MESSAGE-5, MESSAGE-6, MESSAGE-12"""
    suffered = uvloop.run(ordeal(hub))
    sent, came = suffered.sender.acknowledged, suffered.taker.order
    assert sent, "nothing was ever sent"
    assert {*sent} <= {*came}, "messages were lost"
    assert came == sorted(came), "messages came out of order"
    assert len(came) > KILLS
