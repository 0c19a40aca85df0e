"""Requests over HTTP/1.1 and TLS, on connections that are kept: just what the service client needs.

One connection carries one request at a time; as many are opened as requests run at once. A GET
that finds its kept connection closed is sent again on a new one; nothing else is ever sent twice.

Source: RFC 9112.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import Unavailable

MAX_HEAD: Final = 64 * 1024
"""Bytes that the status line and the headers of a response may take."""

_NO_BODY: Final = frozenset({204, 304})
_BROKEN: Final = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
"""How a response that is none shows itself; a TimeoutError is an OSError."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """By name in lower case; of a doubled one the last."""
    body: bytes


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
        try:
            async with asyncio.timeout(self._timeout_s + patience_s):
                return await self._exchange(text, is_repeatable=method == "GET")
        except ssl.SSLError:
            raise
        except _BROKEN as error:
            server = f"{self._origin.host}:{self._origin.port}"
            raise Unavailable(f"{method} {target[:200]} got no answer from {server}") from error

    async def close(self) -> None:
        """Close the kept connections; a request that runs closes its own when it ends."""
        self._is_closed = True
        kept, self._kept = self._kept, []
        for connection in kept:
            await connection.close()

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
        self.was_written_to = False
        if self.has_ended:
            raise EOFError
        self.was_written_to = True
        self._writer.write(request)
        await self._writer.drain()
        status, headers = _parse_head(await self._reader.readuntil(b"\r\n\r\n"))
        return Response(status, headers, await self._body(status, headers))

    def abort(self) -> None:
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):  # it is gone, which is what was asked for
            await self._writer.wait_closed()

    async def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in _NO_BODY:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        return await self._reader.read()  # all that comes until the server closes

    async def _chunks(self) -> bytes:
        chunks = []
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            chunks.append(await self._reader.readexactly(size))
            await self._reader.readline()
        while (await self._reader.readline()).strip():
            pass  # trailers say nothing to us
        return b"".join(chunks)


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP/1 response: {first[:40]!r}")
    pairs = (line.partition(":") for line in lines if line)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}
