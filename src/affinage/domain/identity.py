"""Who may connect: identities of devices and modules, and the shape of their credentials.

Keys are here only sealed: what opens them is a port, and this file never sees one in the clear
except while it checks those that a client sends.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, InvalidOperation, Malformed
from affinage.domain.moments import Millis
from affinage.domain.values import is_object

MIN_KEY: Final = 16
MAX_KEY: Final = 64
"""Bytes in a symmetric key, before base64."""

MAX_STATUS_REASON: Final = 128
"""Characters."""

_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")


class AuthType(StrEnum):
    SAS = "sas"
    SELF_SIGNED = "selfSigned"
    CERTIFICATE_AUTHORITY = "certificateAuthority"
    NONE = "none"


class Status(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class Credentials(Struct, frozen=True, array_like=True, gc=False):
    """How an identity proves itself. Keys are sealed; thumbprints are as they were given."""

    type: AuthType = AuthType.SAS
    primary_key: bytes | None = None
    secondary_key: bytes | None = None
    primary_thumbprint: str | None = None
    secondary_thumbprint: str | None = None


class ModuleIdentity(Struct, frozen=True, array_like=True, gc=False):
    """A module's identity. It has no status: a disabled device disables its modules."""

    generation: str
    """18 digits, new for every (re)creation of the same id."""
    etag: int
    """Grows by one with every change of the identity; see `etag_text`."""
    credentials: Credentials
    managed_by: str | None = None


class Identity(Struct, frozen=True, array_like=True, gc=False):
    """A device's identity."""

    generation: str
    etag: int
    credentials: Credentials
    status: Status = Status.ENABLED
    status_reason: str | None = None
    status_at: Millis | None = None
    """When the status last changed; None if it never did."""
    iot_edge: bool = False
    device_scope: str | None = None
    parent_scopes: tuple[str, ...] = ()


class KeySource(Struct, frozen=True):
    """What makes and seals keys, lent by the services."""

    fresh: Callable[[], str]
    """A new random key, in base64."""
    seal: Callable[[str], bytes]
    is_same: Callable[[bytes, str], bool] = lambda _sealed, _key: False
    """Whether what is sealed is that key."""


def credentials(
    authentication: object, current: Credentials | None, keys: KeySource
) -> Credentials:
    """The credentials that a request's ``authentication`` asks for.

    Args:
        authentication: the member as it came; None keeps the current ones, and of a new
            identity makes fresh keys.
        current: those of the identity now; None for a new one.
        keys: makes and seals keys.

    Raises:
        Invalid: one key without the other, a thumbprint that is none, both kinds at once.
        Malformed: not an object, an unknown type, a key that is not base64.

    Source: IDENTITY-5 to IDENTITY-9.
    """
    if authentication is None:
        return current or _sas("", "", None, keys)
    if not is_object(authentication):
        raise Malformed("authentication must be an object")
    primary, secondary = _pair(authentication, "symmetricKey", "primaryKey", "secondaryKey")
    first, second = _pair(
        authentication, "x509Thumbprint", "primaryThumbprint", "secondaryThumbprint"
    )
    if (primary or secondary) and (first or second):
        raise Invalid("authentication may have symmetric keys or thumbprints, not both")
    kind = _kind(authentication.get("type"), has_thumbprint=bool(first or second))
    match kind:
        case AuthType.SAS:
            return _sas(primary, secondary, current, keys)
        case AuthType.SELF_SIGNED:
            return _self_signed(first, second)
        case _:
            return Credentials(kind)


def marks(of: Credentials) -> frozenset[bytes]:
    """What tells each key and certificate from others, and nothing of it. Source: IDENTITY-31."""
    prints = (of.primary_thumbprint, of.secondary_thumbprint)
    known = [of.primary_key, of.secondary_key, *(one and one.lower().encode() for one in prints)]
    by_authority = of.type is AuthType.CERTIFICATE_AUTHORITY
    return frozenset(mark(one) for one in known if one) | (
        {BY_AUTHORITY} if by_authority else set()
    )


def mark(credential: bytes) -> bytes:
    """Of a key as it is sealed, or a thumbprint in lower case."""
    return hashlib.sha256(credential).digest()


BY_AUTHORITY: Final = mark(b"certificateAuthority")
"""Of whoever an authority vouches for: that it may is all that its identity says."""


class Which(StrEnum):
    """Which of an identity's two keys; the values are the wire's."""

    PRIMARY = "primaryKey"
    SECONDARY = "secondaryKey"
    BOTH = "both"


def rotated(of: Credentials, which: Which, keys: KeySource) -> Credentials:
    """The credentials with new keys in the place of those named; the other key stays valid.

    Raises:
        InvalidOperation: they are no symmetric keys.

    Source: IDENTITY-28.
    """
    if of.type is not AuthType.SAS:
        raise InvalidOperation(f"authentication is {of.type}: only sas has keys to make anew")
    changed = of
    if which is not Which.SECONDARY:
        changed = replace(changed, primary_key=keys.seal(keys.fresh()))
    if which is not Which.PRIMARY:
        changed = replace(changed, secondary_key=keys.seal(keys.fresh()))
    return changed


def _pair(authentication: dict[str, Any], member: str, *leaves: str) -> tuple[str, str]:
    """Two strings of a member; null, absent and empty all read as empty."""
    values = authentication.get(member) or {}
    if not is_object(values):
        raise Malformed(f"authentication.{member} must be an object")
    first, second = (values.get(leaf) or "" for leaf in leaves)
    if not (isinstance(first, str) and isinstance(second, str)):
        raise Malformed(f"authentication.{member}: {' and '.join(leaves)} must be strings")
    return first, second


def _kind(given: object, *, has_thumbprint: bool) -> AuthType:
    if given is None:
        return AuthType.SELF_SIGNED if has_thumbprint else AuthType.SAS
    for kind in AuthType:
        if str(given).lower() == kind.lower():
            return kind
    raise Malformed(f"authentication.type {given!r} is none of {', '.join(AuthType)}")


def _sas(primary: str, secondary: str, current: Credentials | None, keys: KeySource) -> Credentials:
    if bool(primary) != bool(secondary):
        raise Invalid("give both symmetric keys or neither; neither makes two new ones")
    first, second = primary or keys.fresh(), secondary or keys.fresh()
    for key in (first, second):
        check_key(key)
    primary_key, secondary_key = (_sealed(key, current, keys) for key in (first, second))
    return Credentials(AuthType.SAS, primary_key, secondary_key)


def _sealed(key: str, current: Credentials | None, keys: KeySource) -> bytes:
    """A key that the identity has is not sealed again: who came in by it may stay. IDENTITY-31."""
    known = (current.primary_key, current.secondary_key) if current else ()
    return next(
        (sealed for sealed in known if sealed and keys.is_same(sealed, key)), None
    ) or keys.seal(key)


def check_key(key: str) -> None:
    """Raise Malformed or Invalid unless it is base64 of MIN_KEY to MAX_KEY bytes."""
    try:
        size = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        raise Malformed("a symmetric key must be base64") from None
    if not MIN_KEY <= size <= MAX_KEY:
        raise Invalid(f"a symmetric key of {size} bytes: it must have {MIN_KEY} to {MAX_KEY}")


def _self_signed(first: str, second: str) -> Credentials:
    for thumbprint in filter(None, (first, second)):
        if not _THUMBPRINT.fullmatch(thumbprint):
            raise Invalid("a thumbprint is 40 (SHA-1) or 64 (SHA-256) hexadecimal digits")
    if not (first or second):
        raise Invalid("selfSigned needs at least one thumbprint")
    return Credentials(
        AuthType.SELF_SIGNED, primary_thumbprint=first or None, secondary_thumbprint=second or None
    )


def with_status(identity: Identity, status: Status, reason: str | None, at: Millis) -> Identity:
    """The identity with that status; the moment moves only if the status does.

    Raises:
        Invalid: the reason is longer than MAX_STATUS_REASON.

    Source: IDENTITY-4.
    """
    if reason is not None and len(reason) > MAX_STATUS_REASON:
        raise Invalid(f"statusReason has {len(reason)} of {MAX_STATUS_REASON} characters")
    changed_at = identity.status_at if identity.status is status else at
    return replace(identity, status=status, status_reason=reason, status_at=changed_at)
