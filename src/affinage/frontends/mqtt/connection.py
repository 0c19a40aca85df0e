"""One MQTT connection: bytes from a transport, through its session, to the services, and back.

The session decides what may be said and in which order answers leave, `requests.py` what becomes
of a request; this decides who comes in, when to read, and when to hang up. A server is given
``partial(MqttConnection, needs)``.

Source: docs/spec/mqtt.md.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, cast

import structlog

from affinage.domain.errors import Throttled
from affinage.domain.messages import Message
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.twin import DesiredChanged
from affinage.frontends.mqtt import answers
from affinage.frontends.mqtt.failures import log_failure
from affinage.frontends.mqtt.figures import Ending, ending_of
from affinage.frontends.mqtt.needs import Alarm, Needs, Proof
from affinage.frontends.mqtt.registering import REGISTERING_S, Registering, arrival
from affinage.frontends.mqtt.requests import Requests
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import Feed
from affinage.protocol.identities import Username
from affinage.protocol.mqtt.packets import Connect, Publish
from affinage.protocol.mqtt.session import (
    Acknowledged,
    Connecting,
    Event,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)
from affinage.protocol.mqtt.tickets import Ticket
from affinage.protocol.registering import Registrant
from affinage.protocol.topics import MethodRequest

MAX_OUTSTANDING: Final = 64
"""Unanswered requests from which on a connection is not read. MQTT-44."""

MAX_OUTSTANDING_BYTES: Final = 2**19
"""Bytes of them from which on it is not read either: the hub keeps them for each. MQTT-44."""

MAX_UNREAD: Final = 2**21
"""Bytes that a client may leave unread: all methods and messages that it may be given at a time,
each as large as may be, and a little more. MQTT-45."""

EXPIRY_GRACE_S: Final = 600
"""Seconds after its token's expiry at which a connection is cut. MQTT-19."""

LATE_S: Final = 1.0
"""Seconds by which the hub must be late to know that it stood still, and not its clients."""

LINGER_S: Final = 10.0
"""Seconds that a closed connection may take to send its last bytes."""

_log = structlog.get_logger(__name__)


class MqttConnection(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._session = ServerSession()
        self._key = TwinKey("")  # who it says it is, from its CONNECT on
        self._request_id = ""
        self._by: Principal | None = None  # who it is, once it is let in
        self._requests: Requests | Registering | None = None
        self._held: dict[int, int] = {}  # messages not acknowledged: packet id to number
        self._is_reading = True
        self._ending = Ending.LOST
        self.heard_at = 0.0
        """When the client last said something, on the monotonic clock."""
        self._read_at = 0.0  # when we last began to listen
        self._alarm: Alarm | None = None
        self._expiry: Alarm | None = None

    # ── what the transport says ──────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._needs.figures.opened += 1
        self._listen_closely()

    def data_received(self, data: bytes) -> None:
        if self._requests:
            self.heard_at = self._needs.clock.monotonic()
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._needs.figures.closed[self._ending] += 1
        self._session.close()
        for alarm in (self._alarm, self._expiry):
            if alarm:
                alarm.cancel()
        self._publish_will()
        if self._by:
            self._leave(self._by)
            if self._ending is Ending.LOST:  # of all others it was said when they were closed
                _log.info("connection lost", **self._of)
        if isinstance(self._requests, Registering):
            self._requests.leave()
        self._requests = None  # which knows this: together they would wait for the collector

    # ── what the hub says ────────────────────────────────────────────────────────────────────

    def desired_changed(self, change: DesiredChanged) -> None:
        """Tell the client, if it subscribed; never waits and never raises."""
        if self._session.wants(Feed.DESIRED):
            self._session.deliver(answers.desired_changed(change))
            self._send()
            self._read_or_pause()

    def invoke(self, name: str, rid: str, payload: bytes) -> bool:
        """Ask the client to run a method, if it subscribed; never waits and never raises."""
        if not self._session.wants_method(name):
            return False
        self._session.deliver(Publish(MethodRequest(name, rid).topic, payload))
        self._send()
        self._read_or_pause()
        return True

    @property
    def takes_messages(self) -> bool:
        return self._session.quality is not None

    def deliver(self, message: Message) -> int | None:
        """Send a message; the QoS at which it went, None if the client has not subscribed."""
        quality = self._session.quality
        if quality is None:
            return None
        publish = answers.message(self._session.identity, message, quality)
        if publish.packet_id in self._held:  # it would never be acknowledged apart [2.3.1-4]
            self.close("it leaves a message unacknowledged until packet ids come round")
            return None
        if quality:
            self._held[publish.packet_id] = message.number
        self._session.deliver(publish)
        self._send()
        self._read_or_pause()
        return quality

    def close(self, reason: str) -> None:
        """Send what is to be sent and hang up; never waits and never raises."""
        self._session.close()
        self._send()
        if not self._transport.is_closing():
            self._ending = ending_of(reason)
            self._publish_will()
            _log.info("connection closed", **self._of, reason=reason)
            self._transport.close()
            self._ring(LINGER_S, self._transport.abort)

    def finish(self, ticket: Ticket, answer: Publish | None = None) -> None:
        """A request is done: answer when its turn comes; never waits and never raises."""
        self._session.finish(ticket, answer)
        self._send()
        if not self._is_reading:
            self._read_or_pause()

    # ── what the client says ─────────────────────────────────────────────────────────────────

    def _receive(self, data: bytes) -> None:
        try:
            for event in self._session.receive(data):
                self._take(event)
        except ProtocolError as problem:
            self.close(str(problem))
        self._send()
        self._read_or_pause()

    def _take(self, event: Event) -> None:
        match event:
            case Requested() | Subscribing() | Unsubscribing():
                assert self._requests is not None  # the session holds them until the CONNACK
                self._requests.take(event)
            case Acknowledged(packet_id):
                assert self._by is not None  # nothing is delivered before the CONNACK
                number = self._held.pop(packet_id)
                self._needs.messages.complete(self._key, number, by=self._by)
            case Connecting(connect, username):
                self._key = TwinKey(*self._session.identity)
                self._request_id = self._needs.ids.uuid()
                if isinstance(username, Registrant):
                    self._hear(connect, username)
                else:
                    self._needs.spawn(self._connect(connect, username), self.close)
            case Leaving():
                self.close("the client said goodbye")

    def _hear(self, connect: Connect, who: Registrant) -> None:
        """Let in who wants to be provisioned: the proof is judged request by request. REGISTER-3"""
        came = arrival(who, connect, self._chain, request_id=self._request_id)
        self._requests = Registering(self._needs, came, self)
        self._let_in(None)
        _log.info("registering", **self._of)
        end = partial(self.close, "it had its time to register")
        self._expiry = self._needs.timer.call_later(REGISTERING_S, end)

    async def _connect(self, connect: Connect, username: Username) -> None:
        try:
            proof = self._prove(connect, username)
            self._check_behind()
            filters = await self._attach(connect, username, proof.principal)
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            log_failure("connect", error, **self._of)
            self._session.refuse(answers.connack_code(error))
            self.close(f"refused: {error}")
            return
        self._by = by = proof.principal
        if self._session.state is State.CLOSED:
            self._leave(by)  # it was lost while it was let in
            return
        self._requests = Requests(self._needs, self._key, by, self, is_lasting=not connect.clean)
        self._let_in(filters)
        _log.info("connected", **self._of)
        self._expire(proof.expires_at_s)
        self._receive(b"")  # what came before it was let in: MQTT-16
        self._needs.sessions.ready(self._key, by=by)

    async def _attach(
        self, connect: Connect, username: Username, by: Principal
    ) -> Mapping[str, int] | None:
        """The subscriptions of the session that it goes on with; None of a new one."""
        told = username.properties
        return await self._needs.sessions.attach(
            self._key,
            self,
            clean=connect.clean,
            model_id=told.get("model-id") or "",
            product=sys.intern(told.get("DeviceClientType") or ""),  # thousands say the same
            by=by,
        )

    def _let_in(self, filters: Mapping[str, int] | None) -> None:
        self._needs.figures.admitted += 1
        self._session.accept(filters or {}, session_present=filters is not None)
        self._listen_closely()

    @property
    def _chain(self) -> Sequence[bytes]:
        """The certificates that the client showed, DER, its own first."""
        return self._transport.get_extra_info("peer_certificate") or ()

    def _prove(self, connect: Connect, username: Username) -> Proof:
        password = connect.password
        return self._needs.access.device(
            self._key,
            username.host,
            password.decode(errors="replace") if password else None,
            chain=self._chain,
            request_id=self._request_id,
        )

    def _check_behind(self) -> None:
        """Throttled where older connections have left too much that waits. Source: THROTTLE-8."""
        if self._needs.turns_of(self._key).is_behind:
            told = "what it sent before still waits for its turn"
            raise Throttled(f"{self._key.path}: {told}", retry_after_s=1)

    def _leave(self, by: Principal) -> None:
        self._needs.spawn(self._detach(by), self.close)

    def _publish_will(self) -> None:
        """Send what the client left for the case that it is lost, at most once. Source: MQTT-17.

        A hub that stops has lost nobody: the client is well, and says so to the next one.
        """
        will = self._session.take_will()
        if will and isinstance(self._requests, Requests) and self._ending is not Ending.STOPPED:
            self._requests.take_will(*will)

    async def _detach(self, by: Principal) -> None:
        try:
            await self._needs.sessions.detach(self._key, self, by=by)
        except Exception as error:  # noqa: BLE001  # nobody is left to be told
            log_failure("goodbye", error, **self._of)

    # ── when to read, write and hang up ──────────────────────────────────────────────────────

    def _send(self) -> None:
        if (data := self._session.take()) and not self._transport.is_closing():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > MAX_UNREAD:
                self._ending = Ending.UNREAD
                _log.info("connection aborted: it does not read", **self._of)
                self._session.close()
                self._transport.abort()

    def _read_or_pause(self) -> None:
        """Read on, unless the client must be heard first, or has had no answer to too much."""
        busy = self._session.state is State.CONNECTING or self._is_behind
        if busy != self._is_reading or self._transport.is_closing():
            return  # it is as it should be
        self._is_reading = not busy
        if busy:
            self._transport.pause_reading()
        else:
            self._read_at = self._needs.clock.monotonic()
            self._transport.resume_reading()

    @property
    def _is_behind(self) -> bool:
        """Whether the client has had no answer to too much."""
        session = self._session
        return (
            session.outstanding >= MAX_OUTSTANDING
            or session.outstanding_bytes >= MAX_OUTSTANDING_BYTES
        )

    def _listen_closely(self) -> None:
        """From now on, hang up when the client is silent for too long (MQTT-8, MQTT-9)."""
        self.heard_at = self._needs.clock.monotonic()
        self._ring(self._session.silence_s, self._check_silence)

    def _check_silence(self) -> None:
        silent_s = self._needs.clock.monotonic() - max(self.heard_at, self._read_at)
        left_s = self._session.silence_s - silent_s
        if not self._is_reading:
            self._ring(self._session.silence_s, self._check_silence)  # it is we who do not listen
        elif left_s > 0:
            self._ring(left_s, self._check_silence)
        elif left_s < -LATE_S:  # what was said while the machine was paused is not yet read
            self._read_at = self._needs.clock.monotonic()
            self._ring(self._session.silence_s, self._check_silence)
        else:
            self.close(f"silent for {silent_s:.0f} of {self._session.silence_s:.0f} s")

    def _expire(self, expires_at_s: int | None) -> None:
        if expires_at_s is not None:
            left_s = expires_at_s + EXPIRY_GRACE_S - self._needs.clock.now().timestamp()
            end = partial(self.close, "its proof has expired")
            self._expiry = self._needs.timer.call_later(max(left_s, 0.0), end)

    def _ring(self, delay_s: float, callback: Callable[[], object]) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._alarm = self._needs.timer.call_later(delay_s, callback)

    @property
    def _of(self) -> dict[str, str]:
        """Whom a line of the log is about."""
        return {"device": self._key.path, "request_id": self._request_id}
