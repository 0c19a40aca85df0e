"""What no client should send: it ends the connection it came by, and nothing else notices.

Meanwhile a device goes on working over one connection, which must never break.
"""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any, Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import DeviceClient, connect
from affinage.clients.service import ServiceClient, ServiceError
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.mqtt.dialects import MAX_MESSAGE
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Pingreq,
    Pingresp,
    Publish,
    Subscribe,
    encode,
)
from affinage.protocol.topics import ReportedPatch, TwinResponse, parse_delivery
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.wire import greeting, let_in, on_the_line

pytestmark = pytest.mark.system

MIB: Final = 2**20
NOISE: Final = random.Random(8883).randbytes(400_000)
"""More than the longest packet has: whatever it seems to begin with, there it must end."""

HTTP: Final = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"
HELLO: Final = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How a TLS handshake begins."""

STRANGERS: Final = {
    "noise": NOISE,
    "HTTP": HTTP,
    "TLS within TLS": HELLO,
    "a packet of no kind": b"\x00\x00",
    "a packet of a later protocol": b"\xf0\x00",
    "a ping before CONNECT": encode(Pingreq()),
    "a message before CONNECT": encode(Publish("devices/victim/messages/events/")),
    "a length without an end": b"\x10\xff\xff\xff\xff\x7f",
    "an announcement of 256 MiB": b"\x30\xff\xff\xff\x7f",
    "a torn CONNECT": b"\x10\x04\x00\x04MQ",
    "a CONNECT with reserved flags": b"\x1f\x00",
}
"""What somebody says whom the hub does not know yet."""

GUESTS: Final = {
    "a second CONNECT": encode(Connect("victim")),
    "an answer of a hub": encode(Connack(session_present=False, code=0)),
    "another's topic": encode(Publish("devices/witness/messages/events/")),
    "a topic of no kind": encode(Publish("weather/today", b"rain")),
    "a topic that is not UTF-8": b"\x30\x04\x00\x02\xff\xfe",
    "a message at QoS 2": b"\x34\x05\x00\x01a\x00\x01",
    "a message at QoS 3": b"\x36\x05\x00\x01a\x00\x01",
    "a message that is too large": encode(
        Publish("devices/victim/messages/events/", bytes(MAX_MESSAGE + 1))
    ),
    "a subscription to nothing": b"\x82\x02\x00\x01",
    "a subscription to thousands": encode(Subscribe(1, (("x", 0),) * 5000)),
    "a message of thousands of properties": encode(
        Publish("devices/victim/messages/events/" + "a&" * 5000)
    ),
    "noise": NOISE,
}
"""What a device says that was let in."""

NO_PATCHES: Final = {
    "nothing": b"",
    "no JSON": b"{",
    "noise": NOISE[:4096],
    "an array": b"[]",
    "NaN": b'{"n": NaN}',
    "a name of ours": b'{"$version": 7}',
    "a name with a dot": b'{"a.b": 1}',
    "too deep": b'{"a":' * 12 + b"1" + b"}" * 12,
    "far too deep": b'{"a":' * 9000 + b"1" + b"}" * 9000,
    "too much": json.dumps({f"p{n}": "x" * 4000 for n in range(9)}).encode(),
    "too large a number": b'{"n": 1' + b"0" * 400 + b"}",
}
"""What is no patch of reported properties."""


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with two devices: one works, and one misbehaves."""
    with HubProcess(tmp_path_factory.mktemp("hub") / "data", shared_address) as hub:
        asyncio.run(_populate(hub))
        yield hub


async def _populate(hub: HubProcess) -> None:
    async with hub.operator() as operator:
        for device in ("witness", "victim"):
            await operator.create_device({"deviceId": device})


@pytest.fixture
def victim(hub: HubProcess) -> ConnectionString:
    return hub.identity("victim")


def unnoticed(hub: HubProcess, scenario: Callable[[], Awaitable[None]]) -> None:
    """Play it while a device goes on working; afterwards nothing of it is stored."""

    async def play() -> None:
        async with hub.operator() as operator, working(hub) as device:
            before, version = await stored(operator), await device.report({"at": "first"})
            await scenario()
            assert device.is_open, "a connection broke that had nothing to do with it"
            assert await device.report({"at": "last"}) == version + 1
            assert await stored(operator) == before

    asyncio.run(play())


@asynccontextmanager
async def working(hub: HubProcess) -> AsyncIterator[DeviceClient]:
    """A device that minds its own business."""
    device = await connect(
        hub.identity("witness"),
        hub.device_options(timeout_s=PATIENCE_S),
        now=wall_time().timestamp(),
        on_desired=lambda *_: None,
        on_lost=lambda: None,
    )
    yield device
    await device.close()


async def stored(operator: ServiceClient) -> list[Any]:
    """All that there is but what the working device reports itself."""
    twins = [twin async for twin in operator.query("SELECT * FROM devices")]
    return [
        (twin["deviceId"], twin["etag"], twin["deviceId"] == "witness" or twin["version"])
        for twin in twins
    ] + [dict(each) for each in await operator.list_configurations()]


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_who_says_it_is_cut_off(hub: HubProcess, said: bytes) -> None:
    async def scenario() -> None:
        async with on_the_line(hub) as wire:
            wire.say(said)
            assert await wire.last_words() == b""

    unnoticed(hub, scenario)


@pytest.mark.parametrize("said", GUESTS.values(), ids=GUESTS)
def test_a_device_that_says_it_is_cut_off(
    hub: HubProcess, victim: ConnectionString, said: bytes
) -> None:
    async def scenario() -> None:
        async with let_in(hub, victim) as (wire, _):
            wire.say(said)
            assert await wire.last_words() == b""

    unnoticed(hub, scenario)


@pytest.mark.parametrize("said", NO_PATCHES.values(), ids=NO_PATCHES)
def test_a_device_that_reports_it_is_told_so_and_stays(
    hub: HubProcess, victim: ConnectionString, said: bytes
) -> None:
    async def scenario() -> None:
        async with let_in(hub, victim) as (wire, _):
            answer = await wire.ask(Subscribe(1, (("$iothub/twin/res/#", 0),)))
            answer = await wire.ask(Publish(ReportedPatch("1").topic, said))
            assert isinstance(answer, Publish)
            delivery = parse_delivery(answer.topic)
            assert isinstance(delivery, TwinResponse)
            assert 400 <= delivery.status < 500
            assert json.loads(answer.payload)["errorCode"]
            assert await wire.ask(Pingreq()) == Pingresp()

    unnoticed(hub, scenario)


@pytest.mark.parametrize("door", ["https_port", "mqtt_port"])
@pytest.mark.parametrize(
    "said", [NOISE, HTTP, encode(Connect("victim"))], ids=["noise", "HTTP", "MQTT"]
)
def test_who_speaks_no_tls_is_cut_off(hub: HubProcess, door: str, said: bytes) -> None:
    async def scenario() -> None:
        async with on_the_line(hub, getattr(hub, door), tls=False) as wire:
            wire.say(said)
            assert b"HTTP" not in await wire.last_words()

    unnoticed(hub, scenario)


def test_another_protocol_level_is_told_so(hub: HubProcess, victim: ConnectionString) -> None:
    async def scenario() -> None:
        async with on_the_line(hub) as wire:
            connect = bytearray(encode(greeting(victim)))
            connect[connect.index(b"MQTT") + 4] = 5
            wire.say(bytes(connect))
            assert await wire.hear() == Connack(session_present=False, code=1)
            assert await wire.last_words() == b""

    unnoticed(hub, scenario)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (NOISE, b"HTTP/1.1 400 "),
        (encode(Connect("victim")), b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000 + b"\r\n\r\n", b"HTTP/1.1 400 "),
        (
            b"PUT /devices/new HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\n{{{{",
            b"HTTP/1.1 401 ",
        ),
        (b"POST /devices HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 40"),
    ],
    ids=["noise", "MQTT", "a long header", "no token", "a torn chunk"],
)
def test_https_answers_what_it_can_and_hangs_up(
    hub: HubProcess, said: bytes, answer: bytes
) -> None:
    async def scenario() -> None:
        async with on_the_line(hub, hub.https_port) as wire:
            wire.say(said)
            assert (await wire.last_words()).startswith(answer)

    unnoticed(hub, scenario)


def test_a_body_that_is_too_large_is_refused_before_it_is_there(hub: HubProcess) -> None:
    async def scenario() -> None:
        async with hub.operator() as operator:
            huge: Any = {"deviceId": "new", "filler": "x" * 300_000}
            with pytest.raises(ServiceError, match="413"):
                await operator.create_device(huge)

    unnoticed(hub, scenario)


def test_connections_that_never_come_to_anything_keep_nobody_out(hub: HubProcess) -> None:
    async def scenario() -> None:
        with ExitStack() as stack:
            for n in range(200):
                door = (hub.mqtt_port, hub.https_port)[n % 2]
                line = stack.enter_context(socket.create_connection((hub.address, door)))
                line.sendall((b"", HELLO)[n // 2 % 2])
            async with let_in(hub, hub.identity("victim")) as (wire, _):
                assert await wire.ask(Pingreq()) == Pingresp()

    unnoticed(hub, scenario)


def test_what_was_sent_in_vain_is_not_kept(hub: HubProcess) -> None:
    async def flood() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(50):
                wire = await stack.enter_async_context(on_the_line(hub))
                wire.say(b"\x10\xff\xff\x13" + bytes(250_000))  # a CONNECT without its end
                await wire.sent()

    async def scenario() -> None:
        await flood()
        before = hub.resident_bytes
        for _ in range(5):
            await flood()
        assert hub.resident_bytes - before < 32 * MIB

    unnoticed(hub, scenario)
