"""A hub's MQTT door in a few lines: what a device client needs of one, and the ways it may fail.

Built from the protocol's packets alone, it believes nobody without the right key, and keeps twins
in memory. Nothing of the real hub is in it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from affinage.domain.values import JsonObject, is_object, merge
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    encode,
)
from affinage.protocol.tokens import parse, verify
from affinage.protocol.topics import (
    DesiredNotification,
    MethodAnswer,
    ReportedPatch,
    Telemetry,
    TwinGet,
    TwinResponse,
    parse_request,
)
from fakes.authority import HOST, authority

KEY: Final = "c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGtleQ=="


@dataclass
class FakeTwin:
    desired: JsonObject = field(default_factory=dict)
    reported: JsonObject = field(default_factory=dict)
    desired_version: int = 1
    reported_version: int = 1
    patches: list[JsonObject] = field(default_factory=list)


class FakeHub:
    """Switches say how it fails; `twins` what it knows, made when first asked for."""

    def __init__(self) -> None:
        self.twins: dict[str, FakeTwin] = {}
        self.doors: dict[str, _Door] = {}
        self.connects: list[Connect] = []
        self.heard: list[Packet] = []
        self.acknowledged: list[int] = []
        self.telemetry: list[tuple[Mapping[str, str | None], bytes]] = []
        self.results: list[tuple[MethodAnswer, bytes]] = []
        self.goodbyes = 0
        self.port = 0
        self.now = 0.0
        self.connack = 0
        """The code that it answers a good CONNECT with."""
        self.suback = 0
        self.status = 0
        """What it answers twin requests with; 0 for what is right."""
        self.is_mute = False
        """Nothing is answered any more."""
        self.hangs_up = False
        """It drops who asks for anything of a twin."""
        self.on_twin_read: Callable[[], None] | None = None
        """Called once, just after the next twin was read."""
        self.garbage = b""
        """What it answers every packet with, if anything."""
        self.all_doors: list[_Door] = []
        """Whoever is connected, greeted or not."""
        self.greeting = self.most_greeting = 0
        """Connections, at this moment and at most, over which no twin was read yet."""
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def string(self, device: str, key: str = KEY) -> ConnectionString:
        return ConnectionString(HOST, device=device, key=key)

    def twin(self, name: str) -> FakeTwin:
        return self.twins.setdefault(name, FakeTwin())

    def desire(self, name: str, patch: JsonObject) -> None:
        """Merge, and tell the device if it is connected."""
        twin = self.twin(name)
        merged = merge(twin.desired, patch)
        assert is_object(merged)
        twin.desired, twin.desired_version = merged, twin.desired_version + 1
        if name in self.doors:
            body = {**patch, "$version": twin.desired_version}
            topic = DesiredNotification(twin.desired_version).topic
            self.doors[name].send(Publish(topic, json.dumps(body).encode()))

    def cut(self, name: str) -> None:
        self.doors[name].transport.abort()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that the hub sees is so."""
        if not holds():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((holds, future))
            await future

    def look(self) -> None:
        """Something has happened: wake whoever waited for it."""
        met = [pair for pair in self._waiting if pair[0]()]
        self._waiting = [pair for pair in self._waiting if pair not in met]
        for _, future in met:
            if not future.done():  # who waited may have given up
                future.set_result(None)


class _Door(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, hub: FakeHub) -> None:
        self.hub = hub
        self.decoder = Decoder()
        self.identity = Identity("")
        self.is_greeting = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.hub.all_doors.append(self)
        self.hub.greeting += 1
        self.hub.most_greeting = max(self.hub.most_greeting, self.hub.greeting)

    def data_received(self, data: bytes) -> None:
        for packet in self.decoder.feed(data):
            self.hub.heard.append(packet)
            if self.hub.garbage:
                self.transport.write(self.hub.garbage)
            elif not self.hub.is_mute:
                self.take(packet)
        self.hub.look()

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.all_doors.remove(self)
        self.greeted()
        if self.hub.doors.get(self.identity.client_id) is self:
            del self.hub.doors[self.identity.client_id]
        self.hub.look()

    def greeted(self) -> None:
        self.hub.greeting -= self.is_greeting
        self.is_greeting = False

    def take(self, packet: Packet) -> None:
        match packet:
            case Connect():
                self.greet(packet)
            case Subscribe(packet_id, filters):
                code = self.hub.suback
                self.send(Suback(packet_id, tuple(code for _ in filters)))
            case Publish():
                self.answer(packet)
            case Pingreq():
                self.send(Pingresp())
            case Puback(packet_id):
                self.hub.acknowledged.append(packet_id)
            case Disconnect():
                self.hub.goodbyes += 1
            case _:
                raise AssertionError(f"a device does not send {packet}")

    def greet(self, packet: Connect) -> None:
        self.hub.connects.append(packet)
        code = self.hub.connack or self.proof(packet)
        self.send(Connack(session_present=False, code=code))
        if code:
            self.transport.close()
            return
        self.hub.doors[self.identity.client_id] = self

    def proof(self, packet: Connect) -> int:
        username = Username.parse(packet.username or "")
        self.identity = username.identity
        resource = f"{username.host}/{self.identity.root}"
        try:
            token = parse((packet.password or b"").decode())
            verify(token, resource=resource, keys=[KEY], now=self.hub.now)
        except ProtocolError:
            return 5
        return 0

    def answer(self, packet: Publish) -> None:
        twin = self.hub.twin(self.identity.client_id)
        request = parse_request(packet.topic, self.identity)
        if self.hub.hangs_up:
            self.transport.abort()
            return
        if self.hub.status:
            assert isinstance(request, TwinGet | ReportedPatch)
            body = b'{"errorCode":400004,"message":"no, thanks"}'
            self.send(Publish(TwinResponse(self.hub.status, request.rid).topic, body))
            return
        match request:
            case TwinGet(rid):
                self.greeted()
                both = {
                    "desired": {**twin.desired, "$version": twin.desired_version},
                    "reported": {**twin.reported, "$version": twin.reported_version},
                }
                self.send(Publish(TwinResponse(200, rid).topic, json.dumps(both).encode()))
                call, self.hub.on_twin_read = self.hub.on_twin_read, None
                if call:
                    call()
            case ReportedPatch(rid):
                patch = json.loads(packet.payload)
                merged = merge(twin.reported, patch)
                assert is_object(merged)
                twin.reported, twin.reported_version = merged, twin.reported_version + 1
                twin.patches.append(patch)
                self.send(Publish(TwinResponse(204, rid, twin.reported_version).topic))
            case Telemetry(properties=properties):
                self.hub.telemetry.append((properties, packet.payload))
                self.send(Puback(packet.packet_id))
            case MethodAnswer():
                self.hub.results.append((request, packet.payload))

    def send(self, packet: Packet) -> None:
        self.transport.write(encode(packet))


@asynccontextmanager
async def fake_hub() -> AsyncIterator[FakeHub]:
    """A hub on loopback that proves to be HOST, for as long as the context lasts."""
    hub = FakeHub()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Door(hub), "127.0.0.1", 0, ssl=authority().server)
    hub.port = server.sockets[0].getsockname()[1]
    try:
        yield hub
    finally:
        for door in [*hub.all_doors]:
            door.transport.abort()
        server.close()
        await server.wait_closed()
