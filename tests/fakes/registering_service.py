"""A provisioning service for one device at a time, which plays what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from affinage.clients.device import DeviceOptions
from affinage.clients.trust import trust
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Decoder,
    Packet,
    Publish,
    Suback,
    Subscribe,
    encode,
)
from affinage.protocol.registering import Register, RegistrationAnswer, parse_ask
from fakes.authority import authority

Answers = list[tuple[int, int | None, Any]]


class Service(asyncio.Protocol):
    """Answers each question with the next of `answers`."""

    def __init__(self, answers: Answers, connack: int = 0) -> None:
        self.answers, self.connack = answers, connack
        self.asked: list[Any] = []
        self.connects: list[Connect] = []
        self.port = 0
        self._decoder = Decoder()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for packet in self._decoder.feed(data):
            match packet:
                case Connect():
                    self.connects.append(packet)
                    self._say(Connack(session_present=False, code=self.connack))
                case Subscribe(packet_id, _):
                    self._say(Suback(packet_id, (0,)))
                case Publish(topic, payload):
                    self._answer(topic, payload)
                case _:
                    pass  # it says goodbye

    def _answer(self, topic: str, payload: bytes) -> None:
        ask = parse_ask(topic, Identity("dev1"))
        self.asked.append(json.loads(payload) if isinstance(ask, Register) else ask.operation)
        status, after, body = self.answers.pop(0)
        self._say(
            Publish(
                RegistrationAnswer(status, ask.rid, after).topic,
                body if isinstance(body, bytes) else json.dumps(body).encode(),
            )
        )

    def _say(self, packet: Packet) -> None:
        self._transport.write(encode(packet))


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[DeviceOptions]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: service, "127.0.0.1", 0, ssl=authority().server)
    port = server.sockets[0].getsockname()[1]
    try:
        yield DeviceOptions(trust(authority().ca_file), port, "127.0.0.1", timeout_s=10)
    finally:
        server.close()
        await server.wait_closed()
