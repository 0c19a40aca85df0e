"""Registrations: a device comes with a proof and is given a hub; as an operation, to be polled.

An operation is durable before the device hears of it, and goes on after a restart. Whoever is
refused is told no more than that: not whether there is such an enrollment.

Source: docs/spec/provisioning.md, PROV-40 to PROV-49.
"""

import asyncio
from typing import Final

import structlog

from affinage.domain.audit import Deed
from affinage.domain.errors import RegistrationNotFound, TooManyEnrollments, Unavailable
from affinage.domain.moments import millis
from affinage.domain.principal import Kind as Who
from affinage.domain.principal import Principal
from affinage.domain.provisioning.registration import (
    Asked,
    Registration,
    Status,
    begun,
    document,
)
from affinage.domain.values import JsonObject, JsonValue
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.provisioning.arrivals import Answer, Arrival
from affinage.services.provisioning.assigning import Assigning
from affinage.services.provisioning.book import Book, registration_row
from affinage.services.provisioning.choosing import check_payload
from affinage.services.provisioning.evidence import Admitted, Evidence
from affinage.services.provisioning.polling import Polling

__all__ = ["Answer", "Arrival", "Registrations"]

MAX_REGISTRATIONS: Final = 1_000_000

MAX_VERSION: Final = 32
"""Characters that are kept of the api-version that a device names."""

WORKERS: Final = 64
"""Operations that are carried out at the same time, where others are asked and where not: those of
one commit share it."""

_log = structlog.get_logger(__name__)


class Registrations:
    def __init__(
        self,
        fleet: Fleet,
        book: Book,
        evidence: Evidence,
        assigning: Assigning,
        *,
        clock: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._book, self.evidence = fleet, book, evidence
        self._assigning, self._clock, self._ids = assigning, clock, ids
        self._limits, self._polling = limits, Polling(clock)
        self._waiting = {asks_others: asyncio.Queue[str]() for asks_others in (False, True)}
        """Apart, whether others are asked: who does not answer holds up nobody else."""
        self._under_way = set[str]()
        """Those in ``_waiting``, and those that a worker has in hand."""
        self.id_scope = ""

    def open(self, id_scope: str) -> None:
        """Take up what was being assigned when the hub stopped; the book is open."""
        self.id_scope = id_scope
        for one in self._book.registrations():
            if one.status is Status.ASSIGNING:
                self._enqueue(one)

    async def run(self) -> None:
        """Carry operations out, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for waiting in self._waiting.values():
                for _ in range(WORKERS):
                    tasks.create_task(self._work(waiting))

    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer:
        """Begin to assign a device to a hub; durable when it returns.

        Asked again before that is done, it answers with the operation under way.

        Args:
            payload: what the device tells whoever allocates; None for nothing.

        Returns:
            Never the result: an operation to be polled, ``retry_after_s`` from now.

        Raises:
            Challenged: it must prove that it has the TPM that its enrollment names.
            Unauthorized: no such scope or enrollment, no proof, or it is disabled.
            Invalid, TooLarge: the request can never succeed.
            Throttled: too many devices come at once. Nothing has begun.
            TooManyEnrollments: there are MAX_REGISTRATIONS; Unavailable.

        Source: PROV-40, PROV-43, PROV-44.
        """
        admitted = self.evidence.admit(arrival, self.id_scope)
        check_payload(payload)
        name = admitted.registration_id
        current = self._book.registration(name)
        if not _is_under_way(current):
            lock = self._book.lock(name)
            waits = lock.locked()
            async with lock:
                if waits:  # perhaps for its enrollment to be deleted
                    admitted = self.evidence.admit(arrival, self.id_scope)
                current = self._book.registration(name)
                if not _is_under_way(current):
                    current = await self._begun(arrival, admitted, current, payload)
        assert current is not None  # it is under way
        return self._answer(current)

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer:
        """How an operation is: as `register` while it goes on, else the result.

        Raises:
            Challenged, Unauthorized: as `register`.
            RegistrationNotFound: the device began no such operation.
            Throttled: it asks more often than it was told to.

        Source: PROV-40, PROV-45, REGISTER-26.
        """
        found = self._book.registration(self._admitted(arrival))
        if found is not None:
            self._polling.take(found.id)
        if found is None or found.operation != operation_id:
            raise RegistrationNotFound("this device began no such operation")
        return self._answer(found)

    async def state(self, arrival: Arrival) -> JsonObject:
        """What is known of the device that asks: ``registrationState``.

        Raises:
            Challenged, Unauthorized: as `register`.
            RegistrationNotFound: it never registered.

        Source: PROV-46.
        """
        found = self._book.registration(self._admitted(arrival))
        if found is None:
            raise RegistrationNotFound("this device has not registered")
        return document(found)

    def _admitted(self, arrival: Arrival) -> str:
        return self.evidence.admit(arrival, self.id_scope).registration_id

    def _answer(self, of: Registration) -> Answer:
        if of.status is Status.ASSIGNING:
            self._enqueue(of)  # should a commit have failed, it is tried again now
            retry_after_s = self._polling.retry_after_s(of.id)
            return Answer(of.operation, of.status, retry_after_s=retry_after_s)
        return Answer(of.operation, of.status, document(of))

    async def _begun(
        self, arrival: Arrival, admitted: Admitted, current: Registration | None, payload: JsonValue
    ) -> Registration:
        """The registration, being assigned, once that is durable; its lock is held."""
        if current is None and self._book.registration_count >= MAX_REGISTRATIONS:
            count = self._book.registration_count
            raise TooManyEnrollments(f"there are {count} of {MAX_REGISTRATIONS} registrations")
        by = Principal(Who.DEVICE, admitted.registration_id, arrival.door, arrival.request_id)
        self._limits.take(Operation.REGISTRATION, by)  # THROTTLE-1: proven, and nothing begun yet
        made = self._made(arrival, admitted, current, payload)
        row, deeds = registration_row(made), (Deed(by, "registration.begin", made.id),)
        await self._fleet.save(row, deeds=deeds)
        return made

    def _made(
        self, arrival: Arrival, admitted: Admitted, current: Registration | None, payload: JsonValue
    ) -> Registration:
        leaf, tpm = admitted.leaf, arrival.tpm
        asked = Asked(
            spelling=arrival.registration_id,
            payload=payload,
            api_version=arrival.api_version[:MAX_VERSION],
            door=arrival.door,
            request_id=arrival.request_id,
            leaf=leaf.der if leaf else None,
            endorsement_key=tpm.endorsement_key if tpm else None,
            storage_root_key=tpm.storage_root_key if tpm else None,
        )
        return begun(
            current,
            admitted.registration_id,
            admitted.enrollment,
            asked,
            operation=f"4.{self._ids.generation()}.{self._ids.uuid()}",
            etag=self._ids.etag_start(),
            at=millis(self._clock.now()),
        )

    def _enqueue(self, of: Registration) -> None:
        if of.id not in self._under_way:
            self._under_way.add(of.id)
            self._waiting[self._assigning.asks_others(of)].put_nowait(of.id)

    async def _work(self, waiting: asyncio.Queue[str]) -> None:
        while True:
            registration_id = await waiting.get()
            try:
                await self._assign(registration_id)
            except Unavailable as error:
                _log.warning("registration waits", registration=registration_id, error=str(error))
            except Exception:  # noqa: BLE001  # the outermost place: the others go on
                _log.exception("registration failed", registration=registration_id)
            finally:
                self._under_way.discard(registration_id)

    async def _assign(self, registration_id: str) -> None:
        async with self._book.lock(registration_id):
            of = self._book.registration(registration_id)
            if of is None or of.status is not Status.ASSIGNING:
                return
            end = await self._assigning.carry_out(of, millis(self._clock.now()))
            row, by = registration_row(end), _done_by(of)
            deeds = (Deed(by, f"registration.{end.status}", of.id),)
            await self._fleet.save(row, deeds=deeds)


def _is_under_way(of: Registration | None) -> bool:
    return of is not None and of.status is Status.ASSIGNING


def _done_by(of: Registration) -> Principal:
    return Principal(Who.HUB, "provisioning", of.asked.door, of.asked.request_id)
