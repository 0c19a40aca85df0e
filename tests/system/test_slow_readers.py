"""Clients that send faster than they read, over real connections: order holds, and memory too."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import pytest

from affinage.domain.errors import Unavailable
from affinage.protocol.mqtt.packets import Pingreq, Pingresp, Puback, Publish, Subscribe
from affinage.protocol.topics import (
    DesiredNotification,
    ReportedPatch,
    TwinGet,
    TwinResponse,
    parse_delivery,
)
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.wire import Wire, let_in

pytestmark = pytest.mark.system

MIB: Final = 2**20
LARGE: Final[dict[str, Any]] = {f"p{n}": "x" * 4000 for n in range(7)}
"""What nearly fills a section of a twin."""

DESIRED: Final = "$iothub/twin/PATCH/properties/desired/#"


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("slow") / "data", shared_address) as hub:
        for name in ("fast", "slow", "deaf"):
            hub.device(name)
        yield hub


async def answer(wire: Wire) -> tuple[TwinResponse, Any]:
    """The next answer about a twin; what else comes is passed over."""
    while True:
        packet = await wire.hear()
        if isinstance(packet, Publish):
            delivery = parse_delivery(packet.topic)
            assert isinstance(delivery, TwinResponse)
            return delivery, json.loads(packet.payload or b"null")


async def answers(wire: Wire) -> None:
    """Reports and reads in turn, many at once: each read has just the reports before it."""
    for n in range(300):
        wire.say(
            Publish(ReportedPatch(f"report-{n}").topic, b'{"n":%d}' % n, 1, 2 * n + 1),
            Publish(TwinGet(f"read-{n}").topic, b" "),
        )
    for n in range(300):
        reported, _ = await answer(wire)
        read, twin = await answer(wire)
        assert (reported.rid, reported.status) == (f"report-{n}", 204)
        assert (read.rid, twin["reported"]["n"]) == (f"read-{n}", n)


def test_what_is_asked_all_at_once_is_answered_in_order(hub: HubProcess) -> None:
    """MQTT-40, MQTT-44: six hundred requests, of which 64 may be unanswered."""

    async def play() -> None:
        async with let_in(hub, hub.identity("fast")) as (wire, _):
            await answers(wire)

    asyncio.run(play())


def test_several_connections_are_answered_each_in_its_order(hub: HubProcess) -> None:
    """MQTT-40"""
    names = [f"one-of-{n}" for n in range(8)]
    for name in names:
        hub.device(name)

    async def play() -> None:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            for name in names:
                wire, _ = await stack.enter_async_context(let_in(hub, hub.identity(name)))
                tasks.create_task(answers(wire))

    asyncio.run(play())


def test_who_reads_late_gets_all_in_order(hub: HubProcess) -> None:
    """MQTT-41, MQTT-45: up to 2 MiB are kept for it."""

    async def play() -> None:
        async with let_in(hub, hub.identity("slow")) as (wire, _), hub.operator() as operator:
            await wire.ask(Subscribe(1, ((DESIRED, 0),)))
            for n in range(20):
                wire.say(Publish(ReportedPatch(str(n)).topic, b"{}", 1, n + 1))
                await operator.patch_twin("slow", {"properties": {"desired": {"n": n, **LARGE}}})
            heard = [await wire.hear() for _ in range(60)]
        told = [parse_delivery(one.topic) for one in heard if isinstance(one, Publish)]
        versions = [one.version for one in told if isinstance(one, DesiredNotification)]
        assert versions == list(range(versions[0], versions[0] + 20))
        assert [one.packet_id for one in heard if isinstance(one, Puback)] == [*range(1, 21)]

    asyncio.run(play())


def test_who_never_reads_is_cut_and_costs_little(hub: HubProcess) -> None:
    """MQTT-45: it asks for its large twin until it is cut; another notices nothing."""

    async def ask_in_vain() -> None:
        async with let_in(hub, hub.identity("deaf")) as (wire, _):
            with suppress(ConnectionError, Unavailable):
                async with asyncio.timeout(PATIENCE_S):
                    while True:
                        wire.say(*[Publish(TwinGet("1").topic)] * 200)
                        await wire.sent()
                        await asyncio.sleep(0)  # or the loss would never be heard of

    async def play() -> None:
        async with hub.operator() as operator, let_in(hub, hub.identity("fast")) as (wire, _):
            await operator.patch_twin("deaf", {"properties": {"desired": LARGE}})
            await ask_in_vain()
            before = hub.resident_bytes
            for _ in range(5):
                await ask_in_vain()
                assert await wire.ask(Pingreq()) == Pingresp()
            assert hub.resident_bytes - before < 32 * MIB
            assert len(hub.events("connection aborted: it does not read")) == 6

    asyncio.run(play())
