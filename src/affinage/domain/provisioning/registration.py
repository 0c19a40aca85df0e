"""A registration: that a device came, and which hub it was given.

Decided here: what one remembers, and how it is shown. Not here: who may come (`enrollment`), and
what becomes of one that comes again (`reprovisioning`).

Source: docs/spec/provisioning.md, PROV-40 to PROV-46.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.etags import etag_text
from affinage.domain.moments import Millis, iso
from affinage.domain.provisioning.attestation import SymmetricKeys, Tpm
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.names import enrollment_key
from affinage.domain.values import JsonObject


class Status(StrEnum):
    """Of a registration; the values are the wire's."""

    UNASSIGNED = "unassigned"
    ASSIGNING = "assigning"
    ASSIGNED = "assigned"
    FAILED = "failed"
    DISABLED = "disabled"


class Substatus(StrEnum):
    """How a device came to be where it is."""

    INITIAL = "initialAssignment"
    MIGRATED = "deviceDataMigrated"
    RESET = "deviceDataReset"
    BACK = "reprovisionedToInitialAssignment"


class Kind(StrEnum):
    """What proves who a device is."""

    SYMMETRIC_KEY = "symmetricKey"
    X509 = "x509"
    TPM = "tpm"


class Assignment(Struct, frozen=True, array_like=True):
    """Where a device is."""

    hub: str
    device_id: str
    substatus: Substatus
    first_hub: str
    """Where it was sent at first."""


class Failure(Struct, frozen=True, array_like=True):
    """Why the last try to assign a device ended without a hub."""

    code: int
    message: str


class Asked(Struct, frozen=True, array_like=True):
    """What an operation needs to go on, also after a restart; `ended` drops what may be large."""

    spelling: str
    """The registration id as the device wrote it: a derived key is of that."""
    payload: Any = None
    api_version: str = ""
    door: str = ""
    request_id: str = ""
    leaf: bytes | None = None
    """The certificate that it showed, DER."""
    endorsement_key: str | None = None
    storage_root_key: str | None = None


class Registration(Struct, frozen=True, array_like=True):
    """One device's registration. Immutable: every change is a new one."""

    id: str
    """In lower case."""
    etag: int
    operation: str
    """The last one that was begun."""
    status: Status
    enrollment: str
    is_group: bool
    kind: Kind
    asked: Asked
    created_at: Millis
    updated_at: Millis
    assignment: Assignment | None = None
    """The last that succeeded, though a later try may have failed."""
    payload: Any = None
    """What the webhook that chose the hub tells the device."""
    shown: dict[str, Any] = {}
    """Of its proof: ``certificateInfo``, or a TPM's ``authenticationKey``."""
    failure: Failure | None = None

    @property
    def enrollment_key(self) -> str:
        return enrollment_key(self.enrollment, is_group=self.is_group)


def begun(
    current: Registration | None,
    registration_id: str,
    enrollment: Enrollment,
    asked: Asked,
    *,
    operation: str,
    etag: int,
    at: Millis,
) -> Registration:
    """The registration, being assigned; what it knows of an earlier one stays.

    Args:
        current: None if the device never came; ``etag`` is that of a new one.

    Source: PROV-40, PROV-44.
    """
    made = Registration(
        id=registration_id,
        etag=etag,
        operation=operation,
        status=Status.ASSIGNING,
        enrollment=enrollment.id,
        is_group=enrollment.is_group,
        kind=_kind(enrollment),
        asked=asked,
        created_at=at,
        updated_at=at,
    )
    if current is None:
        return made
    return replace(
        made,
        etag=current.etag + 1,
        created_at=current.created_at,
        assignment=current.assignment,
        payload=current.payload,
        shown=current.shown,
    )


def ended(current: Registration, status: Status, at: Millis, **changes: Any) -> Registration:
    """The registration with the end of its operation, for which nothing large is kept any more."""
    asked = replace(current.asked, payload=None, leaf=None)
    etag = current.etag + 1
    return replace(current, status=status, updated_at=at, etag=etag, asked=asked, **changes)


def document(of: Registration) -> JsonObject:
    """``registrationState``; members that it has no value for are absent.

    Source: PROV-41, PROV-42.
    """
    shown: dict[str, Any] = {
        "registrationId": of.id,
        "createdDateTimeUtc": iso(of.created_at),
        "status": str(of.status),
        "lastUpdatedDateTimeUtc": iso(of.updated_at),
        "etag": etag_text(of.etag),
    }
    if of.assignment is not None:
        shown |= {"assignedHub": of.assignment.hub, "deviceId": of.assignment.device_id}
        shown["substatus"] = str(of.assignment.substatus)
    if of.failure is not None:
        shown |= {"errorCode": of.failure.code, "errorMessage": of.failure.message}
    if of.payload is not None:
        shown["payload"] = of.payload
    proof = {**of.shown, "enrollmentGroupId": of.enrollment} if of.is_group else of.shown
    return {**shown, str(of.kind): proof}


def _kind(of: Enrollment) -> Kind:
    match of.attestation:
        case SymmetricKeys():
            return Kind.SYMMETRIC_KEY
        case Tpm():
            return Kind.TPM
        case _:
            return Kind.X509
