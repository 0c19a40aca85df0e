"""One MQTT connection of a client: packets out, answers and publishes in, and no task of its own.

Decided here: which answer belongs to which request, and when a silent hub counts as lost. Not
here: what is published, and when to connect again.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, cast

from affinage.domain.errors import Unavailable
from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import (
    Connack,
    Decoder,
    Disconnect,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Suback,
    encode,
)

FAREWELL_S: Final = 5.0
"""How long a hub may take to end a connection that was closed, before it is dropped."""

CONNACK: Final = "connack"
SUBACK: Final = "suback"
"""Names under which the answers to the first packets are waited for."""

_PACKET_IDS: Final = 65_535


class Link(asyncio.Protocol):
    """A connection, from its first byte to its last.

    Args:
        name: what messages call the client.
        on_publish: told each PUBLISH, in order; whether it was taken, and may be acknowledged.
            A ProtocolError that it raises ends the connection.
        on_lost: told once when the connection ends, unless `close` or `abort` ended it.
    """

    __slots__ = (
        "_decoder", "_ended", "_is_heard", "_is_ours", "_name", "_on_lost", "_on_publish",
        "_packet_id", "_timer", "_transport", "_waiting",
    )  # fmt: skip

    def __init__(
        self, name: str, *, on_publish: Callable[[Publish], bool], on_lost: Callable[[], None]
    ) -> None:
        self._name = name
        self._on_publish = on_publish
        self._on_lost = on_lost
        self._decoder = Decoder()
        self._waiting: dict[str, asyncio.Future[Packet]] = {}
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_heard = True
        self._is_ours = False
        self._packet_id = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def dial(
        self, address: str, port: int, *, host: str, context: ssl.SSLContext, timeout_s: float
    ) -> None:
        """Connect over TLS to a hub that proves to be ``host``.

        Raises:
            ssl.SSLError: it could not prove it.
            Unavailable: nothing answers at that address, or not in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                await loop.create_connection(
                    lambda: self,
                    address,
                    port,
                    ssl=context,
                    server_hostname=host,
                    ssl_shutdown_timeout=FAREWELL_S,
                )
        except ssl.SSLError:
            raise
        except OSError as error:  # a TimeoutError is one
            raise Unavailable(f"{self._name} cannot reach {address}:{port}") from error

    async def ask(self, name: str, packet: Packet, *, timeout_s: float) -> Packet:
        """Send ``packet``, and wait for the answer that comes under ``name``.

        Raises:
            Unavailable: the connection is gone, or no answer came in time. The hub may have acted
                on the packet all the same.
        """
        future: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        try:
            async with asyncio.timeout(timeout_s):
                self.send(packet)
                return await future
        except TimeoutError:
            raise Unavailable(f"{self._name}: no answer within {timeout_s:g} s") from None
        finally:
            self._waiting.pop(name, None)

    async def publish(self, topic: str, payload: bytes, *, timeout_s: float) -> None:
        """Publish at QoS 1; returns when the hub has acknowledged it.

        Raises:
            Unavailable: the connection is gone, or no answer came in time; the hub may have it all
                the same. Or _PACKET_IDS publishes are not acknowledged yet.
        """
        packet_id = self._free_packet_id()
        packet = Publish(topic, payload, qos=1, packet_id=packet_id)
        await self.ask(_puback(packet_id), packet, timeout_s=timeout_s)

    def answer(self, name: str, packet: Packet) -> None:
        """Give ``packet`` to whoever waits under ``name``; to nobody, if nobody does."""
        future = self._waiting.pop(name, None)
        if future is not None and not future.done():
            future.set_result(packet)

    def send(self, packet: Packet) -> None:
        """Raises Unavailable if the connection is gone."""
        if self._transport is None or self._transport.is_closing():
            raise Unavailable(f"{self._name} is not connected")
        self._transport.write(encode(packet))

    def keep_alive(self, seconds: float) -> None:
        """Ping the hub so often; it is lost if it says nothing from one ping to the next."""
        if self.is_open:
            self.send(Pingreq())
        self._is_heard = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._listen, seconds)

    async def close(self) -> None:
        """Say goodbye, and wait until the connection has ended."""
        self._is_ours = True
        if self._transport is None:
            return
        if not self._transport.is_closing():
            self.send(Disconnect())
            self._transport.close()
        await asyncio.shield(self._ended)

    def abort(self) -> None:
        """End the connection without a word, as a device does that loses its power."""
        self._is_ours = True
        self._drop()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._is_heard = True
        try:
            for packet in self._decoder.feed(data):
                self._take(packet)
        except ProtocolError:
            self._drop()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unavailable(f"{self._name} lost its connection"))
        self._ended.set_result(None)
        if not self._is_ours:
            self._on_lost()

    # Inside

    def _free_packet_id(self) -> int:
        for _ in range(_PACKET_IDS):
            self._packet_id = self._packet_id % _PACKET_IDS + 1
            if _puback(self._packet_id) not in self._waiting:
                return self._packet_id
        raise Unavailable(f"{self._name}: the hub acknowledges nothing")

    def _take(self, packet: Packet) -> None:
        match packet:
            case Publish():
                if self._on_publish(packet) and packet.qos and self.is_open:
                    self.send(Puback(packet.packet_id))
            case Puback():
                self.answer(_puback(packet.packet_id), packet)
            case Connack():
                self.answer(CONNACK, packet)
            case Suback():
                self.answer(SUBACK, packet)
            case _:
                pass  # a PINGRESP was heard, which is all that it is for

    def _listen(self, seconds: float) -> None:
        if self._is_heard:
            self.keep_alive(seconds)
        else:
            self._drop()

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _puback(packet_id: int) -> str:
    """The name under which the acknowledgement of a publish is waited for."""
    return f"puback {packet_id}"
