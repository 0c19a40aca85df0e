"""Shared-access policies: what one may do, and the two keys that prove it.

Decided here: what a policy may be, and what a change makes of it. Not here: who may change it.

Source: docs/spec/policies.md.
"""

import hashlib
import re
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, Malformed
from affinage.domain.etags import etag_text
from affinage.domain.identity import KeySource, check_key
from affinage.domain.members import member_text
from affinage.domain.principal import Right, Voucher, implied
from affinage.domain.values import JsonObject, JsonValue

OWNER: Final = "iothubowner"
"""The policy that every hub has, with every right. POLICY-6."""

MAX_POLICIES: Final = 16
"""Policies of one hub."""

MAX_NAME: Final = 64
"""Characters in the name of a policy."""

RIGHTS: Final = {
    "RegistryRead": Right.REGISTRY_READ,
    "RegistryWrite": Right.REGISTRY_WRITE,
    "ServiceConnect": Right.SERVICE_CONNECT,
    "DeviceConnect": Right.DEVICE_CONNECT,
    "ServiceConfig": Right.SERVICE_CONFIG,
    "EnrollmentRead": Right.ENROLLMENT_READ,
    "EnrollmentWrite": Right.ENROLLMENT_WRITE,
    "RegistrationStatusRead": Right.REGISTRATION_STATUS_READ,
    "RegistrationStatusWrite": Right.REGISTRATION_STATUS_WRITE,
}
"""By the names that wires have for them."""

ALL_RIGHTS: Final = Right(sum(right.value for right in RIGHTS.values()))

HUB_RIGHTS: Final = (
    Right.REGISTRY_READ | Right.REGISTRY_WRITE | Right.SERVICE_CONNECT | Right.DEVICE_CONNECT
)
"""All that there were before provisioning: of OWNER in a store of then. POLICY-10."""

PROVISIONING_RIGHTS: Final = ALL_RIGHTS & ~HUB_RIGHTS

_NAME: Final = re.compile(r"[A-Za-z0-9._\-]+")

_MEMBERS: Final = {"name", "rights", "etag", "primaryKey", "secondaryKey"}


class Which(StrEnum):
    """What of a policy's keys is regenerated."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    SWAP = "swap"
    """Nothing is: each takes the other's place."""


class Policy(Struct, frozen=True, array_like=True):
    """A shared-access policy; its keys are sealed."""

    name: str
    rights: int
    primary_key: bytes
    secondary_key: bytes
    etag: int = 0
    """Grows by one with every change."""

    @property
    def granted(self) -> Right:
        """Its rights, and those that they imply."""
        return implied(Right(self.rights))

    @property
    def keys(self) -> tuple[bytes, bytes]:
        return self.primary_key, self.secondary_key

    def voucher(self, sealed: bytes) -> Voucher:
        """For who proved to hold one of its keys."""
        return Voucher(self.name, hashlib.sha256(sealed).digest())

    def connects(self, voucher: Voucher) -> bool:
        """Whether it still lets in the device or module that has the voucher."""
        return Right.DEVICE_CONNECT in Right(self.rights) and self.honours(voucher)

    def honours(self, voucher: Voucher) -> bool:
        """Whether the key is still one of its own."""
        return voucher in [self.voucher(sealed) for sealed in self.keys]


def created(name: str, body: JsonObject, keys: KeySource, *, etag: int) -> Policy:
    """A new policy, as a request describes it; keys that it does not name are made.

    Raises:
        Invalid, Malformed: no policy can be so.

    Source: POLICY-1, POLICY-2.
    """
    check_name(name)
    _check_members(name, body)
    rights = _rights(body.get("rights"))
    primary, secondary = (_given(body, which) or keys.fresh() for which in _KEYS)
    return Policy(name, rights.value, keys.seal(primary), keys.seal(secondary), etag)


def changed(policy: Policy, body: JsonObject, keys: KeySource) -> Policy:
    """The policy with what a request names of it; the rest stays.

    Raises:
        Invalid, Malformed: no policy can be so, or OWNER would lose a right.

    Source: POLICY-3, POLICY-6.
    """
    _check_members(policy.name, body)
    rights = _rights(body["rights"]) if "rights" in body else Right(policy.rights)
    if policy.name == OWNER and rights != ALL_RIGHTS:
        raise Invalid(f"{OWNER} keeps all its rights: without them nobody could manage the hub")
    primary, secondary = (
        keys.seal(given) if (given := _given(body, which)) else sealed
        for which, sealed in zip(_KEYS, policy.keys, strict=True)
    )
    return _next(policy, rights, primary, secondary)


def regenerated(policy: Policy, which: Which, keys: KeySource) -> Policy:
    """The policy with a fresh key, or with its keys swapped.

    Source: POLICY-7.
    """
    primary, secondary = policy.keys
    if which is Which.SWAP:
        primary, secondary = secondary, primary
    elif which is Which.PRIMARY:
        primary = keys.seal(keys.fresh())
    else:
        secondary = keys.seal(keys.fresh())
    return _next(policy, Right(policy.rights), primary, secondary)


def check_deletable(policy: Policy) -> None:
    """Raise Invalid if it is the one that must stay. Source: POLICY-6."""
    if policy.name == OWNER:
        raise Invalid(f"{OWNER} cannot be deleted: without it nobody could manage the hub")


def check_name(name: str) -> None:
    """Raise Invalid if no policy can have that name. Source: POLICY-1."""
    if len(name) > MAX_NAME:
        raise Invalid(f"the name of a policy has {len(name)} of {MAX_NAME} characters")
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} cannot name a policy: it may hold letters, digits and . _ -")


def which_key(value: JsonValue) -> Which:
    """What a request wants regenerated; Malformed."""
    for which in Which:
        if value == which:
            return which
    raise Malformed(f"key must be one of {', '.join(Which)}")


def document(policy: Policy) -> JsonObject:
    """The policy as the API shows it, without its keys. Source: POLICY-4."""
    return {"name": policy.name, "rights": [*named(policy)], "etag": etag_text(policy.etag)}


def named(policy: Policy) -> list[str]:
    """Its rights by name."""
    rights = Right(policy.rights)
    return [name for name, right in RIGHTS.items() if right in rights]


_KEYS: Final = ("primaryKey", "secondaryKey")


def _next(policy: Policy, rights: Right, primary: bytes, secondary: bytes) -> Policy:
    return replace(
        policy,
        rights=rights.value,
        primary_key=primary,
        secondary_key=secondary,
        etag=policy.etag + 1,
    )


def _check_members(name: str, body: JsonObject) -> None:
    if unknown := sorted(body.keys() - _MEMBERS):
        raise Invalid(f"a policy has no {unknown[0][:40]!r}: it has {', '.join(sorted(_MEMBERS))}")
    if body.get("name", name) != name:
        raise Invalid(f"the name in the body is not {name!r}")


def _rights(value: JsonValue) -> Right:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Malformed("rights must be an array of strings")
    unknown = [one for one in value if one not in RIGHTS]
    if unknown:
        raise Invalid(f"{str(unknown[0])[:40]!r} is no right: there are {', '.join(RIGHTS)}")
    if not value:
        raise Invalid("a policy without a right opens nothing: name one at least")
    return Right(sum({RIGHTS[str(one)].value for one in value}))


def _given(body: JsonObject, member: str) -> str | None:
    key = member_text(body, member)
    if key is not None:
        check_key(key)
    return key
