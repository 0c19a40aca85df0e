"""Enrollments: who may make, change, read and delete them, and see their keys.

Whoever changes what has a key holds its lock: what is read under it is as committed.

Source: docs/spec/provisioning.md, PROV-4 to PROV-24.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from affinage.domain.audit import Deed, digest
from affinage.domain.errors import (
    AffinageError,
    EnrollmentExists,
    EnrollmentNotFound,
    Invalid,
    TooManyEnrollments,
    Unavailable,
)
from affinage.domain.etags import ANY, check_etag
from affinage.domain.members import member_text
from affinage.domain.moments import millis
from affinage.domain.principal import Principal, Right
from affinage.domain.provisioning import attestation, enrollment
from affinage.domain.provisioning import registration as registrations
from affinage.domain.provisioning.attestation import Keys, SymmetricKeys
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.names import enrollment_key
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.hubs import LinkedHubs
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.ports.webhooks import Webhooks
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import Page, cut
from affinage.services.provisioning.book import Book, enrollment_row
from affinage.services.provisioning.bulk import MAX_BULK, Mode, Refused, bulk_mode, etag_wanted
from affinage.services.provisioning.makings import attestation_makings

MAX_INDIVIDUAL: Final = 1_000_000
MAX_GROUPS: Final = 100
"""Groups by symmetric key, and as many by certificate."""

ALL_GROUPS: Final = "group/"
"""The one lock of all groups: they are few, and counted before another one is made."""

MAX_PAGE: Final = 100
"""Enrollments, or registrations, on one page."""


class Enrollments:
    def __init__(
        self,
        fleet: Fleet,
        book: Book,
        hubs: LinkedHubs,
        webhooks: Webhooks,
        *,
        vault: Vault,
        clock: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._book, self._hubs, self._webhooks = fleet, book, hubs, webhooks
        self._vault, self._clock, self._ids, self._limits = vault, clock, ids, limits
        self._makings = attestation_makings(vault, ids)

    async def get(self, name: str, *, is_group: bool, by: Principal) -> JsonObject:
        """An enrollment without its keys; EnrollmentNotFound."""
        by.require(Right.ENROLLMENT_READ)
        self._limits.take(Operation.ENROLLMENT, by)
        return self._document(self._found(name, is_group=is_group))

    async def attestation(self, name: str, *, is_group: bool, by: Principal) -> JsonObject:
        """Its attestation with its keys: for who may write it, too; EnrollmentNotFound.

        Source: PROV-12.
        """
        by.require(Right.ENROLLMENT_WRITE)
        self._limits.take(Operation.ENROLLMENT, by)
        of = self._found(name, is_group=is_group).attestation
        return attestation.document(of, self._opened(of) if isinstance(of, SymmetricKeys) else None)

    async def put(
        self, name: str, body: JsonObject, *, is_group: bool, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Create an enrollment, or with an etag (ANY for whatever it has) change one.

        Raises:
            EnrollmentExists: it exists, and no etag was given.
            EnrollmentNotFound, EtagMismatch, TooManyEnrollments, Invalid and its kin: see the
                message. Unavailable: the commit failed. In every case nothing has changed.

        Source: PROV-4 to PROV-11.
        """
        by.require(Right.ENROLLMENT_WRITE)
        self._limits.take(Operation.ENROLLMENT, by)
        return self._document(await self._put(name, body, if_match, by, is_group=is_group))

    async def delete(
        self, name: str, *, is_group: bool, if_match: str | None, by: Principal
    ) -> None:
        """Delete an enrollment; with an individual one goes what is known of its device.

        The device stays where it is. Those of a group stay known.

        Raises:
            EnrollmentNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: PROV-23.
        """
        by.require(Right.ENROLLMENT_WRITE)
        self._limits.take(Operation.ENROLLMENT, by)
        await self._delete(name, if_match, by, is_group=is_group)

    async def bulk(
        self, entries: Sequence[JsonObject], mode: str, *, is_group: bool, by: Principal
    ) -> list[Refused]:
        """Create, change or delete several; each for itself, in their order.

        Returns:
            Those that were refused.

        Raises:
            Invalid, Malformed, Throttled: nothing has changed.
            Unavailable: those before it have changed.

        Source: PROV-22.
        """
        by.require(Right.ENROLLMENT_WRITE)
        if not 1 <= len(entries) <= MAX_BULK:
            raise Invalid(f"a bulk request of {len(entries)} enrollments: it has 1 to {MAX_BULK}")
        wanted = bulk_mode(mode)
        self._limits.take(Operation.ENROLLMENT, by, len(entries))
        member = "enrollmentGroupId" if is_group else "registrationId"
        named = [(member_text(entry, member) or "", entry) for entry in entries]
        refused = list[Refused]()
        for name, entry in named:
            try:
                await self._written(wanted, name, entry, by, is_group=is_group)
            except Unavailable:
                raise
            except AffinageError as error:
                refused.append(Refused(name, error))
        return refused

    async def _written(
        self, mode: Mode, name: str, entry: JsonObject, by: Principal, *, is_group: bool
    ) -> None:
        if mode is Mode.DELETE:
            await self._delete(name, ANY, by, is_group=is_group)
        else:
            await self._put(name, entry, etag_wanted(mode, entry), by, is_group=is_group)

    async def _put(
        self, name: str, body: JsonObject, if_match: str | None, by: Principal, *, is_group: bool
    ) -> Enrollment:
        key, at = enrollment_key(name, is_group=is_group), millis(self._clock.now())
        async with self._book.lock(ALL_GROUPS if is_group else key):
            current = self._book.enrollment(key)
            if if_match is not None:
                current = self._found(name, is_group=is_group)
                check_etag(current.what, current.etag, if_match)
                written = enrollment.update(current, body, self._makings, at=at)
            elif current is not None:
                raise EnrollmentExists(f"{current.what} exists")
            else:
                etag, made = self._ids.etag_start(), self._makings
                written = enrollment.create(name, body, made, is_group=is_group, etag=etag, at=at)
            self._check_room(written, current)
            self._check_reach(written)
            await self._write(enrollment_row(written), current, written, by)
        return written

    async def _delete(
        self, name: str, if_match: str | None, by: Principal, *, is_group: bool
    ) -> None:
        key = enrollment_key(name, is_group=is_group)
        async with self._book.lock(ALL_GROUPS if is_group else key):
            current = self._found(name, is_group=is_group)
            check_etag(current.what, current.etag, if_match)
            await self._write(Row(Table.ENROLLMENTS, key, None), current, None, by)

    async def page(self, *, groups: bool, after: str | None, limit: int, by: Principal) -> Page:
        """Some enrollments by id, those behind ``after``; Invalid of a limit under 1.

        Source: PROV-24.
        """
        by.require(Right.ENROLLMENT_READ)
        self._limits.take(Operation.ENROLLMENT, by)
        some, has_more = cut(self._from(after, groups=groups), limit, MAX_PAGE)
        rows = [self._document(one) for one in some]
        kind = "enrollmentGroup" if groups else "enrollment"
        return Page(kind, rows, some[-1].id if has_more else None)

    def _from(self, after: str | None, *, groups: bool) -> Iterator[Enrollment]:
        start = enrollment_key(after or "", is_group=groups)
        return self._book.enrollments(start, groups=groups)

    async def _write(
        self, row: Row, old: Enrollment | None, new: Enrollment | None, by: Principal
    ) -> None:
        """Its lock is held."""
        one = new or old
        assert one is not None  # something is written, or deleted
        rows = [row]
        if new is None and not one.is_group:
            rows.append(Row(Table.REGISTRATIONS, one.id, None))
        before, after = (digest(enrollment.document(each) if each else None) for each in (old, new))
        deeds = (Deed(by, "enrollment.write", one.key, before, after),)
        await self._fleet.save(*rows, deeds=deeds)

    def _found(self, name: str, *, is_group: bool) -> Enrollment:
        found = self._book.enrollment(enrollment_key(name, is_group=is_group))
        if found is None:
            what = "enrollment group" if is_group else "enrollment"
            raise EnrollmentNotFound(f"no {what} {name[:128]}")
        return found

    def _document(self, of: Enrollment) -> JsonObject:
        known = None if of.is_group else self._book.registration(of.id)
        return enrollment.document(of, registrations.document(known) if known else None)

    def _opened(self, keys: SymmetricKeys) -> Keys:
        first, second = (self._vault.open(one).decode() for one in (keys.primary, keys.secondary))
        return first, second

    def _check_room(self, new: Enrollment, old: Enrollment | None) -> None:
        """Raise TooManyEnrollments if there are as many of its kind as may be. Source: PROV-61."""
        is_key = _is_by_key(new)
        if old is not None and (not new.is_group or is_key is _is_by_key(old)):
            return
        if not new.is_group:
            count, limit, what = self._book.counted(groups=False), MAX_INDIVIDUAL, "enrollments"
        else:
            count, limit = (
                [_is_by_key(one) for one in self._book.groups()].count(is_key),
                MAX_GROUPS,
            )
            what = f"groups by {'symmetric key' if is_key else 'certificate'}"
        if count >= limit:
            raise TooManyEnrollments(f"there are {count} of {limit} {what}")

    def _check_reach(self, new: Enrollment) -> None:
        """Raise Invalid unless its hubs are linked, and its webhook may be asked."""
        for host in filter(None, (new.hub, *new.hubs)):
            if self._hubs.find(host) is None:
                raise Invalid(f"{host[:255]!r} is no hub that is linked")
        if new.webhook is not None:
            self._webhooks.check(new.webhook.url)


def _is_by_key(of: Enrollment) -> bool:
    return isinstance(of.attestation, SymmetricKeys)
