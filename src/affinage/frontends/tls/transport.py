"""TLS between an asyncio transport and an inner protocol, which sees plaintext only.

The inner protocol may be any: our MQTT connection, or an HTTP server's. Its transport never
raises on a write after the end, whatever the transport below does.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from OpenSSL import SSL

from affinage.frontends.tls.capacity import BOUNDLESS, Capacity
from affinage.frontends.tls.engine import Engine, TlsError
from affinage.frontends.tls.turnstile import Enter, Turnstile, at_once

HANDSHAKE_S: Final = 20.0
"""How long a client may take for its handshake; the hub's own time for it does not count."""

FIRST_READS: Final = 8
"""Reads after its handshake for which a connection still takes turns: a device that comes in says
so much before it only reports, and thousands may say it in the same instant. TLS-16."""

LINGER_S: Final = 10.0
"""How long a client may take, after the end, to read what was sent before."""

BACKLOG: Final = 65_535
"""Who may wait to be accepted; the system's own limit, `net.core.somaxconn`, is mostly lower."""

MAX_UNSENT: Final = 4 * 1024 * 1024
"""Bytes waiting for a client that does not read; the next write then cuts the connection."""

InnerFactory = Callable[[], asyncio.Protocol]


class TlsProtocol(asyncio.Protocol):
    """The outer protocol of one connection."""

    __slots__ = (
        "_capacity", "_context", "_engine", "_enter", "_has_begun", "_heard_since", "_inner",
        "_is_in", "_is_paused", "_left_s", "_make_inner", "_outer", "_timer", "_turns_left",
    )  # fmt: skip

    def __init__(
        self,
        context: SSL.Context,
        inner: InnerFactory,
        handshake_s: float = HANDSHAKE_S,
        capacity: Capacity = BOUNDLESS,
        enter: Enter = at_once,
    ) -> None:
        """``enter`` has the steps made by which it comes in."""
        self._context, self._make_inner, self._enter = context, inner, enter
        self._has_begun, self._turns_left = False, FIRST_READS
        self._left_s = handshake_s  # that the client may still take for its handshake
        self._heard_since = 0.0  # when it was last waited for; the loop's time
        self._capacity, self._is_in = capacity, False
        self._engine = Engine(context)
        self._outer: asyncio.Transport
        self._inner: asyncio.Protocol | None = None
        self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None

    # ── what the wire says ───────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._outer = cast("asyncio.Transport", transport)
        self._is_in = self._capacity.enter()
        if self._is_in:
            self._wait()
        else:
            self._outer.abort()  # before a handshake, which would cost the most

    def data_received(self, data: bytes) -> None:
        self._engine.feed(data)
        if self._inner is not None:
            self._hear()
        elif self._timer is not None and not self._outer.is_closing():
            self._queue()  # it was waited for; what comes in the meantime is taken with this

    def eof_received(self) -> bool:
        return False  # TLS has its own end; a bare one closes

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_in:
            self._capacity.leave()
        self._stop_timer()
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    # ── what the inner protocol says, through its transport ──────────────────────────────────

    def pause(self) -> None:
        """Hand on nothing more. What OpenSSL holds then is one read of the socket at most."""
        self._is_paused = True
        if not self._outer.is_closing():
            self._outer.pause_reading()

    def resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            asyncio.get_running_loop().call_soon(self._catch_up)

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    def write(self, plaintext: bytes | bytearray | memoryview) -> None:
        """Send; nothing happens after the end. A client that has stopped reading is cut."""
        outer = self._outer
        if outer.is_closing():
            return
        if outer.get_write_buffer_size() > MAX_UNSENT:
            outer.abort()
            return
        try:
            for wire in self._engine.write(plaintext):
                if outer.is_closing():  # where some transports raise
                    return
                outer.write(wire)
        except TlsError:
            outer.abort()

    def close(self) -> None:
        """Say goodbye, send what is waiting, then close."""
        if not self._outer.is_closing():
            self._engine.close()
            self._flush()
            self._close_outer()

    def about(self, name: str, default: Any) -> Any:
        match name:
            case "peer_certificate":
                return self._engine.peer_certificate() or default
            case "sslcontext":
                return self._context
            case _:
                return self._outer.get_extra_info(name, default)

    @property
    def outer(self) -> asyncio.Transport:
        return self._outer

    def become(self, inner: asyncio.Protocol) -> None:
        """Hand the connection to another inner protocol, as an upgrade does."""
        self._inner = inner

    @property
    def inner(self) -> asyncio.Protocol | None:
        return self._inner

    # ── between the two ──────────────────────────────────────────────────────────────────────

    def _wait(self) -> None:
        """Give the client what it has left of its time."""
        self._heard_since = asyncio.get_running_loop().time()
        self._abort_after(self._left_s)

    def _queue(self) -> None:
        """Go on with the handshake when its turn comes; until then it is the client that waits."""
        self._left_s -= asyncio.get_running_loop().time() - self._heard_since
        self._stop_timer()
        self._take_turn()

    def _hear(self) -> None:
        if self._turns_left and not self._outer.is_closing():
            self._turns_left -= 1
            self._take_turn()
        else:
            self._take()

    def _take_turn(self) -> None:
        """Read on only after it."""
        self._outer.pause_reading()
        self._enter(self._catch_up, has_begun=self._has_begun)
        self._has_begun = True

    def _take(self) -> None:
        """Go on with what was fed.

        What OpenSSL answers by itself after the handshake, as a new key, goes with the next write.
        """
        try:
            if self._engine.is_established or self._establish():
                self._pump()
        except TlsError as error:
            self._flush()  # the alert that tells the peer why
            self._end(error)

    def _establish(self) -> bool:
        is_done = self._engine.shake_hands()
        self._flush()
        if not is_done:
            self._wait()
            return False
        self._inner = self._make_inner()
        self._inner.connection_made(PlainTransport(self))
        return True

    def _pump(self) -> None:
        """Hand what can be read to the inner protocol, until it pauses or closes."""
        engine = self._engine
        while not (self._is_paused or self._outer.is_closing()):
            chunk = engine.plaintext()
            if not chunk:
                break
            assert self._inner is not None  # it is lost only once the outer transport closes
            self._inner.data_received(chunk)
        if engine.has_ended:
            self.close()

    def _catch_up(self) -> None:
        """After a pause: first what was left in the engine, then what the wire has."""
        try:
            self._take()
        except BaseException:
            self._outer.abort()  # as the outer transport does when data_received raises
            raise
        if not (self._is_paused or self._outer.is_closing()):
            self._outer.resume_reading()

    def _flush(self) -> None:
        if (wire := self._engine.wire()) and not self._outer.is_closing():
            self._outer.write(wire)

    def _end(self, error: TlsError) -> None:
        inner, self._inner = self._inner, None
        self._close_outer()
        if inner is not None:
            inner.connection_lost(ConnectionAbortedError(str(error)))

    def _close_outer(self) -> None:
        if not self._outer.is_closing():
            self._outer.close()
            self._abort_after(LINGER_S)

    def _abort_after(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._outer.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PlainTransport(asyncio.Transport):
    """The transport that an inner protocol is given.

    The limits of its write buffer are the outer transport's, and count bytes on the wire.
    ``get_extra_info("peer_certificate")`` is the client's chain as a list of DER bytes, its own
    certificate first, or None.
    """

    def __init__(self, tls: TlsProtocol) -> None:
        super().__init__()
        self._tls = tls
        self._outer = tls.outer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls.about(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._tls.become(cast("asyncio.Protocol", protocol))

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._tls.inner is not None  # only an inner protocol asks
        return self._tls.inner

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._tls.write(data)

    def writelines(self, list_of_data: Any) -> None:
        self._tls.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self._tls.pause()

    def resume_reading(self) -> None:
        self._tls.resume()

    def is_reading(self) -> bool:
        return not self._tls.is_paused

    def get_write_buffer_size(self) -> int:
        return self._outer.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._outer.set_write_buffer_limits(high, low)

    def is_closing(self) -> bool:
        return self._outer.is_closing()

    def close(self) -> None:
        self._tls.close()

    def abort(self) -> None:
        self._outer.abort()


async def serve_tls(
    inner: InnerFactory,
    context: Callable[[], SSL.Context],
    host: str,
    port: int,
    *,
    handshake_s: float = HANDSHAKE_S,
    capacity: Capacity = BOUNDLESS,
) -> asyncio.Server:
    """Listen; every connection gets an inner protocol of its own, once its handshake is done.

    Handshakes take turns with whatever else the loop does; see `turnstile`.

    Args:
        context: gives that of a connection which begins.
        handshake_s: how long a client may take for its handshake, before it is cut.
        capacity: how many connections there may be; what comes beyond is cut at once.

    Raises:
        OSError: the address cannot be listened on.
    """
    loop, enter = asyncio.get_running_loop(), Turnstile().enter
    return await loop.create_server(
        lambda: TlsProtocol(context(), inner, handshake_s, capacity, enter),
        host,
        port,
        backlog=BACKLOG,
    )
