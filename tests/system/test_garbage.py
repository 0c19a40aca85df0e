"""What connections leave behind: nothing that the garbage collector would have to find.

A hub hardly ever lets it run through everything, for that stops the hub for as long as the fleet is
large. So what has ended must be gone by itself, or a fleet that comes and goes fills the memory.
"""

import asyncio
import gc
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.apps.hub import Hub
from affinage.apps.keys import Keys
from affinage.apps.place import authority
from affinage.apps.settings import HubSettings
from affinage.clients.device import DeviceClient, DeviceOptions, connect
from affinage.clients.service import ServiceClient, ServiceError
from affinage.clients.trust import trust
from affinage.domain.errors import AffinageError
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from fakes.looped import looped
from fakes.websocket import REQUEST

pytestmark = pytest.mark.system

KEY: Final = "a2V5IG9mIGFsbCBkZXZpY2VzIG9mIHRoaXMgZmxlZXQ="
OURS: Final = ("MqttConnection", "HttpConnection", "TlsProtocol", "Engine", "Tunnel")
"""What a connection consists of; an `Engine` holds OpenSSL's buffers, the most of it."""

PATIENCE_S: Final = 10.0

GUEST: Final[JsonObject] = {
    "deviceId": "guest",
    "authentication": {"symmetricKey": {"primaryKey": KEY, "secondaryKey": KEY}},
}

Visit = Callable[[Hub], Awaitable[None]]


async def _come_in(hub: Hub) -> DeviceClient:
    options = DeviceOptions(_context(hub), hub.place.mqtt_port, hub.place.address)
    client = await connect(
        ConnectionString(hub.place.hostname, device="guest", key=KEY),
        options,
        now=wall_time().timestamp(),
        on_desired=lambda *_: None,
        on_lost=lambda: None,
        on_message=lambda _: None,
    )
    await client.get_twin()
    await client.report({"is": "here"})
    await client.send(b"{}")
    return client


async def _be_lost(hub: Hub) -> None:
    (await _come_in(hub)).abort()


async def _say_goodbye(hub: Hub) -> None:
    await (await _come_in(hub)).close()


async def _be_taken_over(hub: Hub) -> None:
    first = await _come_in(hub)
    await (await _come_in(hub)).close()
    first.abort()


async def _ask(hub: Hub) -> None:
    async with _back_end(hub) as another:
        await another.device_statistics()


async def _upgrade(hub: Hub) -> None:
    place = hub.place
    reader, writer = await asyncio.open_connection(
        place.address, place.https_port, ssl=_context(hub), server_hostname=place.hostname
    )
    writer.write(REQUEST)
    assert b"101" in await reader.readline()
    writer.transport.abort()


@pytest.mark.parametrize("visit", [_be_lost, _say_goodbye, _be_taken_over, _ask, _upgrade])
def test_a_connection_that_has_ended_is_gone(visit: Visit, tmp_path: Path) -> None:
    @looped
    async def scenario() -> None:
        settings = HubSettings(tmp_path / "data", https_port=0, mqtt_port=0)
        async with Hub(settings) as hub, _back_end(hub) as back_end:
            await back_end.create_device(GUEST)  # its connection stays
            await visit(hub)  # the first one leaves what the next ones use again
            await _until(lambda: _open(hub) == 1)
            with _no_collector():
                before = _alive()
                await visit(hub)
                await _until(lambda: _open(hub) == 1)
                await _until(lambda: _alive() == before)

    scenario()


async def _report_nonsense(hub: Hub) -> None:
    client = await _come_in(hub)
    nonsense: list[JsonObject] = [
        {"a.b": 1},
        {"a": "x" * 5000},
        {str(n): "x" * 4000 for n in range(9)},
    ]
    for refused in nonsense:
        with suppress(AffinageError):
            await client.report(refused)
    await client.close()


async def _ask_nonsense(hub: Hub) -> None:
    async with _back_end(hub) as another:
        for refused in (
            another.get_device("nobody"),
            another.patch_twin("guest", {"tags": {"a.b": 1}}),
            another.patch_twin("guest", {"tags": {}}, if_match="old"),
            another.create_device(GUEST),
            another.invoke("guest", {"methodName": "stop"}),
        ):
            with suppress(ServiceError):
                await refused


async def _prove_nothing(hub: Hub) -> None:
    options = DeviceOptions(_context(hub), hub.place.mqtt_port, hub.place.address)
    for device, key in (("guest", "b3RoZXIgdGhhbiB0aGF0IG9uZQ=="), ("nobody", KEY)):
        string = ConnectionString(hub.place.hostname, device=device, key=key)
        with suppress(AffinageError):
            await connect(
                string,
                options,
                now=wall_time().timestamp(),
                on_desired=lambda *_: None,
                on_lost=lambda: None,
            )


@pytest.mark.parametrize("visit", [_report_nonsense, _ask_nonsense, _prove_nothing])
def test_what_was_refused_is_gone(visit: Visit, tmp_path: Path) -> None:
    """An error holds what raised it, and that what was asked for: 256 KiB of a report, and more."""

    @looped
    async def scenario() -> None:
        settings = HubSettings(tmp_path / "data", https_port=0, mqtt_port=0)
        async with Hub(settings) as hub, _back_end(hub) as back_end:
            await back_end.create_device(GUEST)
            await visit(hub)
            await _until(lambda: _open(hub) == 1)
            with _no_collector():
                others = _errors()  # of tests that are still to come
                await visit(hub)
                await _until(lambda: _open(hub) == 1)
                await _until(lambda: _errors() <= others)

    scenario()


def _errors() -> Counter[str]:
    """Of the hub's own that are still there."""
    return Counter(repr(each) for each in gc.get_objects() if isinstance(each, AffinageError))


def _back_end(hub: Hub) -> ServiceClient:
    place = hub.place
    return ServiceClient(
        Keys(hub.settings.data).of_policy("iothubowner"),
        context=_context(hub),
        clock=lambda: wall_time().timestamp(),
        port=place.https_port,
        address=place.address,
    )


def _context(hub: Hub) -> ssl.SSLContext:
    return trust(authority(hub.settings.data))


def _open(hub: Hub) -> int:
    return hub.parts.capacity.open


def _alive() -> dict[str, int]:
    counted = Counter(type(each).__name__ for each in gc.get_objects())
    return {name: counted[name] for name in OURS}


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  # others bring it about
            await asyncio.sleep(0.01)
