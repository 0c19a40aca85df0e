"""One MQTT connection: bytes from a transport, through its session, to the services, and back.

The session decides what may be said and in which order answers leave; this decides when to read,
when to hang up, and which service does the work. Give a server ``partial(MqttConnection, needs)``.

Source: docs/spec/mqtt.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, cast

import structlog

from affinage.domain.errors import AffinageError
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.twin import DesiredChanged
from affinage.frontends.mqtt import answers
from affinage.frontends.mqtt.needs import Alarm, Needs, Proof
from affinage.frontends.mqtt.turns import Turns
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import Feed
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.mqtt.session import (
    Connecting,
    Event,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Ticket,
    Unsubscribing,
)
from affinage.protocol.topics import ReportedPatch, TwinGet

MAX_OUTSTANDING: Final = 64
"""Unanswered requests from which on a connection is not read. MQTT-44."""

MAX_UNREAD: Final = 2**20
"""Bytes of answers that a client may leave unread. MQTT-45."""

EXPIRY_GRACE_S: Final = 600
"""Seconds after its token's expiry at which a connection is cut. MQTT-19."""

REFUSAL_S: Final = 1.0
"""Seconds that the answer to a twin that cannot be read is held back. MQTT-56."""

LINGER_S: Final = 10.0
"""Seconds that a closed connection may take to send its last bytes."""

_log = structlog.get_logger(__name__)


class MqttConnection(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._session = ServerSession()
        self._turns = Turns(needs.spawn)
        self._key = TwinKey("")  # who it says it is, from its CONNECT on
        self._by: Principal | None = None  # who it is, once it is let in
        self._is_reading = True
        self._heard_at = 0.0
        self._alarm: Alarm | None = None
        self._expiry: Alarm | None = None

    # ── what the transport says ──────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._listen_closely()

    def data_received(self, data: bytes) -> None:
        if self._by:
            self._heard_at = self._needs.clock.monotonic()
            self._needs.sessions.touch(self._key)
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.close()
        for alarm in (self._alarm, self._expiry):
            if alarm:
                alarm.cancel()
        if self._by:
            self._leave(self._by)

    # ── what the hub says ────────────────────────────────────────────────────────────────────

    def desired_changed(self, change: DesiredChanged) -> None:
        """Tell the client, if it subscribed; never waits and never raises."""
        if self._session.wants(Feed.DESIRED):
            self._session.deliver(answers.desired_changed(change))
            self._send()

    def close(self, reason: str) -> None:
        """Send what is to be sent and hang up; never waits and never raises."""
        self._session.close()
        self._send()
        if not self._transport.is_closing():
            _log.info("connection closed", device=self._key.path, reason=reason)
            self._transport.close()
            self._ring(LINGER_S, self._transport.abort)

    # ── what the client says ─────────────────────────────────────────────────────────────────

    def _receive(self, data: bytes) -> None:
        try:
            for event in self._session.receive(data):
                self._take(event)
        except ProtocolError as problem:
            self.close(str(problem))
        self._send()

    def _take(self, event: Event) -> None:
        match event:
            case Requested(ticket, ReportedPatch() as request, payload):
                work = partial(self._report, request, payload)
                self._turns.take(partial(self._answer, ticket, request.rid, work), alone=False)
            case Requested(ticket, TwinGet(rid)):
                work = partial(self._read, rid)
                answer = partial(self._answer, ticket, rid, work, refusal_s=REFUSAL_S)
                self._turns.take(answer, alone=True)
            case Requested(ticket):
                self._session.finish(ticket)  # nobody reads messages yet: MQTT-26, MQTT-27
            case Subscribing() | Unsubscribing():
                self._turns.take(partial(self._store, event), alone=True)
            case Connecting():
                self._key = TwinKey(*self._session.identity)
                self._needs.spawn(self._connect(event))
            case Leaving():
                self.close("the client said goodbye")

    async def _connect(self, event: Connecting) -> None:
        try:
            proof = self._prove(event)
            filters = await self._needs.sessions.attach(
                self._key, self, clean=event.connect.clean, by=proof.principal
            )
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            self._log_failure("connect", error)
            self._session.refuse(answers.connack_code(error))
            self.close(f"refused: {error}")
            return
        self._by = proof.principal
        if self._session.state is State.CLOSED:
            self._leave(proof.principal)  # it was lost while it was let in
            return
        _log.info("connected", device=self._key.path, request_id=proof.principal.request_id)
        self._session.accept(filters or {}, session_present=filters is not None)
        self._listen_closely()
        self._expire(proof.expires_at_s)
        self._receive(b"")  # what came before it was let in: MQTT-16

    def _prove(self, event: Connecting) -> Proof:
        password = event.connect.password
        chain = self._transport.get_extra_info("peer_certificate")  # DER, the client's own first
        return self._needs.access.device(
            self._key,
            event.username.host,
            password.decode(errors="replace") if password else None,
            certificate=chain[0] if chain else None,
            request_id=self._needs.ids.uuid(),
        )

    async def _report(self, request: ReportedPatch, payload: bytes) -> Publish:
        version = await self._needs.twins.report(
            self._key, answers.patch_in(payload), expected=request.version, by=self._principal
        )
        return answers.twin_reported(request.rid, version)

    async def _read(self, rid: str) -> Publish:
        twin = await self._needs.twins.get_own(self._key, by=self._principal)
        return answers.twin_read(rid, twin)

    async def _answer(
        self,
        ticket: Ticket,
        rid: str,
        work: Callable[[], Awaitable[Publish]],
        refusal_s: float = 0.0,
    ) -> None:
        """Do ``work`` and answer with what comes of it, exactly once (MQTT-55)."""
        try:
            answer = await work()
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            self._log_failure("request", error)
            tracking_id, at = self._needs.ids.uuid(), self._needs.clock.now()
            answer = answers.refused(rid, error, tracking_id=tracking_id, at=at)
            if refusal_s:
                self._needs.timer.call_later(refusal_s, partial(self._finish, ticket, answer))
                return
        self._finish(ticket, answer)

    async def _store(self, event: Subscribing | Unsubscribing) -> None:
        sessions, by = self._needs.sessions, self._principal
        try:
            if isinstance(event, Subscribing):
                await sessions.subscribe(self._key, event.filters, by=by)
            else:
                await sessions.unsubscribe(self._key, list(event.filters), by=by)
        except Exception as error:  # noqa: BLE001  # 3.1.1 has no way to refuse but to hang up
            self._log_failure("subscription", error)
            self.close(f"the subscriptions could not be stored: {error}")
        self._finish(event.ticket)

    def _leave(self, by: Principal) -> None:
        self._needs.spawn(self._detach(by))

    async def _detach(self, by: Principal) -> None:
        try:
            await self._needs.sessions.detach(self._key, self, by=by)
        except Exception as error:  # noqa: BLE001  # nobody is left to be told
            self._log_failure("goodbye", error)

    # ── when to read, write and hang up ──────────────────────────────────────────────────────

    def _finish(self, ticket: Ticket, answer: Publish | None = None) -> None:
        self._session.finish(ticket, answer)
        self._send()

    def _send(self) -> None:
        if self._transport.is_closing():
            return
        if data := self._session.take():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > MAX_UNREAD:
                _log.info("connection aborted: it does not read", device=self._key.path)
                self._session.close()
                self._transport.abort()
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        session = self._session
        busy = session.state is State.CONNECTING or session.outstanding >= MAX_OUTSTANDING
        if busy and self._is_reading:
            self._transport.pause_reading()
        elif not busy and not self._is_reading:
            self._heard_at = self._needs.clock.monotonic()
            self._transport.resume_reading()
        self._is_reading = not busy

    def _listen_closely(self) -> None:
        """From now on, hang up when the client is silent for too long (MQTT-8, MQTT-9)."""
        self._heard_at = self._needs.clock.monotonic()
        self._ring(self._session.silence_s, self._check_silence)

    def _check_silence(self) -> None:
        silent_s = self._needs.clock.monotonic() - self._heard_at
        left_s = self._session.silence_s - silent_s
        if not self._is_reading:
            self._ring(self._session.silence_s, self._check_silence)  # it is we who do not listen
        elif left_s > 0:
            self._ring(left_s, self._check_silence)
        else:
            self.close(f"silent for {silent_s:.0f} of {self._session.silence_s:.0f} s")

    def _expire(self, expires_at_s: int | None) -> None:
        if expires_at_s is not None:
            left_s = expires_at_s + EXPIRY_GRACE_S - self._needs.clock.now().timestamp()
            end = partial(self.close, "its token has expired")
            self._expiry = self._needs.timer.call_later(max(left_s, 0.0), end)

    def _ring(self, delay_s: float, callback: Callable[[], object]) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._alarm = self._needs.timer.call_later(delay_s, callback)

    @property
    def _principal(self) -> Principal:
        assert self._by is not None  # nothing is asked before the CONNACK
        return self._by

    def _log_failure(self, what: str, error: Exception) -> None:
        fields = {"what": what, "device": self._key.path}
        if self._by:
            fields["request_id"] = self._by.request_id
        if isinstance(error, AffinageError):
            _log.info("refused", **fields, code=error.code, reason=str(error))
        else:
            _log.error("failed", **fields, exc_info=error)
