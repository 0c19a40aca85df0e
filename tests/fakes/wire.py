"""A client that says any packet, or any bytes, over TLS, and hears packets one by one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import TOKEN_LIFE_S
from affinage.domain.errors import Unavailable
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.identities import API_VERSION, Identity, Username
from affinage.protocol.mqtt.packets import Connack, Connect, Decoder, Packet, encode
from affinage.protocol.tokens import make_token
from fakes.hub_process import PATIENCE_S, HubProcess

CHUNK: Final = 65536


class Wire:
    """One connection; `on_the_line` makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._decoder = Decoder()
        self._heard: list[Packet] = []

    def say(self, *packets: Packet | bytes) -> None:
        """Send them, in one piece."""
        self._writer.write(b"".join(p if isinstance(p, bytes) else encode(p) for p in packets))

    async def hear(self) -> Packet:
        """The next packet; Unavailable if none will come."""
        while not self._heard:
            received = await self._read()
            if not received:
                raise Unavailable("the connection has ended")
            self._heard += self._decoder.feed(received)
        return self._heard.pop(0)

    async def ask(self, packet: Packet) -> Packet:
        self.say(packet)
        return await self.hear()

    async def sent(self) -> None:
        """Return once the system has taken all that was said."""
        await self._writer.drain()

    async def last_words(self) -> bytes:
        """What else the hub says before it ends the connection."""
        said = b""
        while received := await self._read():
            said += received
        return said

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._reader.read(CHUNK)
        except ConnectionError:
            return b""


@asynccontextmanager
async def on_the_line(
    hub: HubProcess, port: int | None = None, *, tls: bool = True
) -> AsyncIterator[Wire]:
    """A connection to the hub's MQTT door or another ``port``; nothing has been said yet."""
    reader, writer = await asyncio.open_connection(
        hub.address, port or hub.mqtt_port, ssl=hub.context if tls else None
    )
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def let_in(hub: HubProcess, string: ConnectionString) -> AsyncIterator[tuple[Wire, bool]]:
    """The line of an identity that has connected, and whether the hub knew its subscriptions."""
    async with on_the_line(hub) as wire:
        answer = await wire.ask(greeting(string))
        assert isinstance(answer, Connack)
        assert answer.code == 0
        yield wire, answer.session_present


def greeting(string: ConnectionString) -> Connect:
    """The CONNECT of an identity, with a good token."""
    assert string.device is not None
    assert string.key is not None
    identity = Identity(string.device, string.module)
    username = Username(string.host, identity, {"api-version": API_VERSION}).text
    expiry = int(wall_time().timestamp()) + TOKEN_LIFE_S
    token = make_token(string.resource, string.key, expiry)
    return Connect(identity.client_id, username, token.encode())
