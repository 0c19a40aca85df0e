"""frontends/http/server.py, behind our TLS, as httpx and a hand-made client see it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest
import uvloop
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from affinage.frontends.http.server import DEFAULT_LIMITS, HttpLimits, HttpServer
from affinage.frontends.tls.transport import serve_tls
from fakes.tls import HOST, ders, device_context, hub_context, self_signed

Scenario = Callable[[], Awaitable[None]]
Run = Callable[[Scenario], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a scenario to its end in one of the event loops."""
    make = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    async def patiently(scenario: Scenario) -> None:
        async with asyncio.timeout(20):
            await scenario()

    def run(scenario: Scenario) -> None:
        with asyncio.Runner(loop_factory=make) as runner:
            runner.run(patiently(scenario))

    return run


class House:
    """An app behind a listening server. `seen` and `go` are how a test follows a slow request."""

    def __init__(self, limits: HttpLimits = DEFAULT_LIMITS) -> None:
        self.seen, self.go, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.ends: list[str] = []
        routes = [
            Route("/echo", self.echo, methods=["GET", "PUT"]),
            Route("/who", self.who),
            Route("/names", self.names),
            Route("/slow", self.slow, methods=["GET", "POST"]),
        ]
        self.http = HttpServer(Starlette(routes=routes), limits)

    async def echo(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            self.gone.set()
            raise
        return Response(body or b"nothing", headers={"x-digest": sha256(body).hexdigest()})

    async def who(self, request: Request) -> Response:
        chain = request.state.peer_certificate
        return JSONResponse(
            {"chain": chain and [der.hex() for der in chain], "url": str(request.url)}
        )

    async def names(self, request: Request) -> Response:
        return JSONResponse([name.decode() for name, _ in request.scope["headers"]])

    async def slow(self, request: Request) -> Response:
        self.seen.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ends.append("cancelled")
            raise
        self.ends.append("answered")
        return PlainTextResponse("at last")


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[int]:
    server = await serve_tls(house.http.connection, hub_context, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await house.http.drain()


def client(port: int, context: ssl.SSLContext | None = None, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{port}", verify=context or device_context(), **more
    )


@asynccontextmanager
async def line(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection, for what no HTTP library would send."""
    tls = device_context()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=HOST)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


def test_requests_with_and_without_bodies_are_answered(run: Run) -> None:
    """TLS-30, TLS-35: 2 MB there and back, too."""
    big = bytes(range(256)) * 8192

    async def scenario() -> None:
        async with serving(House()) as port, client(port) as http:
            answer = await http.get("/echo")
            assert (answer.status_code, answer.content) == (200, b"nothing")
            assert answer.headers["date"].endswith("GMT")
            assert "server" not in answer.headers
            assert (await http.put("/echo", content=b"small")).content == b"small"
            assert (await http.put("/echo", content=big)).content == big
            assert (await http.get("/nowhere")).status_code == 404

    run(scenario)


def test_the_app_sees_https_and_the_clients_certificate(run: Run) -> None:
    """TLS-33."""
    shown = self_signed("pump-1")

    async def scenario() -> None:
        async with serving(House()) as port:
            async with client(port, device_context(certificate=shown)) as http:
                seen = (await http.get("/who")).json()
            assert seen["chain"] == [der.hex() for der in ders(shown)]
            assert seen["url"] == f"https://127.0.0.1:{port}/who"
            async with client(port) as http:
                assert (await http.get("/who")).json()["chain"] is None

    run(scenario)


def test_an_app_finds_the_names_of_properties_as_they_were_sent(run: Run) -> None:
    """DEVICE-11"""

    async def scenario() -> None:
        async with serving(House()) as port, client(port) as http:
            sent = {"IoTHub-App-Zone": "4", "IoTHub-MessageId": "m"}
            names = (await http.get("/names", headers=sent)).json()
            assert {"IoTHub-App-Zone", "iothub-messageid"} <= {*names}

    run(scenario)


def test_requests_share_a_connection_one_after_another(run: Run) -> None:
    """TLS-30."""

    async def scenario() -> None:
        async with serving(House()) as port, line(port) as (reader, writer):
            for _ in range(3):
                writer.write(b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
                assert (await reader.readuntil(b"nothing")).startswith(b"HTTP/1.1 200")
            writer.write(b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
            for _ in range(2):
                await reader.readuntil(b"nothing")

    run(scenario)


def test_a_hundred_requests_at_a_time_are_answered(run: Run) -> None:
    async def scenario() -> None:
        async with serving(House()) as port, client(port) as http:
            bodies = [b"%d" % number * 1000 for number in range(100)]
            asked = [http.put("/echo", content=body) for body in bodies]
            answers = await asyncio.gather(*asked)
            assert [answer.content for answer in answers] == bodies

    run(scenario)


def test_a_client_that_is_cut_in_mid_request_harms_nobody(run: Run) -> None:
    async def scenario() -> None:
        house = House()
        async with serving(house) as port:
            async with line(port) as (_, writer):
                writer.write(b"PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf")
                await writer.drain()
                await asyncio.sleep(0)
            async with client(port) as http:
                assert (await http.get("/echo")).status_code == 200
            await house.gone.wait()

    run(scenario)


HEAD = b"PUT /echo HTTP/1.1\r\nHost: h\r\n"
TOO_MUCH: dict[str, bytes] = {
    "one long field": HEAD + b"x: " + b"x" * 100_000,
    "many fields": HEAD + b"x: y\r\n" * 20_000,
    "a long path": b"GET /" + b"x" * 100_000,
    "trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"x: y\r\n" * 20_000,
    "blank lines": b"\r\n" * 50_000,
}


@pytest.mark.parametrize("sent", TOO_MUCH)
def test_what_is_no_body_has_its_limit(run: Run, sent: str) -> None:
    """TLS-31."""
    assert DEFAULT_LIMITS.header_bytes == 65536

    async def scenario() -> None:
        async with serving(House()) as port, line(port) as (reader, writer):
            writer.write(TOO_MUCH[sent])
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\ndate: ")
            assert answer.endswith(b"The header takes more than 65536 bytes.")

    run(scenario)


def test_a_header_just_below_the_limit_passes_with_its_body(run: Run) -> None:
    """TLS-31."""

    async def scenario() -> None:
        async with serving(House()) as port, client(port) as http:
            answer = await http.put("/echo", content=b"y" * 200_000, headers={"x": "x" * 60_000})
            assert answer.content == b"y" * 200_000

    run(scenario)


def test_what_is_not_http_is_refused(run: Run) -> None:
    async def scenario() -> None:
        async with serving(House()) as port, line(port) as (reader, writer):
            writer.write(b"\x10\x20MQTT\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400")

    run(scenario)


@pytest.mark.parametrize("first", [b"", b"GET /echo HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("then", [b"", b"GET /ec"])
def test_a_header_that_does_not_come_in_time_closes(run: Run, first: bytes, then: bytes) -> None:
    """TLS-30, TLS-32."""
    assert (DEFAULT_LIMITS.header_s, DEFAULT_LIMITS.keep_alive_s) == (30, 75)

    async def scenario() -> None:
        limits = HttpLimits(header_s=0.01, keep_alive_s=0)
        async with serving(House(limits)) as port, line(port) as (reader, writer):
            writer.write(first)
            if first:
                await reader.readuntil(b"nothing")
            writer.write(then)
            assert await reader.read() == b""

    run(scenario)


def test_a_body_that_does_not_come_in_time_closes(run: Run) -> None:
    """TLS-36: also once it was answered, as a stranger is at once."""
    assert DEFAULT_LIMITS.body_s == 30

    async def scenario() -> None:
        limits = HttpLimits(body_s=0.01)
        async with serving(House(limits)) as port, line(port) as (reader, writer):
            writer.write(b"POST /echo HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nx")
            assert b"nothing" not in await reader.read()

    run(scenario)


def test_a_body_that_keeps_coming_has_the_time_for_it(run: Run) -> None:
    """TLS-36: a second more for each so many bytes."""
    assert DEFAULT_LIMITS.body_bytes_per_s == 8 * 1024

    async def scenario() -> None:
        limits = HttpLimits(body_s=0.01, body_bytes_per_s=10_000)
        async with serving(House(limits)) as port, line(port) as (reader, writer):
            body = bytes(5_000)
            writer.write(b"PUT /echo HTTP/1.1\r\ncontent-length: 10000\r\n\r\n" + body)
            await asyncio.sleep(0.05)  # five times what no bytes would have had
            writer.write(body)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    run(scenario)


def test_a_body_in_parts_has_its_time_and_the_next_header_its_own(run: Run) -> None:
    """TLS-36."""

    async def scenario() -> None:
        async with serving(House()) as port, line(port) as (reader, writer):
            for _ in range(2):
                writer.write(b"PUT /echo HTTP/1.1\r\ncontent-length: 4\r\n\r\nab")
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(b"cd")
                assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")

    run(scenario)


def test_a_late_header_waits_for_the_answer_before_it(run: Run) -> None:
    """TLS-32."""

    async def scenario() -> None:
        house = House(HttpLimits(header_s=0.01))
        async with serving(house) as port, line(port) as (reader, writer):
            writer.write(b"GET /slow HTTP/1.1\r\n\r\n")
            await house.seen.wait()
            writer.write(b"GET /ec")
            async with client(port) as http:
                for _ in range(20):
                    await http.get("/echo")
            house.go.set()
            assert (await reader.read()).endswith(b"at last")

    run(scenario)


def test_an_answer_may_take_as_long_as_a_device_does(run: Run) -> None:
    """METHOD-2: ten minutes, where header and body have their time, and idle connections theirs."""

    async def scenario() -> None:
        house = House(HttpLimits(header_s=0.01, body_s=0.01, keep_alive_s=0))
        async with serving(house) as port, line(port) as (reader, writer):
            writer.write(b"POST /slow HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
            await house.seen.wait()
            async with client(port) as http:
                for _ in range(20):
                    await http.get("/echo")
            house.go.set()
            assert (await reader.readuntil(b"at last")).startswith(b"HTTP/1.1 200")

    run(scenario)


def test_a_hub_that_stops_lets_requests_finish_and_closes_the_idle(run: Run) -> None:
    """TLS-34."""

    async def scenario() -> None:
        house = House()
        async with (
            serving(house) as port,
            client(port) as http,
            line(port) as (idle, writer),
            asyncio.TaskGroup() as tasks,
        ):
            writer.write(b"GET /echo HTTP/1.1\r\n\r\n")
            await idle.readuntil(b"nothing")
            answer = tasks.create_task(http.get("/slow"))
            await house.seen.wait()
            drained = tasks.create_task(house.http.drain())
            assert await idle.read() == b""
            assert not drained.done()
            house.go.set()
            assert (await answer).text == "at last"

    run(scenario)


def test_what_takes_too_long_when_the_hub_stops_is_cut(run: Run) -> None:
    """TLS-34; who comes then is closed at once."""
    assert DEFAULT_LIMITS.drain_s == 10

    async def scenario() -> None:
        house = House(HttpLimits(drain_s=0.01))
        async with serving(house) as port, line(port) as (reader, writer):
            writer.write(b"GET /slow HTTP/1.1\r\n\r\n")
            await house.seen.wait()
            await house.http.drain()
            assert house.ends == ["cancelled"]
            assert not (await reader.read()).startswith(b"HTTP/1.1 200")
            async with line(port) as (late, _):
                assert await late.read() == b""

    run(scenario)
