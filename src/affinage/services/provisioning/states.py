"""States of registrations, as back ends read and forget them.

Source: docs/spec/provisioning.md, PROV-26 to PROV-28.
"""

from typing import Final

from affinage.domain.audit import Deed
from affinage.domain.errors import EnrollmentNotFound, RegistrationNotFound
from affinage.domain.etags import check_etag
from affinage.domain.principal import Principal, Right
from affinage.domain.provisioning.names import enrollment_key
from affinage.domain.provisioning.registration import Registration, document
from affinage.domain.values import JsonObject
from affinage.ports.store import Row, Table
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import Page, cut
from affinage.services.provisioning.book import Book
from affinage.services.provisioning.enrollments import MAX_PAGE

ITEM_TYPE: Final = "deviceRegistrationState"


class States:
    def __init__(self, fleet: Fleet, book: Book, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._book, self._limits = fleet, book, limits

    async def get(self, registration_id: str, *, by: Principal) -> JsonObject:
        """What is known of a device that registered; RegistrationNotFound."""
        by.require(Right.REGISTRATION_STATUS_READ)
        self._limits.take(Operation.ENROLLMENT, by)
        return document(self._found(registration_id))

    async def delete(self, registration_id: str, *, if_match: str | None, by: Principal) -> None:
        """Forget a registration: the device stays where it is, and may register anew.

        Raises:
            RegistrationNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: PROV-27.
        """
        by.require(Right.REGISTRATION_STATUS_WRITE)
        self._limits.take(Operation.ENROLLMENT, by)
        async with self._book.lock(registration_id.lower()):
            current = self._found(registration_id)
            check_etag(f"registration {current.id}", current.etag, if_match)
            row = Row(Table.REGISTRATIONS, current.id, None)
            deeds = (Deed(by, "registration.delete", current.id),)
            await self._fleet.save(row, deeds=deeds)

    async def page(self, group: str, *, after: str | None, limit: int, by: Principal) -> Page:
        """Registrations of a group by id, those behind ``after``.

        Raises:
            EnrollmentNotFound: there is no such group; Invalid of a limit under 1.

        Source: PROV-28.
        """
        by.require(Right.REGISTRATION_STATUS_READ)
        self._limits.take(Operation.ENROLLMENT, by)
        key = enrollment_key(group, is_group=True)
        if self._book.enrollment(key) is None:
            raise EnrollmentNotFound(f"no enrollment group {group[:128]}")
        some, has_more = cut(self._book.members(key, (after or "").lower()), limit, MAX_PAGE)
        return Page(ITEM_TYPE, [document(one) for one in some], some[-1].id if has_more else None)

    def _found(self, registration_id: str) -> Registration:
        found = self._book.registration(registration_id.lower())
        if found is None:
            raise RegistrationNotFound(f"no registration {registration_id[:128]}")
        return found
