"""Who asks. Every service method is told; nothing is done in nobody's name."""

from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Final, NamedTuple

from affinage.domain.errors import Forbidden
from affinage.domain.names import TwinKey


class Kind(StrEnum):
    DEVICE = "device"
    POLICY = "policy"
    OPERATOR = "operator"
    HUB = "hub"


class Right(Flag):
    """What a shared-access policy may grant; see `implied`."""

    REGISTRY_READ = auto()
    REGISTRY_WRITE = auto()
    SERVICE_CONNECT = auto()
    DEVICE_CONNECT = auto()
    SERVICE_CONFIG = auto()
    """Of provisioning: what it is linked to."""
    ENROLLMENT_READ = auto()
    ENROLLMENT_WRITE = auto()
    REGISTRATION_STATUS_READ = auto()
    REGISTRATION_STATUS_WRITE = auto()


def implied(rights: Right) -> Right:
    """The rights, and those that they imply: whoever may write may read. POLICY-2."""
    for writing, reading in _IMPLIED.items():
        if writing in rights:
            rights |= reading
    return rights


_IMPLIED: Final = {
    Right.REGISTRY_WRITE: Right.REGISTRY_READ,
    Right.ENROLLMENT_WRITE: Right.ENROLLMENT_READ,
    Right.REGISTRATION_STATUS_WRITE: Right.REGISTRATION_STATUS_READ,
}

NO_RIGHTS: Final = Right(0)


class Voucher(NamedTuple):
    """What somebody was let in by: a policy, and the one of its keys that signed."""

    policy: str
    key: bytes
    """The digest of the key as it is kept, sealed: it tells nothing of the key."""


class Warrant(NamedTuple):
    """What a device was let in by: an authority, and the one certificate that it had then."""

    authority: str
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, through which door, in which request; proven before it is made."""

    kind: Kind
    name: str
    door: str
    request_id: str
    rights: Right = NO_RIGHTS
    scope: TwinKey | None = None
    """The one identity that it may act as; None where its rights are for the whole hub."""
    voucher: Voucher | None = None
    """The policy that vouches for it; None where it proved itself otherwise. POLICY-9."""
    proof: bytes | None = None
    """The mark of the key or certificate that it proved itself with; see `identity.marks`."""
    warrant: Warrant | None = None
    """The authority that vouches for it; None where it proved itself otherwise. AUTHORITY-8."""

    @property
    def granted(self) -> Right:
        """Its rights, and those that they imply."""
        return implied(self.rights)

    def require(self, right: Right) -> None:
        """Raise Forbidden unless one of the rights in ``right`` is granted.

        Source: ACCESS-4.
        """
        if not self.granted & right:
            wanted = " or ".join(member.name or "" for member in right)
            raise Forbidden(f"{self.kind} {self.name} lacks the right {wanted}")

    def require_self(self, key: TwinKey) -> None:
        """Raise Forbidden unless this is the identity ``key`` itself."""
        if self.scope != key:
            raise Forbidden(f"{self.kind} {self.name} may not act as {key.path}")
