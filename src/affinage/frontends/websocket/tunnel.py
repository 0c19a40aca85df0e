"""Frames around an inner protocol's bytes: a stream, however either side cuts its messages.

The inner protocol sees a transport like any other, and no frames. Decided here: which frames are
admitted, and how a WebSocket ends. Not here: how long a client may be silent, which is the inner
protocol's; a ping keeps nothing alive.

Source: RFC 6455 §5 and §7, WEBSOCKET-6 to WEBSOCKET-12.
"""

import asyncio
from typing import Any, Final, cast

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

CLOSE_S: Final = 5.0
"""How long a client may take to answer our goodbye."""

MAX_PONGS: Final = 65_536
"""Bytes unsent from which on pings are not answered: a stranger may send them, and read nothing."""


class Tunnel(asyncio.Protocol):
    """The protocol of a connection that has become a WebSocket."""

    __slots__ = ("_alarm", "_frames", "_inner", "outer")

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._frames = Connection(ConnectionType.SERVER)  # without extensions: WEBSOCKET-5
        self._alarm: asyncio.TimerHandle | None = None
        self.outer: asyncio.Transport

    # ── what the transport below says ────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.outer = cast("asyncio.Transport", transport)
        self._inner.connection_made(FramedTransport(self))

    def data_received(self, data: bytes) -> None:
        if not self.outer.is_closing():
            self._frames.receive_data(data)
            for event in self._frames.events():
                self._take(event)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._inner.connection_lost(exc)
        del self._inner  # which has our transport: together they would wait for the collector

    # ── what the inner protocol says, through its transport ──────────────────────────────────

    @property
    def is_open(self) -> bool:
        """Neither side has said goodbye, and the transport below stands."""
        return self._frames.state is ConnectionState.OPEN and not self.outer.is_closing()

    def write(self, plaintext: bytes) -> None:
        """Send it as one message; nothing happens after the end."""
        if plaintext:
            self._send(BytesMessage(plaintext))

    def close(self) -> None:
        """Say goodbye after what was written, and close once the client has done so, too."""
        if self.is_open:
            self._send(CloseConnection(CloseReason.NORMAL_CLOSURE))
            self._alarm = asyncio.get_running_loop().call_later(CLOSE_S, self.outer.close)
            self.outer.resume_reading()  # to hear its goodbye, and nothing else any more

    # ── between the two ──────────────────────────────────────────────────────────────────────

    def _take(self, event: Event) -> None:
        match event:
            case BytesMessage(data=payload):
                if payload and self.is_open:
                    self._inner.data_received(bytes(payload))
            case Ping():
                if self.outer.get_write_buffer_size() < MAX_PONGS:  # RFC 6455 §5.5.3 lets us
                    self._send(event.response())
            case TextMessage():
                self._end(CloseReason.UNSUPPORTED_DATA)
            case CloseConnection(code=code):  # the client's goodbye, or of a broken frame
                self._end(code)
            case _:
                pass  # a pong that nobody asked for

    def _send(self, event: Event) -> None:
        if self.is_open:
            self.outer.write(self._frames.send(event))

    def _end(self, code: int) -> None:
        """Say so, if we have not said goodbye before; nothing more is waited for."""
        if self._frames.state in {ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING}:
            self.outer.write(self._frames.send(CloseConnection(code)))
        self.outer.close()


class FramedTransport(asyncio.Transport):
    """The transport that the inner protocol is given; sizes are of the wire."""

    __slots__ = ("_tunnel",)

    def __init__(self, tunnel: Tunnel) -> None:
        super().__init__()
        self._tunnel = tunnel

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tunnel.outer.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._tunnel.write(bytes(data))

    def pause_reading(self) -> None:
        if self._tunnel.is_open:
            self._tunnel.outer.pause_reading()

    def resume_reading(self) -> None:
        if self._tunnel.is_open:
            self._tunnel.outer.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._tunnel.outer.get_write_buffer_size()

    def is_closing(self) -> bool:
        return not self._tunnel.is_open

    def close(self) -> None:
        self._tunnel.close()

    def abort(self) -> None:
        self._tunnel.outer.abort()
