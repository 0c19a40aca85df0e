"""frontends/tls/transport.py over sockets of this machine, in both event loops."""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from socket import SO_LINGER, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET

import pytest
import uvloop

from affinage.frontends.tls.capacity import Capacity
from affinage.frontends.tls.transport import HANDSHAKE_S, serve_tls
from fakes.tls import HOST, V12, V13, Device, Door, ders, device_context, hub_context, self_signed

GARBAGE = b"\x16\x03\x01\x00\x05hello"
"""A record that claims to be a handshake's."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Scenario = Callable[[], Awaitable[None]]

BIG = bytes(range(256)) * 8192
"""2 MiB: more than the sockets between the two hold, at the sizes that are set below."""


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    """Run a scenario to its end in one of the event loops."""
    make = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    async def patiently(scenario: Scenario) -> None:
        async with asyncio.timeout(20):
            await scenario()

    def run(scenario: Scenario) -> None:
        with asyncio.Runner(loop_factory=make) as runner:
            runner.run(patiently(scenario))

    return run


class Echo(Door):
    """Says what it hears, and listens no more while it cannot say it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_stuck = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 2**16)

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        self.transport.write(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.is_stuck.set()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.transport.resume_reading()


class Hall:
    """A listening hub and the doors that were opened, in order."""

    def __init__(self, handshake_s: float = HANDSHAKE_S, most: int = 100) -> None:
        self._handshake_s, self.capacity = handshake_s, Capacity(most)
        self.doors: list[Echo] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Hall":
        self._server = await serve_tls(
            self._door,
            hub_context,
            "127.0.0.1",
            0,
            handshake_s=self._handshake_s,
            capacity=self.capacity,
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for door in self.doors:
            await door.is_lost.wait()

    def _door(self) -> Echo:
        self.doors.append(Echo())
        return self.doors[-1]

    async def until_empty(self) -> None:
        """Return once every connection has been counted out."""
        while self.capacity.open:  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0)

    async def plain(self) -> Streams:
        return self._kept(await asyncio.open_connection("127.0.0.1", self.port))

    async def secure(self, context: ssl.SSLContext | None = None, limit: int = 2**16) -> Streams:
        tls = context or device_context()
        return self._kept(
            await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=tls, server_hostname=HOST, limit=limit
            )
        )

    def _kept(self, streams: Streams) -> Streams:
        self._writers.append(streams[1])
        return streams


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def said(writer: asyncio.StreamWriter, text: bytes) -> None:
    writer.write(text)
    await writer.drain()


Run = Callable[[Scenario], None]


@pytest.mark.parametrize("version", [V12, V13])
def test_a_device_with_a_certificate_of_its_own_is_heard(run: Run, version: ssl.TLSVersion) -> None:
    """TLS-1, TLS-3, TLS-4."""
    shown = self_signed("pump-1")

    async def scenario() -> None:
        async with Hall() as hall:
            reader, writer = await hall.secure(device_context(version, shown))
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            (door,) = hall.doors
            assert door.transport.get_extra_info("peer_certificate") == ders(shown)
            name = writer.get_extra_info("sockname")
            assert door.transport.get_extra_info("peername") == name
            await closed(writer)

    run(scenario)


@pytest.mark.parametrize("version", [V12, V13])
def test_big_transfers_wait_for_slow_readers_both_ways(run: Run, version: ssl.TLSVersion) -> None:
    """TLS-8, TLS-9, TLS-10: the device reads nothing until the echo cannot say any more."""

    async def scenario() -> None:
        async with Hall() as hall, asyncio.TaskGroup() as tasks:
            reader, writer = await hall.secure(device_context(version), limit=2**10)
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 2**16)
            tasks.create_task(said(writer, b"x" + BIG * 4))
            await reader.readexactly(1)  # the door is open
            await hall.doors[0].is_stuck.wait()
            for _ in range(4):
                assert await reader.readexactly(len(BIG)) == BIG
            await closed(writer)

    run(scenario)


def test_many_small_records_are_heard_in_order(run: Run) -> None:
    """TLS-8."""

    async def scenario() -> None:
        async with Hall() as hall:
            reader, writer = await hall.secure()
            for number in range(2000):
                writer.write(b"%04d" % number)
            answer = await reader.readexactly(8000)
            assert answer == b"".join(b"%04d" % number for number in range(2000))
            await closed(writer)

    run(scenario)


def test_a_handshake_that_is_not_done_in_time_is_cut(run: Run) -> None:
    """TLS-6."""
    assert HANDSHAKE_S == 20

    async def scenario() -> None:
        async with Hall(handshake_s=0.01) as hall:
            reader, writer = await hall.plain()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            assert hall.doors == []
            await closed(writer)

    run(scenario)


def test_handshakes_that_arrive_together_are_all_made(run: Run) -> None:
    """TLS-16."""

    async def scenario() -> None:
        async with Hall() as hall:
            together = await asyncio.gather(*(hall.secure() for _ in range(20)))
            assert len(hall.doors) == 20
            for _, writer in together:
                await closed(writer)

    run(scenario)


def test_a_stranger_beyond_what_there_is_room_for_is_cut_at_once(run: Run) -> None:
    """TLS-15"""

    async def scenario() -> None:
        async with Hall(most=1) as hall:
            first = await hall.plain()
            reader, _ = await hall.plain()
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            assert (hall.capacity.open, hall.capacity.refused) == (1, 1)
            await closed(first[1])
            await hall.until_empty()
            await closed((await hall.secure())[1])

    run(scenario)


def test_garbage_ends_its_own_connection_only(run: Run) -> None:
    """TLS-7."""

    async def scenario() -> None:
        async with Hall() as hall:
            reader, writer = await hall.secure()
            bad_reader, bad_writer = await hall.plain()
            bad_writer.write(GARBAGE)
            assert (await bad_reader.read())[0] == 21  # an alert, then the end
            writer.write(b"still here")
            assert await reader.readexactly(10) == b"still here"
            await closed(bad_writer)
            await closed(writer)

    run(scenario)


def test_a_device_that_is_cut_off_is_lost_and_can_be_written_to(run: Run) -> None:
    """TLS-12."""

    async def scenario() -> None:
        async with Hall() as hall:
            reader, writer = await hall.secure()
            writer.write(b"x")
            await reader.readexactly(1)
            socket = writer.get_extra_info("socket")
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            writer.transport.abort()
            (door,) = hall.doors
            await door.is_lost.wait()
            for _ in range(10):
                door.transport.write(b"x" * 1000)
            assert door.said == ["made", "lost"]

    run(scenario)


def test_a_door_that_closes_has_everything_sent_first(run: Run) -> None:
    """TLS-11; over our own client, as uvloop's loses what a goodbye overtakes."""

    async def scenario() -> None:
        async with Hall() as hall:
            device, (reader, writer) = Device(device_context()), await hall.plain()
            while not device.shake_hands():
                writer.write(device.take())
                device.give(await reader.read(2**16))
            writer.write(device.take() + device.say(b"x"))
            device.give(await reader.read(2**16))
            hall.doors[0].transport.write(BIG)
            hall.doors[0].transport.close()
            device.give(await reader.read())
            assert device.heard() == b"x" + BIG
            assert device.tls.read(1) == b""  # the goodbye
            await closed(writer)

    run(scenario)
