"""What one connected identity asks for: done by the services, in turn, and answered once.

Source: docs/spec/mqtt.md, MQTT-24 to MQTT-27, MQTT-34, MQTT-40, MQTT-55 and MQTT-56.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from affinage.domain.errors import Throttled
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.frontends.mqtt import answers
from affinage.frontends.mqtt.failures import log_failure
from affinage.frontends.mqtt.needs import Needs
from affinage.frontends.mqtt.turns import Like
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.mqtt.session import Requested, Subscribing, Unsubscribing
from affinage.protocol.mqtt.tickets import Ticket
from affinage.protocol.topics import MethodAnswer, ReportedPatch, Telemetry, TwinGet

REFUSAL_S: Final = 1.0
"""Seconds that the answer to a twin that cannot be read is held back. MQTT-56."""

Asked: TypeAlias = Requested | Subscribing | Unsubscribing
Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Answerer(Protocol):
    """The connection, as far as its requests go; neither method waits or raises."""

    def finish(self, ticket: Ticket, answer: Publish | None = None) -> None: ...

    def close(self, reason: str) -> None: ...


class Requests:
    def __init__(
        self,
        needs: Needs,
        key: TwinKey,
        by: Principal,
        answerer: Answerer,
        *,
        is_lasting: bool = True,
    ) -> None:
        """``is_lasting``: the filters outlive the connection. Source: MQTT-35, MQTT-60."""
        self._needs, self._key, self._by = needs, key, by
        self._is_lasting = is_lasting
        self._answerer = answerer
        self._turns = needs.turns_of(key)

    def take(self, asked: Asked) -> None:
        """Do what is asked when its turn comes, then finish its ticket; never waits."""
        match asked:
            case Requested(ticket, ReportedPatch() as request, payload):
                self._needs.figures.reports += 1
                report = partial(self._report, ticket, request, payload)
                self._turns.take(report, Like.REPORT)
            case Requested(ticket, TwinGet(rid)):
                self._needs.figures.reads += 1
                self._in_turn(partial(self._read, ticket, rid))
            case Requested(ticket, MethodAnswer() as request, payload):
                answer = partial(self._pass_on, ticket, request, payload)
                self._turns.take(answer)
            case Requested(ticket, message, payload):
                assert isinstance(message, Telemetry)  # there is nothing else to ask for
                self._needs.figures.messages += 1
                send = partial(self._send_in_time, ticket, message, payload, is_will=False)
                self._turns.take(send, Like.MESSAGE)
            case Subscribing() | Unsubscribing():
                self._needs.figures.subscriptions += 1
                self._in_turn(partial(self._store, asked))

    def take_will(self, message: Telemetry, payload: bytes) -> None:
        """Send what the client left behind, after all that it sent itself. Source: MQTT-17."""
        send = partial(self._send_in_time, Ticket(b""), message, payload, is_will=True)
        self._turns.take(send, Like.MESSAGE)

    # ── reports: queued at once, answered once durable; a task for each would double their cost ──

    def _report(self, ticket: Ticket, request: ReportedPatch, payload: bytes) -> None:
        try:
            version = self._needs.twins.report(
                self._key, answers.patch_in(payload), expected=request.version, by=self._by
            )
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            self._answerer.finish(ticket, self._refusal(request.rid, error))
            self._turns.ended()
        else:
            version.add_done_callback(partial(self._reported, ticket, request.rid))

    def _reported(self, ticket: Ticket, rid: str, version: asyncio.Future[int]) -> None:
        if error := _error(version):
            answer = self._refusal(rid, error)
        else:
            answer = answers.twin_reported(rid, version.result())
        self._answerer.finish(ticket, answer)
        self._turns.ended()

    # ── messages: as reports, but that the protocol has no way to refuse one ─────────────────

    def _send_in_time(
        self, ticket: Ticket, message: Telemetry, payload: bytes, *, is_will: bool
    ) -> None:
        """Send when the throttle says; the connection's later requests wait for it. THROTTLE-7."""
        wait_s = self._needs.telemetry.turn_s(by=self._by)
        if not wait_s:
            self._send(ticket, message, payload, is_will=is_will)
            return
        self._turns.hold()
        send = partial(self._send, ticket, message, payload, is_will=is_will)
        self._needs.timer.call_later(wait_s, send)

    def _send(self, ticket: Ticket, message: Telemetry, payload: bytes, *, is_will: bool) -> None:
        telemetry, properties = self._needs.telemetry, message.properties
        try:
            kept = telemetry.send(
                self._key, properties, payload, is_will=is_will, is_due=True, by=self._by
            )
        except Exception as error:  # noqa: BLE001  # 3.1.1 has no way to refuse but to hang up
            self._not_kept(error)
            self._turns.ended()
        else:
            kept.add_done_callback(partial(self._sent, ticket))

    def _sent(self, ticket: Ticket, kept: asyncio.Future[None]) -> None:
        if error := _error(kept):
            self._not_kept(error)
        else:
            self._answerer.finish(ticket)
        self._turns.ended()

    def _not_kept(self, error: Exception) -> None:
        self._log("message", error)
        self._answerer.close(f"its message could not be kept: {error}")

    def _pass_on(self, ticket: Ticket, answer: MethodAnswer, payload: bytes) -> None:
        self._needs.methods.answer(self._key, answer.rid, answer.status, payload, by=self._by)
        self._answerer.finish(ticket)
        self._turns.ended()

    # ── the others: each alone, in a task ────────────────────────────────────────────────────

    def _in_turn(self, work: Work) -> None:
        self._turns.take(partial(self._run, work))

    def _run(self, work: Work) -> None:
        if task := self._needs.spawn(work(), self._answerer.close):
            task.add_done_callback(lambda _: self._turns.ended())
        else:
            self._turns.ended()

    async def _read(self, ticket: Ticket, rid: str) -> None:
        try:
            twin = await self._needs.twins.get_own(self._key, by=self._by)
            self._answerer.finish(ticket, answers.twin_read(rid, twin))
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            late = partial(self._answerer.finish, ticket, self._refusal(rid, error))
            self._needs.timer.call_later(REFUSAL_S, late)

    async def _store(self, asked: Subscribing | Unsubscribing) -> None:
        try:
            if self._is_lasting:
                await self._save(asked)
        except Exception as error:  # noqa: BLE001  # 3.1.1 has no way to refuse but to hang up
            self._log("subscription", error)
            self._answerer.close(f"the subscriptions could not be stored: {error}")
        else:
            self._answerer.finish(asked.ticket)
            self._needs.sessions.ready(self._key, by=self._by)

    async def _save(self, asked: Subscribing | Unsubscribing) -> None:
        sessions = self._needs.sessions
        if isinstance(asked, Subscribing):
            await sessions.subscribe(self._key, asked.filters, by=self._by)
        else:
            await sessions.unsubscribe(self._key, asked.filters, by=self._by)

    def _refusal(self, rid: str, error: Exception) -> Publish:
        self._needs.figures.refused += 1
        if not isinstance(error, Throttled):  # it is counted: a line each would cost more than it
            self._log("request", error)
        tracking_id, at = self._needs.ids.uuid(), self._needs.clock.now()
        return answers.refused(rid, error, tracking_id=tracking_id, at=at)

    def _log(self, what: str, error: Exception) -> None:
        log_failure(what, error, device=self._key.path, request_id=self._by.request_id)


def _error(done: asyncio.Future[Any]) -> Exception | None:
    """What it failed with.

    Raised by `result`, it would have a trace with the frame that has the future, which has it:
    together they would wait for the collector.
    """
    error = done.exception()
    assert error is None or isinstance(error, Exception)  # no service fails otherwise
    return error
