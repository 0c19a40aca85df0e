"""Devices that are who they say and mean harm, or are broken: what they cost, and who notices."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import pytest

from affinage.domain.values import MAX_VALUES, JsonObject
from affinage.protocol.mqtt.packets import Pingreq, Pingresp, Puback, Publish
from affinage.protocol.topics import ReportedPatch, TwinResponse, parse_delivery
from fakes.hub_process import HubProcess
from fakes.wire import Wire, let_in

pytestmark = pytest.mark.system

MIB: Final = 2**20
NAMES: Final = [f"hostile-{n}" for n in range(4)]
COUNT: Final = 64
"""Reports of each, said all at once."""

EMPTY: Final = b'{"a":[' + b"[]," * 87_000 + b"[]]}"
"""What has no size and takes 5 MB once it is read."""

ODD: Final = b'{"a.b":"' + b"x" * 250_000 + b'"}'
"""What is refused as soon as it is looked at."""


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hostile") / "data", shared_address) as hub:
        for name in ("witness", *NAMES):
            hub.device(name)
        yield hub


async def report(wire: Wire, payload: bytes) -> set[int]:
    """Say it many times, and hear every answer; their statuses."""
    for n in range(COUNT):
        wire.say(Publish(ReportedPatch(str(n)).topic, payload, 1, n + 1))
    heard = [await wire.hear() for _ in range(2 * COUNT)]
    assert [one.packet_id for one in heard if isinstance(one, Puback)] == [*range(1, COUNT + 1)]
    told = [parse_delivery(one.topic) for one in heard if isinstance(one, Publish)]
    return {one.status for one in told if isinstance(one, TwinResponse)}


@pytest.mark.parametrize(("payload", "status"), [(EMPTY, 413), (ODD, 400)], ids=["empty", "odd"])
def test_reports_that_are_refused_leave_nothing_in_memory(
    hub: HubProcess, payload: bytes, status: int
) -> None:
    """MQTT-44, TWIN-26: 256 of 256 KiB each, while another works on."""

    async def play() -> None:
        async with AsyncExitStack() as stack, let_in(hub, hub.identity("witness")) as (witness, _):
            wires = [
                (await stack.enter_async_context(let_in(hub, hub.identity(name))))[0]
                for name in NAMES
            ]
            before = hub.peak_bytes
            work = asyncio.gather(*[report(wire, payload) for wire in wires])
            while not work.done():
                assert await witness.ask(Pingreq()) == Pingresp()
                await asyncio.sleep(0.01)
            assert await work == [{status}] * len(NAMES)
            assert hub.peak_bytes - before < 192 * MIB

    asyncio.run(play())


def test_a_twin_does_not_grow_by_what_has_no_size(hub: HubProcess) -> None:
    """TWIN-26"""

    async def play() -> None:
        async with let_in(hub, hub.identity("hostile-0")) as (wire, _):
            arrays: JsonObject = {"a": [[]] * (MAX_VALUES - 1)}
            statuses = [await report(wire, json.dumps(arrays).encode())]
            statuses.append(await report(wire, json.dumps({"b": [[]]}).encode()))
            assert statuses == [{204}, {413}]

    asyncio.run(play())
