"""Enrollments: who may make, change, read and delete them, and see their keys.

Whoever changes what has a key holds its lock: what is read under it is as committed.

Source: docs/spec/provisioning.md, PROV-4 to PROV-29.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from hmac import compare_digest
from itertools import islice
from typing import Final

from affinage.domain.audit import Deed, digest
from affinage.domain.errors import (
    EnrollmentExists,
    EnrollmentNotFound,
    Invalid,
    TooManyEnrollments,
)
from affinage.domain.identity import KeySource
from affinage.domain.moments import millis
from affinage.domain.principal import Principal, Right
from affinage.domain.provisioning import attestation, enrollment
from affinage.domain.provisioning import registration as registrations
from affinage.domain.provisioning.attestation import Certificate, Keys, Makings, SymmetricKeys
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.names import enrollment_key
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.hubs import LinkedHubs
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.ports.webhooks import Webhooks
from affinage.protocol import certificates
from affinage.protocol.errors import ProtocolError
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.provisioning.book import Book, enrollment_row
from affinage.services.queries import Page

MAX_INDIVIDUAL: Final = 1_000_000
MAX_GROUPS: Final = 100
"""Groups by symmetric key, and as many by certificate."""

MAX_PAGE: Final = 100
"""Enrollments, or registrations, on one page."""

ANY: Final = "*"
"""As an etag: it must exist, whatever its etag."""

KEY_BYTES: Final = 64
"""Of a key that is made for an enrollment."""

_PEM: Final = "-----BEGIN"


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
        self._makings = makings(vault, ids)

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

        Source: PROV-4 to PROV-11, PROV-22.
        """
        by.require(Right.ENROLLMENT_WRITE)
        self._limits.take(Operation.ENROLLMENT, by)
        key, at = enrollment_key(name, is_group=is_group), millis(self._clock.now())
        async with self._book.lock(key):
            current = self._book.enrollment(key)
            if if_match is None:
                if current is not None:
                    raise EnrollmentExists(f"{current.what} exists")
                etag = self._ids.etag_start()
                written = enrollment.create(
                    name, body, self._makings, is_group=is_group, etag=etag, at=at
                )
                self._check_room(written)
            else:
                current = self._found(name, is_group=is_group)
                enrollment.check_etag(current, None if if_match == ANY else if_match)
                written = enrollment.update(current, body, self._makings, at=at)
            self._check_reach(written)
            await self._write(enrollment_row(written), current, written, by)
        return self._document(written)

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
        key = enrollment_key(name, is_group=is_group)
        async with self._book.lock(key):
            current = self._found(name, is_group=is_group)
            enrollment.check_etag(current, None if if_match == ANY else if_match)
            await self._write(Row(Table.ENROLLMENTS, key, None), current, None, by)

    async def page(self, *, groups: bool, after: str | None, limit: int, by: Principal) -> Page:
        """Some enrollments by id, those behind ``after``; Invalid of a limit under 1.

        Source: PROV-24.
        """
        by.require(Right.ENROLLMENT_READ)
        self._limits.take(Operation.ENROLLMENT, by)
        if limit < 1:
            raise Invalid(f"a page of {limit} rows: it has 1 to {MAX_PAGE}")
        size = min(limit, MAX_PAGE)
        some = [*islice(self._from(after, groups=groups), size + 1)]
        last = some[size - 1].id if len(some) > size else None
        rows = [self._document(one) for one in some[:size]]
        return Page("enrollmentGroup" if groups else "enrollment", rows, last)

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
        await self._fleet.change(lambda _: Change(lambda _: None, rows=tuple(rows), deeds=deeds))

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

    def _check_room(self, new: Enrollment) -> None:
        """Raise TooManyEnrollments if there are as many as may be. Source: PROV-61."""
        if not new.is_group:
            count, limit, what = self._book.counted(groups=False), MAX_INDIVIDUAL, "enrollments"
        else:
            is_key = isinstance(new.attestation, SymmetricKeys)
            kinds = [isinstance(one.attestation, SymmetricKeys) for one in self._book.groups()]
            count, limit = kinds.count(is_key), MAX_GROUPS
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


def makings(vault: Vault, ids: Ids) -> Makings:
    """What attestations are made of: keys sealed at once, certificates as they were given."""
    keys = KeySource(
        lambda: ids.key(KEY_BYTES),
        lambda key: vault.seal(key.encode()),
        lambda sealed, key: compare_digest(vault.open(sealed), key.encode()),
    )
    return Makings(keys, _certificate)


def _certificate(text: str) -> Certificate:
    """One certificate: PEM, base64 of that, or base64 of DER. Source: PROV-16."""
    try:
        found = certificates.parse(text) if _PEM in text else [_decoded(text)]
    except (ProtocolError, binascii.Error, ValueError):
        raise Invalid("a certificate must be PEM, or base64 of DER") from None
    shown: Mapping[str, str | int] = found[0].document
    return Certificate(found[0].der, {**shown})


def _decoded(text: str) -> certificates.Certificate:
    plain = base64.b64decode("".join(text.split()), validate=True)
    if plain.startswith(_PEM.encode()):
        return certificates.parse(plain.decode())[0]
    return certificates.read(plain)
