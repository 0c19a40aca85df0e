"""How connections end, over real TLS: what is told, what is left behind, what is remembered."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import pytest
import uvloop

from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.mqtt.packets import Connack, Disconnect, Puback, Publish, Will
from fakes.hub_process import HubProcess
from fakes.wire import Wire, greeting, let_in, on_the_line

pytestmark = pytest.mark.system

NEVER: Final = "0001-01-01T00:00:00Z"
BAG: Final = "%24.on=out&%24.mid=1&a=b"
WILL: Final = {"a": "b", "iothub-MessageType": "Will"}


class Ended:
    """A client with a will that has connected, said one thing, and ends."""

    def __init__(self, hub: HubProcess, string: ConnectionString, wires: AsyncExitStack) -> None:
        self.hub, self.string, self.wires = hub, string, wires
        self.root = f"devices/{string.device}"
        if string.module is not None:
            self.root += f"/modules/{string.module}"

    async def come(self, keep_alive_s: int = 60) -> Wire:
        wire = await self.wires.enter_async_context(on_the_line(self.hub))
        will = Will(f"{self.root}/messages/events/{BAG}", b"gone")
        answer = await wire.ask(
            replace(greeting(self.string), will=will, keep_alive_s=keep_alive_s)
        )
        assert isinstance(answer, Connack)
        assert answer.code == 0
        said = Publish(f"{self.root}/messages/events/{BAG}", b"here", 1, 7)
        assert await wire.ask(said) == Puback(7)
        return wire

    async def identity(self, state: str) -> dict[str, Any]:
        """Of the device or module, once it is in that state."""
        device, module = self.string.device or "", self.string.module
        async with self.hub.operator() as operator:
            while True:
                found = await _identity(operator, device, module)
                if found["connectionState"] == state:
                    return found

    async def told(self, count: int) -> list[tuple[Any, ...]]:
        """What the feed has of it, once it is so much: connections, messages, whether wills."""
        while len(found := await self._told()) < count:
            pass  # the feed follows the commit
        return found

    async def _told(self) -> list[tuple[Any, ...]]:
        async with self.hub.operator() as operator:
            page: Any = await NativeClient(operator).events("0", device=self.string.device or "")
        mine = [one for one in page["events"] if one.get("moduleId") == self.string.module]
        return [
            (one["kind"], one.get("change") or (one["body"], one["properties"] == WILL))
            for one in mine
            if one["kind"] in ("connection", "telemetry")
        ]


async def _identity(operator: ServiceClient, device: str, module: str | None) -> dict[str, Any]:
    if module is None:
        return await operator.get_device(device)
    return await operator.get_module(device, module)


async def drop(one: Ended, wire: Wire) -> None:
    await one.wires.aclose()


async def goodbye(one: Ended, wire: Wire) -> None:
    wire.say(Disconnect())
    assert not await wire.last_words()


async def silence(one: Ended, wire: Wire) -> None:
    assert not await wire.last_words()


async def disabled(one: Ended, wire: Wire) -> None:
    async with one.hub.operator() as operator:
        document = await operator.get_device(one.string.device or "")
        await operator.update_device({**document, "status": "disabled"})
    assert not await wire.last_words()


async def hub_killed(one: Ended, wire: Wire) -> None:
    one.hub.kill()
    one.hub.start()


HERE: Final = [("connection", "connected"), ("telemetry", ("here", False))]
LEFT: Final = [("telemetry", ("gone", True))]
GONE: Final = [("connection", "disconnected")]
WAYS: Final[dict[str, tuple[Callable[[Ended, Wire], Awaitable[None]], list[Any]]]] = {
    "drop": (drop, [*LEFT, *GONE]),
    "goodbye": (goodbye, GONE),
    "silence": (silence, [*LEFT, *GONE]),
    "disabled": (disabled, [*LEFT, *GONE]),
    "killed": (hub_killed, GONE),
}


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One for all tests of this file, which have a device each."""
    with HubProcess(tmp_path_factory.mktemp("hub") / "data", shared_address) as hub:
        yield hub


@pytest.fixture(params=[None, "m"], ids=["device", "module"])
def string(hub: HubProcess, request: pytest.FixtureRequest) -> ConnectionString:
    name = request.node.name.replace("[", ".").replace("]", "")[-60:]
    hub.device(name)
    hub.module(name, "m")
    return hub.identity(name, request.param)


@pytest.mark.parametrize("way", WAYS)
def test_whoever_ends_how_is_told_and_remembered(
    hub: HubProcess, string: ConnectionString, way: str
) -> None:
    """MQTT-8, MQTT-17, EVENT-12, EVENT-15, PRESENCE-1 to PRESENCE-4"""
    end, told = WAYS[way]

    async def ended() -> None:
        async with AsyncExitStack() as wires:
            one = Ended(hub, string, wires)
            before = await one.identity("Disconnected")
            assert before["connectionStateUpdatedTime"] == before["lastActivityTime"] == NEVER
            wire = await one.come(keep_alive_s=1 if way == "silence" else 60)
            during = await one.identity("Connected")
            await end(one, wire)
            after = await one.identity("Disconnected")
            assert await one.told(len(HERE + told)) == HERE + told
            check_times(during, after)

    uvloop.run(ended())


def check_times(during: dict[str, Any], after: dict[str, Any]) -> None:
    moments = [
        datetime.fromisoformat(moment)
        for moment in (
            during["connectionStateUpdatedTime"],
            after["lastActivityTime"],
            after["connectionStateUpdatedTime"],
        )
    ]
    assert moments == sorted(moments)
    assert during["lastActivityTime"] != NEVER


def test_a_client_that_is_taken_over_has_its_will_and_its_identity_stays(
    hub: HubProcess, string: ConnectionString
) -> None:
    """MQTT-17, MQTT-18"""

    async def taken_over() -> None:
        async with AsyncExitStack() as wires:
            one = Ended(hub, string, wires)
            older = await one.come()
            async with let_in(hub, string) as (newer, _):
                assert not await older.last_words()
                assert await newer.ask(Publish(f"{one.root}/messages/events/", b"new", 1, 8))
                assert (await one.identity("Connected"))["connectionState"] == "Connected"
                told = await one.told(5)
        assert sorted(told, key=str) == sorted(
            [*HERE, *LEFT, HERE[0], ("telemetry", ("new", False))], key=str
        )
        assert told.index(LEFT[0]) < told.index(("telemetry", ("new", False)))

    uvloop.run(taken_over())


def test_a_hub_that_stops_leaves_no_wills_and_nobody_connected(
    hub: HubProcess, string: ConnectionString
) -> None:
    """MQTT-17"""

    async def stopped() -> None:
        async with AsyncExitStack() as wires:
            one = Ended(hub, string, wires)
            await one.come()
            hub.stop()
            hub.start()
            await one.identity("Disconnected")
            assert await one.told(3) == HERE + GONE

    uvloop.run(stopped())
