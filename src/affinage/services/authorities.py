"""Certificate authorities: which there are, what becomes of them, and for whom they vouch.

An authority vouches only once whoever brought it has shown that he holds its key: he signs with it
a certificate whose common name is the code that the hub gave him.

Source: docs/spec/authorities.md.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from affinage.domain import authorities
from affinage.domain.audit import Deed, digest
from affinage.domain.authorities import CODE_BYTES, MAX_AUTHORITIES, Authority
from affinage.domain.errors import (
    CertificateExists,
    CertificateNotFound,
    Invalid,
    Malformed,
    Missing,
    TooManyCertificates,
)
from affinage.domain.etags import check_etag
from affinage.domain.moments import Millis, millis
from affinage.domain.principal import Principal, Right, Warrant
from affinage.domain.values import JsonObject, JsonValue
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Table
from affinage.protocol.certificates import Certificate, parse, read
from affinage.protocol.chains import Vouched, check_moment, is_signed_by, verify
from affinage.protocol.errors import ProtocolError
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.records import Records

Known = Mapping[str, Authority]


class Authorities:
    def __init__(self, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._clock, self._ids, self._limits = fleet, clock, ids, limits
        self._known = Records(fleet, Authority, Table.AUTHORITIES)
        self._verified: dict[bytes, tuple[Authority, Certificate]] = {}
        """Those that vouch, by the bytes of their certificates."""

    async def open(self) -> None:
        """Read the authorities."""
        self._known.open()
        self._believe()
        self._fleet.listen(self._committed)

    def verified(self, name: str) -> Certificate | None:
        """The certificate of an authority that is believed; None if there is none of that name."""
        known = self._known.get(name)
        return self._verified[known.der][1] if known and known.is_verified else None

    def vouching(self, chain: Sequence[bytes]) -> tuple[Vouched, Warrant]:
        """The verified authority, the nearest to the leaf, that vouches for a chain.

        Raises:
            ProtocolError: none does; the message says what is wrong with the leaf, if anything.

        Source: AUTHORITY-7, CERT-5 to CERT-12.
        """
        believed = [certificate for _, certificate in self._verified.values()]
        vouched = verify(chain, believed, self._clock.now())
        nearest, _ = self._verified[vouched.authorities[0].der]
        return vouched, nearest.warrant

    def endings(self) -> list[tuple[str, datetime]]:
        """The verified authorities by name, and when each ends."""
        return sorted((one.name, shown.not_after) for one, shown in self._verified.values())

    async def list_all(self, *, by: Principal) -> list[JsonObject]:
        """Every authority, by name."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        return [_document(self._known[name]) for name in sorted(self._known)]

    async def get(self, name: str, *, by: Principal) -> JsonObject:
        """An authority; CertificateNotFound."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        return _document(_found(self._known, name))

    async def put(
        self, name: str, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Bring an authority, or with an etag (ANY for whatever it has) change one.

        Another certificate has to be proven anew; connections that the old one let in end.

        Raises:
            CertificateExists: it exists and no etag was given, or another has the certificate.
            CertificateNotFound, EtagMismatch, TooManyCertificates, Invalid and its kin: see the
                message.
            Unavailable: the commit failed. In every case nothing has changed.

        Source: AUTHORITY-1 to AUTHORITY-3, AUTHORITY-6.
        """
        by.require(Right.REGISTRY_WRITE)
        shown = self._authority(body.get("certificate"))

        def write(known: Known, at: Millis) -> Authority:
            if shown:
                _check_unique(known, name, shown)
            if if_match is None:
                return self._created(known, name, shown, body, at)
            new = (shown.der, shown.sha256) if shown else None
            return authorities.changed(_to_change(known, name, if_match), new, body, at=at)

        return await self._write(write, by)

    async def challenge(self, name: str, *, if_match: str | None, by: Principal) -> JsonObject:
        """Make a code that a proof of possession must name; an older one is of no more use.

        Raises:
            CertificateNotFound, EtagMismatch, Unavailable: as `put`.

        Source: AUTHORITY-4.
        """
        by.require(Right.REGISTRY_WRITE)
        code = base64.b64decode(self._ids.key(CODE_BYTES)).hex().upper()

        def write(known: Known, at: Millis) -> Authority:
            return authorities.challenged(_to_change(known, name, if_match), code, at=at)

        return await self._write(write, by)

    async def verify(
        self, name: str, proof: JsonValue, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Believe the authority from now on, as the proof shows that its key is at hand.

        Args:
            proof: a certificate in PEM that it signed, whose common name is the code.

        Raises:
            InvalidOperation: no code was asked for.
            Invalid: it is signed by another, names something else, or is not valid now.
            CertificateNotFound, EtagMismatch, Unavailable: as `put`.

        Source: AUTHORITY-5.
        """
        by.require(Right.REGISTRY_WRITE)
        leaf = self._current(_one(proof))

        def write(known: Known, at: Millis) -> Authority:
            current = _to_change(known, name, if_match)
            verified = authorities.proven(current, leaf.common_name, at=at)
            if not is_signed_by(leaf, read(current.der)):
                raise Invalid(f"the proof was not signed with the key of certificate {name}")
            return verified

        return await self._write(write, by)

    async def delete(self, name: str, *, if_match: str | None, by: Principal) -> None:
        """Delete an authority; connections that it let in end.

        Raises:
            CertificateNotFound, EtagMismatch, Unavailable: as `put`.

        Source: AUTHORITY-8.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)

        def decide(view: View) -> Change[None]:
            current = _to_change(self._known.seen(view), name, if_match)
            row, deeds = self._known.row(name, None), (_deed(by, name, current, None),)
            return Change(lambda _: None, rows=(row,), deeds=deeds)

        await self._fleet.change(decide)

    async def _write(
        self, write: Callable[[Known, Millis], Authority], by: Principal
    ) -> JsonObject:
        self._limits.take(Operation.REGISTRY, by)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Authority]:
            known = self._known.seen(view)
            written = write(known, at)
            row = self._known.row(written.name, written)
            deeds = (_deed(by, written.name, known.get(written.name), written),)
            return Change(lambda _: written, rows=(row,), deeds=deeds)

        return _document(await self._fleet.change(decide))

    def _created(
        self, known: Known, name: str, shown: Certificate | None, body: JsonObject, at: Millis
    ) -> Authority:
        if name in known:
            raise CertificateExists(f"certificate {name} exists")
        if shown is None:
            raise Missing("certificate is missing: the authority's, in PEM")
        if len(known) >= MAX_AUTHORITIES:
            raise TooManyCertificates(f"the hub has {len(known)} of {MAX_AUTHORITIES} certificates")
        etag = self._ids.etag_start()
        return authorities.created(name, shown.der, shown.sha256, body, etag=etag, at=at)

    def _authority(self, text: JsonValue) -> Certificate | None:
        """The certificate of a request, which must be an authority's and valid; None for none."""
        if text is None:
            return None
        shown = self._current(_one(text))
        if not shown.is_authority:
            raise Invalid(f"{shown.subject} is no authority: its basic constraints do not say so")
        return shown

    def _current(self, certificate: Certificate) -> Certificate:
        try:
            check_moment(certificate, self._clock.now())
        except ProtocolError as error:
            raise Invalid(str(error)) from None
        return certificate

    def _committed(self, overlay: Overlay) -> None:
        """The records, which listened before, have it already."""
        if any(row.table is Table.AUTHORITIES for row in overlay.rows):
            self._believe()

    def _believe(self) -> None:
        verified = [one for one in self._known.values() if one.is_verified]
        self._verified = {one.der: (one, read(one.der)) for one in verified}


def _one(text: JsonValue) -> Certificate:
    if not isinstance(text, str):
        raise Malformed("certificate must be a string: PEM")
    try:
        found = parse(text)
    except ProtocolError as error:
        raise Invalid(str(error)) from None
    if len(found) != 1:
        raise Invalid(f"{len(found)} certificates: give the one that it is about")
    return found[0]


def _document(authority: Authority) -> JsonObject:
    shown = read(authority.der)
    return {**authorities.document(authority), **shown.document, "certificate": shown.pem}


def _deed(by: Principal, name: str, old: Authority | None, new: Authority | None) -> Deed:
    before, after = (digest(_document(one) if one else None) for one in (old, new))
    return Deed(by, "certificate.write", name, before, after)


def _found(known: Known, name: str) -> Authority:
    try:
        return known[name]
    except KeyError:
        raise CertificateNotFound(f"no certificate {name[:80]}") from None


def _to_change(known: Known, name: str, if_match: str | None) -> Authority:
    current = _found(known, name)
    check_etag(f"certificate '{name}'", current.etag, if_match)
    return current


def _check_unique(known: Known, name: str, shown: Certificate) -> None:
    """An authority under two names could not be revoked by either. Source: AUTHORITY-2."""
    for other in known.values():
        if other.name != name and other.der == shown.der:
            raise CertificateExists(f"certificate {other.name} is the same one")
