"""HTTP/1.1 over our own TLS: uvicorn's protocol as the inner one of each connection.

Decided here: how long and how much a stranger may send before anything is known of him, which path
may become a WebSocket, and how the connections end when the hub does. Not here: what a body may
take, which is the app's. An app finds the client's certificates, DER, in
``scope["state"]["peer_certificate"]``.

Source: TLS-30 to TLS-36, WEBSOCKET-1.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from types import MappingProxyType
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from affinage.frontends.websocket.handshake import answer
from affinage.frontends.websocket.tunnel import Tunnel

Tunnels = Mapping[str, Callable[[], asyncio.Protocol]]
"""What is spoken over a WebSocket, by the path at which one asks for it."""

NO_TUNNELS: Final[Tunnels] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    header_bytes: int = 64 * 1024
    """After which a header must be complete, in what a client may have sent that is no body."""
    header_s: float = 30.0
    """How long a header may take, from its connection or its first byte."""
    body_s: float = 30.0
    """How long a body may take, from when its header was there, whatever its size."""
    body_bytes_per_s: int = 8 * 1024
    """A second more for each so many bytes of it: a file may be large, and must not dawdle."""
    keep_alive_s: int = 75
    """How long a connection may be idle between two requests."""
    drain_s: float = 10.0
    """How long requests under way may take when the hub stops."""


DEFAULT_LIMITS: Final = HttpLimits()

OWN: Final = b"iothub-app-"
"""The headers whose names an app finds as they were sent; of all others, in lower case."""


class HttpServer:
    """Makes the connections of one app, and lets them finish when the hub stops."""

    def __init__(
        self, app: Any, limits: HttpLimits = DEFAULT_LIMITS, tunnels: Tunnels = NO_TUNNELS
    ) -> None:
        self._config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=limits.keep_alive_s,
        )
        self._config.load()
        self._limits = limits
        self._shared = SharedState(limits, tunnels)

    def connection(self) -> asyncio.Protocol:
        """A new inner protocol, for `serve_tls`."""
        return HttpConnection(self._config, self._shared, app_state={})

    async def drain(self) -> None:
        """Close idle connections, and the others after their request, or after ``drain_s``.

        A connection that comes meanwhile is closed at once. On return there is none.
        """
        shared = self._shared
        shared.is_draining = True
        for connection in list(shared.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await shared.quiet()
        except TimeoutError:
            shared.clear()
            await shared.quiet()


class SharedState(ServerState):
    """What the connections share: who is there, and whether more may come."""

    def __init__(self, limits: HttpLimits, tunnels: Tunnels) -> None:
        super().__init__()
        self.limits, self.tunnels = limits, tunnels
        self.is_draining = False
        self.is_empty = asyncio.Event()
        self.is_empty.set()

    async def quiet(self) -> None:
        """Wait until nobody is there, and the app does nothing any more."""
        await self.is_empty.wait()
        if self.tasks:
            await asyncio.wait(self.tasks)

    def clear(self) -> None:
        """Cancel what the app still does, and cut who is still there."""
        for task in self.tasks:
            task.cancel()
        for connection in self.connections:
            cast("HttpConnection", connection).transport.abort()


class HttpConnection(HttpToolsProtocol):
    """One connection, held to the limits."""

    server_state: SharedState

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.server_state.is_empty.clear()
        self.app_state = {"peer_certificate": transport.get_extra_info("peer_certificate")}
        self._unread = self._body = 0
        self._is_in_header = True
        self._inner: Callable[[], asyncio.Protocol] | None = None  # of the tunnel asked for
        self._lateness: asyncio.TimerHandle | None = None
        self._expect_header()
        if self.server_state.is_draining:
            transport.close()

    def data_received(self, data: bytes) -> None:
        limit = self.server_state.limits.header_bytes
        self.server_state.default_headers = _date(int(self.loop.time()))
        if self._unread >= limit:
            self.send_400_response(f"The header takes more than {limit} bytes.")
            return
        self._unread += len(data)
        if self._is_in_header and self._lateness is None:
            self._expect_header()
        super().data_received(data)
        if not self._is_in_header and self._lateness is None:
            wait_s = self.server_state.limits.body_s
            self._lateness = self.loop.call_later(wait_s, self._body_may_be_late)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if self.headers[-1][0].startswith(OWN):
            self.headers[-1] = (name, value)  # a property is called as its sender spells it

    def on_headers_complete(self) -> None:
        self._unread, self._is_in_header = 0, False
        self._body_began, self._body = self.loop.time(), 0
        self._stop_waiting()
        self._inner = self._asked()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread, self._is_in_header = 0, True
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self.cycle = cast("RequestResponseCycle", None)  # which knows this, and would keep it
        self._leave()

    def handle_websocket_upgrade(self) -> None:
        """Answer; then this connection is none of HTTP's any more, or is closed. WEBSOCKET-2."""
        method, http = self.parser.get_method(), self.parser.get_http_version()
        told = answer(method, http, self.headers, self.server_state.default_headers)
        self.transport.write(told.wire)
        if not told.is_upgrade:
            self.transport.close()
            return
        assert self._inner is not None  # else it would not be an upgrade
        tunnel = Tunnel(self._inner())
        self._stop_waiting()
        self._leave()
        self.transport.set_protocol(tunnel)
        tunnel.connection_made(self.transport)
        self.parser = cast("httptools.HttpRequestParser", None)  # which knows this

    def _should_upgrade(self) -> bool:
        return self._inner is not None

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: the app answers, as if no upgrade had been asked for."""

    def _asked(self) -> Callable[[], asyncio.Protocol] | None:
        """What to speak, if it asks for a WebSocket where there is one; None if not."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        is_busy = cycle is not None and not cycle.response_complete
        if is_busy or self._get_upgrade() != b"websocket":
            return None
        return self.server_state.tunnels.get(unquote(httptools.parse_url(self.url).path))

    def _leave(self) -> None:
        """HTTP has one connection less."""
        self.connections.discard(self)
        if not self.connections:
            self.server_state.is_empty.set()

    def _expect_header(self) -> None:
        wait_s = self.server_state.limits.header_s
        self._lateness = self.loop.call_later(wait_s, self._header_is_late)

    def _header_is_late(self) -> None:
        self._lateness = None
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:
            self._expect_header()  # an answer to the request before is still under way

    def _body_may_be_late(self) -> None:
        """Whether it has had its answer or not: a byte now and then would keep it for ever."""
        self._lateness = None
        limits = self.server_state.limits
        due = self._body_began + limits.body_s + self._body / limits.body_bytes_per_s
        if (left_s := due - self.loop.time()) > 0:
            self._lateness = self.loop.call_later(left_s, self._body_may_be_late)
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._lateness is not None:
            self._lateness.cancel()
            self._lateness = None


@functools.lru_cache(maxsize=1)
def _date(_second: int) -> list[tuple[bytes, bytes]]:
    """The headers that every answer has; made once a second."""
    return [(b"date", formatdate(usegmt=True).encode())]
