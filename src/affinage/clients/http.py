"""Requests over HTTP/1.1 and TLS, on connections that are kept: just what the service client needs.

One connection carries one request at a time; as many are opened as requests run at once. A GET
that finds its kept connection closed is sent again on a new one; nothing else is ever sent twice.

Source: RFC 9112.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import Unavailable

MAX_HEAD: Final = 64 * 1024
"""Bytes that the status line and the headers of a response may take."""

_REFUSALS_FROM: Final = 300
_NO_BODY: Final = frozenset({204, 304})
_BROKEN: Final = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
"""How a response that is none shows itself; a TimeoutError is an OSError."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """By name in lower case; of a doubled one the last."""
    body: bytes

    @property
    def is_refusal(self) -> bool:
        return self.status >= _REFUSALS_FROM


@dataclass(frozen=True, slots=True)
class Origin:
    """The server: what it must prove to be, and where it is."""

    host: str
    port: int
    context: ssl.SSLContext
    address: str | None = None
    """Where to connect to; None for ``host``."""


class Connections:
    """The kept connections to one server; close them in the end."""

    def __init__(self, origin: Origin, *, timeout_s: float = 60.0) -> None:
        self._origin = origin
        self._timeout_s = timeout_s
        self._kept: list[_Connection] = []
        self._is_closed = False

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        patience_s: float = 0.0,
    ) -> Response:
        """Send one request, and read the whole response.

        Args:
            method: in capitals.
            target: path and query, encoded.
            headers: without Host and Content-Length, which are added.
            body: empty for none.
            patience_s: how much longer than others the server may take.

        Raises:
            ssl.SSLError: the server could not prove that it is the host.
            Unavailable: no connection, or no whole response in time; the server may have acted on
                the request all the same.
        """
        text = self._spell(method, target, headers, body)
        with self._answering(f"{method} {target}"):
            async with asyncio.timeout(self._timeout_s + patience_s):
                return await self._exchange(text, is_repeatable=method == "GET")

    @asynccontextmanager
    async def stream(self, target: str, headers: Mapping[str, str]) -> AsyncIterator["Streamed"]:
        """One GET whose answer is read as it comes, over a connection of its own.

        Raises:
            ssl.SSLError: the server could not prove that it is the host.
            Unavailable: no connection, or no answer in time.
        """
        with self._answering(f"GET {target}"):
            async with asyncio.timeout(self._timeout_s):
                connection = await _Connection.open(self._origin)
        try:
            answer = Streamed(connection, self._timeout_s, self._answering)
            await answer.begin(f"GET {target}", self._spell("GET", target, headers, b""))
            yield answer
        finally:
            connection.abort()

    async def close(self) -> None:
        """Close the kept connections; a request that runs closes its own when it ends."""
        self._is_closed = True
        kept, self._kept = self._kept, []
        for connection in kept:
            await connection.close()

    @contextmanager
    def _answering(self, asked: str) -> Iterator[None]:
        """Whatever goes wrong with an answer within is Unavailable."""
        try:
            yield
        except ssl.SSLError:
            raise
        except _BROKEN as error:
            server = f"{self._origin.host}:{self._origin.port}"
            raise Unavailable(f"{asked[:200]} got no answer from {server}") from error

    async def _exchange(self, request: bytes, *, is_repeatable: bool) -> Response:
        while self._kept:
            connection = self._kept.pop()
            try:
                return await self._use(connection, request)
            except (OSError, EOFError):
                if not is_repeatable and connection.was_written_to:
                    raise
        return await self._use(await _Connection.open(self._origin), request)

    async def _use(self, connection: "_Connection", request: bytes) -> Response:
        try:
            response = await connection.exchange(request)
        except BaseException:
            connection.abort()
            raise
        is_last = response.headers.get("connection", "").lower() == "close"
        if is_last or connection.has_ended or self._is_closed:
            await connection.close()
        else:
            self._kept.append(connection)
        return response

    def _spell(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._origin.host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"]
        assert not any("\r" in line or "\n" in line for line in lines), "a line break in a header"
        return "\r\n".join((*lines, "", "")).encode("ascii") + body


class Streamed:
    """An answer that comes bit by bit; nothing of it is read before it is asked for.

    Unavailable, wherever no more of it comes in time.
    """

    def __init__(
        self,
        connection: "_Connection",
        timeout_s: float,
        answering: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self.status = 0
        self._headers: Mapping[str, str] = {}
        self._asked = ""
        self._connection, self._timeout_s, self._answering = connection, timeout_s, answering

    async def begin(self, asked: str, request: bytes) -> None:
        """Ask, and read the head; `Connections.stream` calls it, once."""
        self._asked = asked
        with self._answering(asked):
            async with asyncio.timeout(self._timeout_s):
                self.status, self._headers = await self._connection.ask(request)

    async def whole(self) -> Response:
        """The answer, if it is a short one, as a refusal is."""
        with self._answering(self._asked):
            async with asyncio.timeout(self._timeout_s):
                body = await self._connection.body(self.status, self._headers)
        return Response(self.status, self._headers, body)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its chunks, until the server ends it."""
        async with aclosing(self._connection.chunks()) as chunks:
            while (piece := await self._next(chunks)) is not None:
                yield piece

    async def _next(self, chunks: AsyncGenerator[bytes, None]) -> bytes | None:
        with self._answering(self._asked):
            async with asyncio.timeout(self._timeout_s):
                return await anext(chunks, None)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.was_written_to = False

    @classmethod
    async def open(cls, origin: Origin) -> "_Connection":
        reader, writer = await asyncio.open_connection(
            origin.address or origin.host,
            origin.port,
            ssl=origin.context,
            server_hostname=origin.host,
            limit=MAX_HEAD,
        )
        return cls(reader, writer)

    @property
    def has_ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    async def exchange(self, request: bytes) -> Response:
        status, headers = await self.ask(request)
        return Response(status, headers, await self.body(status, headers))

    async def ask(self, request: bytes) -> tuple[int, Mapping[str, str]]:
        """Send a request, and read the head of its answer."""
        self.was_written_to = False
        if self.has_ended:
            raise EOFError
        self.was_written_to = True
        self._writer.write(request)
        await self._writer.drain()
        return _parse_head(await self._reader.readuntil(b"\r\n\r\n"))

    def abort(self) -> None:
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):  # it is gone, which is what was asked for
            await self._writer.wait_closed()

    async def body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in _NO_BODY:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join([chunk async for chunk in self.chunks()])
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        return await self._reader.read()  # all that comes until the server closes

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Each chunk of the body as it comes."""
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            yield await self._reader.readexactly(size)
            await self._reader.readline()
        while (await self._reader.readline()).strip():
            pass  # trailers say nothing to us


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP/1 response: {first[:40]!r}")
    pairs = (line.partition(":") for line in lines if line)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}
