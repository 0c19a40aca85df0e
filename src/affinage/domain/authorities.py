"""Certificate authorities that devices are known by: what one may be, and how it is proven.

Decided here: what a change makes of an authority, and when it vouches. Not here: what its
certificate says, nor whose it signed.

Source: docs/spec/authorities.md.
"""

import re
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, InvalidOperation
from affinage.domain.etags import etag_text
from affinage.domain.moments import Millis, iso
from affinage.domain.principal import Warrant
from affinage.domain.values import JsonObject

MAX_AUTHORITIES: Final = 25
"""Authorities of one hub."""

MAX_NAME: Final = 64
"""Characters in the name of an authority."""

CODE_BYTES: Final = 24
"""Random bytes in a verification code; twice as many digits fit a common name's 64."""

_NAME: Final = re.compile(r"[A-Za-z0-9._\-]+")

_MEMBERS: Final = {"name", "certificate", "isVerified", "etag"}


class Authority(Struct, frozen=True, array_like=True):
    """One authority, and whether whoever brought it holds its key."""

    name: str
    der: bytes
    thumbprint: str
    """SHA-256 of its certificate, 64 hexadecimal digits in upper case."""
    created_at: Millis
    updated_at: Millis
    etag: int
    """Grows by one with every change."""
    is_verified: bool = False
    code: str | None = None
    """What a proof must name; None where none was asked for, or it has been used."""

    @property
    def warrant(self) -> Warrant:
        """For whom it vouches for."""
        return Warrant(self.name, self.thumbprint)

    def honours(self, warrant: Warrant) -> bool:
        """Whether it still vouches for who has that."""
        return self.is_verified and warrant == self.warrant


def created(
    name: str, der: bytes, thumbprint: str, body: JsonObject, *, etag: int, at: Millis
) -> Authority:
    """A new authority, not verified.

    Raises:
        Invalid: none can be so.

    Source: AUTHORITY-1, AUTHORITY-2.
    """
    check_name(name)
    _check_members(name, body)
    made = Authority(name, der, thumbprint, at, at, etag)
    return _trusted(made, body)


def changed(
    authority: Authority, shown: tuple[bytes, str] | None, body: JsonObject, *, at: Millis
) -> Authority:
    """The authority with another certificate, or with trust withdrawn; the rest stays.

    Args:
        shown: DER and thumbprint of the certificate that the request has; None if it has none.

    Raises:
        Invalid: none can be so.

    Source: AUTHORITY-3, AUTHORITY-6.
    """
    _check_members(authority.name, body)
    if shown is None or shown[0] == authority.der:
        return _next(_trusted(authority, body), at)
    der, thumbprint = shown
    made = replace(authority, der=der, thumbprint=thumbprint, is_verified=False, code=None)
    return _next(_trusted(made, body), at)


def challenged(authority: Authority, code: str, *, at: Millis) -> Authority:
    """The authority with a new code; one that is verified stays so. Source: AUTHORITY-4."""
    return _next(replace(authority, code=code), at)


def proven(authority: Authority, common_name: str | None, *, at: Millis) -> Authority:
    """The authority, verified, by a certificate of that name which it has signed.

    Raises:
        InvalidOperation: no code was asked for.
        Invalid: the name is not the code.

    Source: AUTHORITY-5.
    """
    if authority.code is None:
        raise InvalidOperation(f"certificate {authority.name} has no code: challenge it first")
    if common_name is None or common_name.upper() != authority.code:
        raise Invalid(
            f"the proof's common name is {str(common_name)[:64]!r}, not {authority.code!r}"
        )
    return _next(replace(authority, is_verified=True, code=None), at)


def check_name(name: str) -> None:
    """Raise Invalid if no authority can have that name. Source: AUTHORITY-1."""
    if len(name) > MAX_NAME:
        raise Invalid(f"the name of a certificate has {len(name)} of {MAX_NAME} characters")
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} cannot name a certificate: it may hold letters, digits and . _ -")


def document(authority: Authority) -> JsonObject:
    """What the hub knows of it; what its certificate says is not here."""
    return {
        "name": authority.name,
        "isVerified": authority.is_verified,
        "verificationCode": authority.code,
        "createdAt": iso(authority.created_at),
        "updatedAt": iso(authority.updated_at),
        "etag": etag_text(authority.etag),
    }


def _next(authority: Authority, at: Millis) -> Authority:
    return replace(authority, updated_at=at, etag=authority.etag + 1)


def _trusted(authority: Authority, body: JsonObject) -> Authority:
    """Trust may be withdrawn by a request, and not be given by it."""
    wanted = body.get("isVerified")
    if wanted is None or wanted is authority.is_verified:
        return authority
    if wanted is not False:
        raise Invalid("isVerified cannot be set: a proof of possession makes it true")
    return replace(authority, is_verified=False)


def _check_members(name: str, body: JsonObject) -> None:
    if unknown := sorted(body.keys() - _MEMBERS):
        raise Invalid(
            f"a certificate has no {unknown[0][:40]!r}: it has {', '.join(sorted(_MEMBERS))}"
        )
    if body.get("name", name) != name:
        raise Invalid(f"the name in the body is not {name!r}")
