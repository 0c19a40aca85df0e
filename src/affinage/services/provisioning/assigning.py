"""Assigning: carries an operation out, from the choice of a hub to what the device is told.

Whatever it does may be done twice: a registration that was cut off, by a restart too, is assigned
from the beginning, and finds what is there already.

Source: docs/spec/provisioning.md, PROV-36 to PROV-39, PROV-50 to PROV-56.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import AffinageError, Unavailable
from affinage.domain.identity import Status as EnrollmentStatus
from affinage.domain.moments import Millis
from affinage.domain.principal import Kind, Principal, Right
from affinage.domain.provisioning.allocation import allocated
from affinage.domain.provisioning.enrollment import Allocation, Enrollment, InitialTwin
from affinage.domain.provisioning.registration import (
    Assignment,
    Failure,
    Registration,
    Status,
    ended,
)
from affinage.domain.provisioning.reprovisioning import Move, Plan, is_sticky, plan
from affinage.domain.values import JsonObject
from affinage.ports.hubs import LinkedHub, LinkedHubs, TwinContent, Wanted
from affinage.services.provisioning.choosing import Choice, Choosing, NotChosen
from affinage.services.provisioning.credentials import Given

NOT_ENROLLED: Final = 404201
"""``errorCode`` of a registration whose enrollment was deleted while it was being assigned."""

REFUSED: Final = 400209
"""``errorCode`` where the hub does not take the device as its enrollment wants it."""

AWAY: Final = 503001
"""``errorCode`` where a linked hub cannot be reached: the device may come again."""


@dataclass(frozen=True, slots=True)
class Assigning:
    own: str
    """This hub, as one of them."""
    hubs: LinkedHubs
    choosing: Choosing
    given: Given
    find: Callable[[str], Enrollment | None]
    """The enrollment with that key, as it is now."""

    def asks_others(self, of: Registration) -> bool:
        """Whether a webhook or another hub is asked, who may take his time, or be away."""
        enrollment = self.find(of.enrollment_key)
        if enrollment is None:
            return False
        current = of.assignment.hub if of.assignment else None
        if enrollment.allocation is Allocation.CUSTOM or current not in (None, self.own):
            return True
        with suppress(AffinageError):  # then nobody is asked
            return allocated(enrollment, of.id, self.hubs.weights(), current) != self.own
        return False

    async def carry_out(self, of: Registration, at: Millis) -> Registration:
        """The registration with its end: assigned, disabled, or failed, and why.

        Source: PROV-49, PROV-50.
        """
        while (enrollment := self.find(of.enrollment_key)) is not None:
            if enrollment.status is EnrollmentStatus.DISABLED:
                return ended(of, Status.DISABLED, at)
            end = await self._end(of, enrollment, at)
            if end is not None:
                return end
        return _failed(of, NOT_ENROLLED, "the enrollment was deleted meanwhile", at)

    async def _end(
        self, of: Registration, enrollment: Enrollment, at: Millis
    ) -> Registration | None:
        """None if the enrollment is another by the time that a hub is chosen."""
        try:
            choice = await self._choice(of, enrollment)
            if self.find(of.enrollment_key) != enrollment:
                return None
            return await self._assigned(of, enrollment, choice, at)
        except NotChosen as error:
            return _failed(of, error.code, str(error), at)
        except Unavailable as error:
            return _failed(of, AWAY, str(error), at)
        except AffinageError as error:
            return _failed(of, REFUSED, str(error), at)

    async def _choice(self, of: Registration, enrollment: Enrollment) -> Choice:
        policy, version = enrollment.reprovisioning, of.asked.api_version
        if of.assignment is not None and is_sticky(policy, version):
            return Choice(of.assignment.hub, enrollment.twin, of.payload)
        return await self.choosing.choose(of, enrollment, self.hubs.weights())

    async def _assigned(
        self, of: Registration, enrollment: Enrollment, choice: Choice, at: Millis
    ) -> Registration:
        policy, version = enrollment.reprovisioning, of.asked.api_version
        wanted = plan(of.assignment, choice.hub, enrollment.device_id or of.id, policy, version)
        authentication, shown = self.given.of(enrollment, of.asked)
        move = _Device(of, enrollment, authentication, choice.twin)
        to = await self._moved(wanted, move)
        return ended(
            of,
            Status.ASSIGNED,
            at,
            assignment=to,
            payload=choice.payload,
            shown=shown,
            failure=None,
        )

    async def _moved(self, wanted: Plan, device: "_Device") -> Assignment:
        """Where the device is then. What is there already is not done again."""
        to, old = wanted.to, device.of.assignment
        hub, by = self._hub(to.hub), device.by
        if old is None or wanted.move in (Move.STAY, Move.BEGIN):
            await hub.provision(device.wanted(to), by=by)
            return to
        before = self.hubs.find(old.hub)
        is_same = (old.hub, old.device_id) == (to.hub, to.device_id)
        if wanted.move is Move.RESET and is_same:
            await hub.remove(to.device_id, by=by)
        moved = await before.find(old.device_id, by=by) if before else None
        twin = moved if wanted.move is Move.MIGRATE else None
        await hub.provision(device.wanted(to, twin), by=by)
        if before is not None and not is_same:
            await before.remove(old.device_id, by=by)
        return to

    def _hub(self, host: str) -> LinkedHub:
        found = self.hubs.find(host)
        if found is None:
            raise Unavailable(f"hub {host} is not linked any more")
        return found


@dataclass(frozen=True, slots=True)
class _Device:
    """What is to be at a hub, and in whose request."""

    of: Registration
    enrollment: Enrollment
    authentication: JsonObject
    twin: InitialTwin | None

    @property
    def by(self) -> Principal:
        """The hub itself does it, for the device's request."""
        asked, rights = self.of.asked, Right.REGISTRY_READ | Right.REGISTRY_WRITE
        return Principal(Kind.HUB, "provisioning", asked.door, asked.request_id, rights)

    def wanted(self, to: Assignment, twin: TwinContent | None = None) -> Wanted:
        begins = self.twin or InitialTwin()
        content = twin or TwinContent(begins.tags, begins.desired)
        return Wanted(to.device_id, self.authentication, self.enrollment.iot_edge, content)


def _failed(of: Registration, code: int, message: str, at: Millis) -> Registration:
    return ended(of, Status.FAILED, at, failure=Failure(code, message))
