"""Those who write while a hub is killed, and who remember what it has acknowledged.

Each writes one place, and numbers what it writes. After a restart that place must hold what was
acknowledged last, or something sent later: `confirm` says so, and goes on from there. All of them
stop by themselves when the hub is gone.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pytest

from affinage.clients.device import DeviceClient, DeviceOptions, connect
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Unavailable
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.feeds import FILTERS, Feed
from affinage.protocol.mqtt.packets import Publish, Suback, Subscribe, Unsuback, Unsubscribe
from affinage.protocol.topics import DesiredNotification, TwinGet, parse_delivery
from fakes.fleet_in_force import RINGS, STATUSES
from fakes.hub_process import HubProcess
from fakes.wire import Wire, let_in

IN_FLIGHT: Final = 4
"""Reports of one device that are on their way at once."""


PAUSE_S: Final = 0.02
"""Between two changes of a subscription."""

TURNS: Final = (8, 64)
"""Writes of one life after which a device goes from one configuration to another: what comes and
goes more often is frozen (RECONCILE-30), and says nothing any more of what a kill has cut."""


class Writer(Protocol):
    acknowledged: int
    """Writes, so far, over all restarts."""

    async def write(self) -> None:
        """Write until the hub is gone; Unavailable then."""
        ...


async def write_until_killed(writer: Writer, hub: HubProcess) -> None:
    """Let it write; it may fail only because its hub was killed."""
    with pytest.raises((Unavailable, OSError)):
        await writer.write()
    assert not hub.is_running, "a writer lost a hub that lives"


@dataclass
class Count:
    """Numbers written to one place."""

    sent: int = 0
    kept: int = 0
    """The last one acknowledged."""
    begun: int = 0
    """The one that was there when this life began."""
    turned: int = 0
    """Turns until then."""

    def turn(self, number: int) -> int:
        """Which turn of the device's it is written in."""
        return self.turned + sum(number - self.begun > after for after in TURNS)

    def next(self) -> int:
        self.sent += 1
        return self.sent

    def confirm(self, found: int) -> None:
        """Go on from what is there."""
        assert self.kept <= found <= self.sent, f"{found} is none of {self.kept}…{self.sent}"
        self.turned = self.turn(found)
        self.sent = self.kept = self.begun = found


@dataclass
class Reporter:
    """A device that reports, over MQTT: the number that it reports is the version it will get."""

    string: ConnectionString
    options: DeviceOptions
    now: float
    count: Count = field(default_factory=lambda: Count(1, 1))
    acknowledged: int = 0
    _client: DeviceClient = field(init=False)

    async def connect(self) -> None:
        self._client = await connect(
            self.string,
            self.options,
            now=self.now,
            on_desired=lambda *_: None,
            on_lost=lambda: None,
        )

    async def write(self) -> None:
        await asyncio.gather(*(self._report() for _ in range(IN_FLIGHT)))

    def confirm(self, twin: dict[str, Any]) -> None:
        reported = twin["properties"]["reported"]
        self.count.confirm(reported["$version"])
        told = {name: value for name, value in reported.items() if not name.startswith("$")}
        assert told == (self._told(self.count.kept) if self.count.kept > 1 else {})

    async def _report(self) -> None:
        while True:
            number = self.count.next()
            version = await self._client.report(self._told(number))
            assert version == number
            self.count.kept = max(self.count.kept, number)
            self.acknowledged += 1

    def _told(self, number: int) -> dict[str, Any]:
        status = STATUSES[self.count.turn(number) % len(STATUSES)]
        return {"n": number, "status": status, "at": {"n": number}}


@dataclass
class Tagger:
    """An operator's tool that moves a device from ring to ring, and says so to it, over HTTPS."""

    device: str
    operator: ServiceClient
    count: Count = field(default_factory=Count)
    acknowledged: int = 0

    async def write(self) -> None:
        while True:
            tags = self._tags(self.count.next())
            patch: dict[str, Any] = {"tags": tags, "properties": {"desired": {"ring": tags}}}
            twin: dict[str, Any] = await self.operator.patch_twin(self.device, patch)
            assert twin["tags"] == tags
            self.count.kept = self.count.sent
            self.acknowledged += 1

    def confirm(self, twin: dict[str, Any]) -> None:
        found = twin.get("tags", {})
        self.count.confirm(found.get("n", 0))
        assert found == (self._tags(self.count.kept) if self.count.kept else {})
        assert found == twin["properties"]["desired"].get("ring", {}), "half a unit"

    def _tags(self, number: int) -> dict[str, Any]:
        return {"n": number, "ring": RINGS[self.count.turn(number) % len(RINGS)]}


@dataclass
class Listener:
    """A device that subscribes to what is desired and unsubscribes again."""

    hub: HubProcess
    string: ConnectionString
    is_subscribed: bool = False
    """As acknowledged last."""
    is_asking: bool = False
    """Whether the opposite was asked for, and not acknowledged."""
    acknowledged: int = 0

    async def write(self) -> None:
        async with let_in(self.hub, self.string) as (wire, _):
            while True:
                await asyncio.sleep(PAUSE_S)
                await self._ask_for_the_opposite(wire)
                self.acknowledged += 1

    async def confirm(self, operator: ServiceClient) -> None:
        """Be told of a change, or not, without subscribing anew."""
        assert self.string.device is not None
        async with let_in(self.hub, self.string) as (wire, _):
            probe: dict[str, Any] = {"properties": {"desired": {"probe": self.acknowledged}}}
            await operator.patch_twin(self.string.device, probe)
            wire.say(Publish(TwinGet("1").topic))
            heard = [await wire.hear()]
            while not _is_twin(heard[-1]):
                heard.append(await wire.hear())
        is_told = len(heard) > 1
        assert is_told == self.is_subscribed or self.is_asking, (
            "a subscription was lost or came back"
        )
        self.is_subscribed, self.is_asking = is_told, False

    async def _ask_for_the_opposite(self, wire: Wire) -> None:
        if not self.hub.is_running:
            raise Unavailable("killed in the pause: nothing is under way")
        self.is_asking = True
        wanted = FILTERS[Feed.DESIRED]
        if self.is_subscribed:
            assert await wire.ask(Unsubscribe(1, (wanted,))) == Unsuback(1)
        else:
            assert await wire.ask(Subscribe(1, ((wanted, 1),))) == Suback(1, (1,))
        self.is_subscribed, self.is_asking = not self.is_subscribed, False


def _is_twin(packet: object) -> bool:
    assert isinstance(packet, Publish)
    delivery = parse_delivery(packet.topic)
    if isinstance(delivery, DesiredNotification):
        assert "probe" in json.loads(packet.payload)
        return False
    return True
