"""frontends/http/server.py: how a connection of HTTP becomes a WebSocket, and how it does not."""

import asyncio
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from affinage.frontends.http.server import HttpLimits, HttpServer
from affinage.frontends.tls.transport import serve_tls
from affinage.frontends.websocket.tunnel import Tunnel
from fakes.looped import looped
from fakes.tls import HOST, Door, Wire, ders, device_context, hub_context, self_signed
from fakes.websocket import REQUEST, WebSocketClient

PATH: Final = "/$iothub/websocket"


class Line(Wire):
    """A connection of a server that has a door behind its WebSocket."""

    def __init__(self, server: HttpServer) -> None:
        super().__init__()
        self._has_sent = asyncio.Event()
        self.protocol = server.connection()
        self.protocol.connection_made(self)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    async def ask(self, request: bytes) -> bytes:
        """What the request is answered, at once or by the app."""
        self._has_sent.clear()
        self.protocol.data_received(request)
        await self._has_sent.wait()
        return self.taken()

    def write(self, data: Any) -> None:
        super().write(data)
        self._has_sent.set()


class House:
    """A server of one app and one door."""

    def __init__(self, limits: HttpLimits | None = None) -> None:
        self.door, self.go = Door(), asyncio.Event()
        app = Starlette(routes=[Route("/slow", self.slow), Route("/{path:path}", self.plain)])
        self.http = HttpServer(app, limits or HttpLimits(), {PATH: lambda: self.door})

    def line(self) -> Line:
        return Line(self.http)

    async def plain(self, request: Request) -> Response:
        return PlainTextResponse(f"the app, at {request.url.path}")

    async def slow(self, request: Request) -> Response:
        await self.go.wait()
        return PlainTextResponse("at last")


@pytest.mark.parametrize("path", [PATH, "/%24iothub/websocket", f"{PATH}?iothub-no-client-cert=1"])
@looped
async def test_a_connection_becomes_a_websocket(path: str) -> None:
    """WEBSOCKET-1, WEBSOCKET-2."""
    house, client = House(), WebSocketClient()
    line = house.line()
    head = await line.ask(REQUEST.replace(PATH.encode(), path.encode()))
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\ndate: ")
    assert isinstance(line.protocol, Tunnel)
    line.protocol.data_received(client.say(b"hello"))
    assert house.door.heard == [b"hello"]
    house.door.transport.write(b"hello to you")
    assert client.heard(line.taken()) == [b"hello to you"]


@looped
async def test_the_handshake_may_come_byte_by_byte() -> None:
    house = House()
    line = house.line()
    for byte in REQUEST[:-1]:
        line.protocol.data_received(bytes([byte]))
    assert (await line.ask(REQUEST[-1:])).startswith(b"HTTP/1.1 101 ")


@looped
async def test_a_websocket_may_follow_a_request_that_was_answered() -> None:
    line = House().line()
    assert b"the app" in await line.ask(b"GET /x HTTP/1.1\r\n\r\n")
    assert (await line.ask(REQUEST)).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/$iothub/websocket ", b"/devices "),
        (b"/$iothub/websocket ", b"/$IoTHub/websocket "),
        (b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n"),
        (b"Connection: Upgrade\r\n", b""),
    ],
)
@looped
async def test_what_asks_for_none_here_is_answered_by_the_app(old: bytes, new: bytes) -> None:
    """WEBSOCKET-1."""
    house = House()
    assert b"the app, at /" in await house.line().ask(REQUEST.replace(old, new))
    assert house.door.said == []


@looped
async def test_a_handshake_that_is_none_is_told_why_and_closed() -> None:
    """WEBSOCKET-4, TLS-35."""
    house = House()
    line = house.line()
    head = await line.ask(REQUEST.replace(b": mqtt", b": AMQPWSB10"))
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ndate: ")
    assert line.is_closed
    assert house.door.said == []


@looped
async def test_a_request_under_way_is_not_overtaken_by_a_websocket() -> None:
    """WEBSOCKET-6."""
    house = House()
    line = house.line()
    line.protocol.data_received(b"GET /slow HTTP/1.1\r\n\r\n" + REQUEST)
    house.go.set()
    assert (await line.ask(b"")).endswith(b"at last")
    assert b"the app, at /$iothub" in await line.ask(b"")


@looped
async def test_what_is_sent_before_the_answer_is_not_heard() -> None:
    """WEBSOCKET-7: what comes after it is."""
    house, client = House(), WebSocketClient()
    line = house.line()
    assert (await line.ask(REQUEST + client.say(b"too early"))).startswith(b"HTTP/1.1 101 ")
    line.protocol.data_received(client.say(b"in time"))
    assert house.door.heard == [b"in time"]


@looped
async def test_https_limits_of_time_end_where_a_websocket_begins() -> None:
    """WEBSOCKET-2."""
    house = House(HttpLimits(header_s=0.0, body_s=0.0, keep_alive_s=0))
    line = house.line()
    await line.ask(REQUEST)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not line.is_closed


@looped
async def test_a_hub_that_stops_does_not_wait_for_websockets() -> None:
    """WEBSOCKET-2: they are ended with all of MQTT's, after."""
    house = House()
    line, idle = house.line(), house.line()
    await line.ask(REQUEST)
    drained = asyncio.ensure_future(house.http.drain())
    await asyncio.sleep(0)
    assert idle.is_closed
    assert not drained.done()
    idle.protocol.connection_lost(None)
    await drained
    assert not line.is_closed


@looped
async def test_a_header_has_its_limit_here_too() -> None:
    """TLS-31."""
    line = House().line()
    line.protocol.data_received(REQUEST[:-2] + b"x: " + b"x" * 65536)
    assert (await line.ask(b"x")).startswith(b"HTTP/1.1 400 ")
    assert line.is_closed


@looped
async def test_over_tls_the_door_sees_the_clients_certificate() -> None:
    """WEBSOCKET-23."""
    house, shown, client = House(), self_signed("pump-1"), WebSocketClient()
    server = await serve_tls(house.http.connection, hub_context, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tls = device_context(certificate=shown)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=HOST)
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    assert house.door.transport.get_extra_info("peer_certificate") == ders(shown)
    house.door.on_data = house.door.transport.write
    writer.write(client.say(b"z" * 100_000))
    echo = b""
    while len(echo) < 100_000:
        parts = client.heard(await reader.read(2**16))
        echo += b"".join(part for part in parts if isinstance(part, bytes))
    assert echo == b"z" * 100_000
    house.door.transport.close()
    assert client.heard(await reader.read(2**16)) == [1000]
    writer.write(client.close())
    assert await reader.read() == b""
    await house.door.is_lost.wait()
    server.close()
    writer.close()
