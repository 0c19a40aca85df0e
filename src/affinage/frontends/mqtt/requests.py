"""What one connected identity asks for: done by the services, in turn, and answered once.

Source: docs/spec/mqtt.md, MQTT-24 to MQTT-27, MQTT-34, MQTT-40, MQTT-55 and MQTT-56.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol, TypeAlias

from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.frontends.mqtt import answers
from affinage.frontends.mqtt.failures import log_failure
from affinage.frontends.mqtt.needs import Needs
from affinage.frontends.mqtt.turns import Turns
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.mqtt.session import Requested, Subscribing, Ticket, Unsubscribing
from affinage.protocol.topics import ReportedPatch, TwinGet

REFUSAL_S: Final = 1.0
"""Seconds that the answer to a twin that cannot be read is held back. MQTT-56."""

Asked: TypeAlias = Requested | Subscribing | Unsubscribing
Work: TypeAlias = Callable[[], Awaitable[Publish]]


class Answerer(Protocol):
    """The connection, as far as its requests go; neither method waits or raises."""

    def finish(self, ticket: Ticket, answer: Publish | None = None) -> None: ...

    def close(self, reason: str) -> None: ...


class Requests:
    def __init__(self, needs: Needs, key: TwinKey, by: Principal, answerer: Answerer) -> None:
        self._needs, self._key, self._by = needs, key, by
        self._answerer = answerer
        self._turns = Turns(needs.spawn)

    def take(self, asked: Asked) -> None:
        """Do what is asked when its turn comes, then finish its ticket; never waits."""
        match asked:
            case Requested(ticket, ReportedPatch() as request, payload):
                work = partial(self._report, request, payload)
                self._turns.take(partial(self._answer, ticket, request.rid, work), alone=False)
            case Requested(ticket, TwinGet(rid)):
                work = partial(self._read, rid)
                answer = partial(self._answer, ticket, rid, work, refusal_s=REFUSAL_S)
                self._turns.take(answer, alone=True)
            case Requested(ticket):
                self._answerer.finish(ticket)  # nobody reads messages yet: MQTT-26, MQTT-27
            case Subscribing() | Unsubscribing():
                self._turns.take(partial(self._store, asked), alone=True)

    async def _report(self, request: ReportedPatch, payload: bytes) -> Publish:
        version = await self._needs.twins.report(
            self._key, answers.patch_in(payload), expected=request.version, by=self._by
        )
        return answers.twin_reported(request.rid, version)

    async def _read(self, rid: str) -> Publish:
        twin = await self._needs.twins.get_own(self._key, by=self._by)
        return answers.twin_read(rid, twin)

    async def _answer(self, ticket: Ticket, rid: str, work: Work, refusal_s: float = 0.0) -> None:
        """Do ``work`` and answer with what comes of it, exactly once (MQTT-55)."""
        try:
            answer = await work()
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            self._log("request", error)
            tracking_id, at = self._needs.ids.uuid(), self._needs.clock.now()
            answer = answers.refused(rid, error, tracking_id=tracking_id, at=at)
            if refusal_s:
                late = partial(self._answerer.finish, ticket, answer)
                self._needs.timer.call_later(refusal_s, late)
                return
        self._answerer.finish(ticket, answer)

    async def _store(self, asked: Subscribing | Unsubscribing) -> None:
        sessions = self._needs.sessions
        try:
            if isinstance(asked, Subscribing):
                await sessions.subscribe(self._key, asked.filters, by=self._by)
            else:
                await sessions.unsubscribe(self._key, list(asked.filters), by=self._by)
        except Exception as error:  # noqa: BLE001  # 3.1.1 has no way to refuse but to hang up
            self._log("subscription", error)
            self._answerer.close(f"the subscriptions could not be stored: {error}")
        else:
            self._answerer.finish(asked.ticket)

    def _log(self, what: str, error: Exception) -> None:
        log_failure(what, error, device=self._key.path, request_id=self._by.request_id)
