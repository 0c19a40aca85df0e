"""HTTP/1.1 over our own TLS: uvicorn's protocol as the inner one of each connection.

An ASGI app finds the client's certificates, DER, in ``scope["state"]["peer_certificate"]``.
"""

import asyncio
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

MAX_HEADER: Final = 64 * 1024
"""Bytes of a request before its body."""

HEADER_S: Final = 30.0
"""How long a new connection may take to send the header of its first request."""

KEEP_ALIVE_S: Final = 75
"""How long a connection may be idle between two requests."""

DRAIN_S: Final = 10.0
"""How long requests under way may take when the hub stops."""


class HttpConnection(HttpToolsProtocol):
    """One connection, with limits on what a stranger can send before anything is known of him."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {"peer_certificate": transport.get_extra_info("peer_certificate")}
        self._unread = 0
        self._is_in_header = True
        loop = asyncio.get_running_loop()
        self._first_request = loop.call_later(HEADER_S, transport.close)

    def data_received(self, data: bytes) -> None:
        if self._is_in_header:
            self._unread += len(data)
            if self._unread > MAX_HEADER:
                self.send_400_response(f"The header has more than {MAX_HEADER} bytes.")
                return
        super().data_received(data)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_header = True

    def on_headers_complete(self) -> None:
        self._is_in_header, self._unread = False, 0
        self._first_request.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._first_request.cancel()
        super().connection_lost(exc)


class HttpServer:
    """Makes the connections of one app, and lets them finish when the hub stops."""

    def __init__(self, app: Any) -> None:
        self._config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._config.load()
        self._state = ServerState()

    def connection(self) -> asyncio.Protocol:
        """A new inner protocol, for `serve_tls`."""
        return HttpConnection(self._config, self._state, app_state={})

    async def drain(self) -> None:
        """Close idle connections, and the others after their request, or after DRAIN_S."""
        for connection in list(self._state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(DRAIN_S):
                while self._state.tasks:
                    await asyncio.wait(self._state.tasks)
        except TimeoutError:
            for task in self._state.tasks:
                task.cancel()
