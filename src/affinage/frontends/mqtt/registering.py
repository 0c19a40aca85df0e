"""What one registering device asks over MQTT: done by provisioning, in turn, and answered once.

It is let in unproven: the proof of its CONNECT goes along with each request, and is judged there.
Who proves nothing for a while is hung up on.

Source: docs/spec/registering.md, REGISTER-3, REGISTER-7, REGISTER-9, REGISTER-11, REGISTER-21 to
REGISTER-24.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

import msgspec

from affinage.domain.errors import Throttled
from affinage.frontends.http import bodies
from affinage.frontends.http.registrations import ask_in, check_size, refusal
from affinage.frontends.mqtt.failures import log_failure
from affinage.frontends.mqtt.needs import Alarm, Needs
from affinage.frontends.mqtt.requests import Answerer, Asked
from affinage.frontends.mqtt.turns import Turns
from affinage.protocol.mqtt.packets import Connect, Publish
from affinage.protocol.mqtt.session import Requested
from affinage.protocol.mqtt.tickets import Ticket
from affinage.protocol.registering import Poll, Register, Registrant, RegistrationAnswer
from affinage.services.provisioning.arrivals import Answer, Arrival

REGISTERING_S: Final = 600.0
"""Seconds that a connection may last which registers. REGISTER-10."""

PROVEN_S: Final = 20.0
"""Seconds in which a request must be accepted of who is let in to register. REGISTER-11."""

GOING_ON, DONE = 202, 200

Work: TypeAlias = Callable[[], Awaitable[Answer]]

_ENCODE: Final = msgspec.json.encode


def arrival(
    who: Registrant, connect: Connect, chain: Sequence[bytes], *, request_id: str
) -> Arrival:
    """Who comes, as provisioning is told it."""
    return Arrival(
        id_scope=who.scope,
        registration_id=who.registration,
        token=connect.password.decode(errors="replace") if connect.password else None,
        chain=chain,
        api_version=who.properties.get("api-version") or "",
        door="mqtt",
        request_id=request_id,
    )


class Registering:
    """Takes what such a connection asks for, as `Requests` does what others do."""

    def __init__(self, needs: Needs, arrival: Arrival, answerer: Answerer) -> None:
        self._needs, self._arrival, self._answerer = needs, arrival, answerer
        self._turns = Turns()
        self._waiting = 0  # requests that nobody has judged yet, or that are being answered
        self._alarm: Alarm | None = None
        self._look_later()

    def leave(self) -> None:
        """The connection is lost: nobody waits for a proof any more."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None

    def take(self, asked: Asked) -> None:
        """Do what is asked when its turn comes, then finish its ticket; never waits."""
        match asked:
            case Requested(ticket, Register(rid), payload):
                self._in_turn(ticket, rid, partial(self._register, payload))
            case Requested(ticket, Poll(rid, operation)):
                self._in_turn(ticket, rid, partial(self._poll, operation))
            case _:
                self._answerer.finish(asked.ticket)  # REGISTER-9: no subscription is kept

    def _in_turn(self, ticket: Ticket, rid: str, work: Work) -> None:
        self._waiting += 1
        self._turns.take(partial(self._start, ticket, rid, work))

    def _start(self, ticket: Ticket, rid: str, work: Work) -> None:
        if task := self._needs.spawn(self._answer(ticket, rid, work), self._answerer.close):
            task.add_done_callback(lambda _: self._turns.ended())
        else:
            self._turns.ended()

    async def _answer(self, ticket: Ticket, rid: str, work: Work) -> None:
        try:
            answer = _answered(rid, await work())
            self.leave()
        except Exception as error:  # noqa: BLE001  # told to the client, and written down
            answer = self._refused(rid, error)
        self._waiting -= 1
        self._answerer.finish(ticket, answer)

    async def _register(self, payload: bytes) -> Answer:
        check_size(payload)
        document = bodies.decode(payload) if payload.strip() else None
        ask = ask_in(document, self._arrival.registration_id)
        arrival = replace(self._arrival, tpm=ask.tpm)
        return await self._needs.registrations.register(arrival, ask.payload)

    async def _poll(self, operation: str) -> Answer:
        return await self._needs.registrations.operation(self._arrival, operation)

    def _refused(self, rid: str, error: Exception) -> Publish:
        who, request_id = self._arrival.registration_id, self._arrival.request_id
        self._needs.figures.refused += 1
        if isinstance(error, Throttled):
            self.leave()  # it has proven itself: nobody else draws on a throttle
        log_failure("registration", error, device=who, request_id=request_id)
        told = refusal(error, request_id=request_id, at=self._needs.clock.now())
        topic = RegistrationAnswer(told.status, rid, told.retry_after_s).topic
        return Publish(topic, _ENCODE(told.body))

    def _look_later(self) -> None:
        self._alarm = self._needs.timer.call_later(PROVEN_S, self._check_proven)

    def _check_proven(self) -> None:
        """Hang up, unless it is the hub that has not answered yet. REGISTER-11."""
        if self._waiting:
            self._look_later()
        else:
            self._answerer.close(f"no request of it was accepted in {PROVEN_S:.0f} s")


def _answered(rid: str, answer: Answer) -> Publish:
    status = DONE if answer.is_final else GOING_ON
    topic = RegistrationAnswer(status, rid, answer.retry_after_s).topic
    return Publish(topic, _ENCODE(answer.document))
