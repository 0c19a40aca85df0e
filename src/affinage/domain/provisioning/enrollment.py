"""Enrollments: who may come, alone or as one of a group, and what becomes of who comes.

Decided here: what may be enrolled, what a change makes of it, how it is shown. Not here: what
proves who a device is (`attestation`), and which hub it gets (`allocation`).

Source: docs/spec/provisioning.md, PROV-4 to PROV-9 and PROV-20 to PROV-25.
"""

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, Missing
from affinage.domain.etags import etag_text
from affinage.domain.identity import Status
from affinage.domain.members import (
    member_flag,
    member_object,
    member_text,
    member_texts,
)
from affinage.domain.moments import Millis, iso
from affinage.domain.names import check_id
from affinage.domain.provisioning import attestation
from affinage.domain.provisioning.attestation import (
    Attestation,
    AuthorityReferences,
    ClientCertificates,
    Keys,
    Makings,
    SigningCertificates,
    Tpm,
)
from affinage.domain.provisioning.names import (
    check_group_id,
    check_registration_id,
    enrollment_key,
)
from affinage.domain.twin import new_twin
from affinage.domain.values import JsonObject, check_size

MAX_HUBS: Final = 50
"""Hubs that one enrollment names, and that may be linked."""

MAX_OPTIONAL: Final = 2 * 1024
"""Bytes, as `size_bytes` counts them, of ``optionalDeviceInformation``."""

MAX_URL: Final = 2048
"""Characters of a webhook's address."""


class Allocation(StrEnum):
    """How a hub is chosen; the values are the wire's."""

    HASHED = "hashed"
    GEO_LATENCY = "geoLatency"
    STATIC = "static"
    CUSTOM = "custom"


class Webhook(Struct, frozen=True, array_like=True):
    """Who chooses where the allocation is custom."""

    url: str
    api_version: str


class Reprovisioning(Struct, frozen=True, array_like=True):
    """What becomes of a device that comes again."""

    updates_hub: bool = True
    migrates: bool = True
    """Whether its twin goes with it; otherwise it begins anew."""


class InitialTwin(Struct, frozen=True, array_like=True):
    """What the twin of a new device begins with."""

    tags: dict[str, Any] = {}
    desired: dict[str, Any] = {}


class Enrollment(Struct, frozen=True, array_like=True):
    """One enrollment, or a group. Immutable: every change is a new one."""

    id: str
    """A registration id, in lower case; a group's as it was spelled when it was made."""
    is_group: bool
    etag: int
    """Grows by one with every change; see `etags.etag_text`."""
    attestation: Attestation
    created_at: Millis
    updated_at: Millis
    device_id: str | None = None
    """None is the registration id."""
    status: Status = Status.ENABLED
    iot_edge: bool = False
    twin: InitialTwin | None = None
    reprovisioning: Reprovisioning = Reprovisioning()
    allocation: Allocation | None = None
    """None is HASHED."""
    hub: str | None = None
    """``iotHubHostName``."""
    hubs: tuple[str, ...] = ()
    webhook: Webhook | None = None
    optional: Any = None
    """``optionalDeviceInformation``: of its owner, and of no consequence."""

    @property
    def key(self) -> str:
        return enrollment_key(self.id, is_group=self.is_group)

    @property
    def what(self) -> str:
        """How messages name it."""
        return f"{'enrollment group' if self.is_group else 'enrollment'} {self.id}"


def create(
    enrollment_id: str, body: JsonObject, made: Makings, *, is_group: bool, etag: int, at: Millis
) -> Enrollment:
    """The enrollment that a PUT asks for.

    Args:
        enrollment_id: as the path of the request has it.
        body: as it came; what the hub itself keeps (times, etag, state) is ignored.

    Raises:
        Invalid, Malformed, Missing, TooLarge: what the message says.

    Source: PROV-4 to PROV-8, PROV-10, PROV-11.
    """
    name = (check_group_id if is_group else check_registration_id)(enrollment_id)
    given = _read(name, body, None, made, is_group=is_group)
    return Enrollment(id=name, is_group=is_group, etag=etag, created_at=at, updated_at=at, **given)


def update(current: Enrollment, body: JsonObject, made: Makings, *, at: Millis) -> Enrollment:
    """The enrollment after a PUT on it: all is replaced but keys and certificates not given.

    Raises:
        Invalid, Malformed, Missing, TooLarge: see `create`. Nothing has changed.

    Source: PROV-9, PROV-11.
    """
    given = _read(current.id, body, current.attestation, made, is_group=current.is_group)
    return replace(current, etag=current.etag + 1, updated_at=at, **given)


def document(
    of: Enrollment, state: JsonObject | None = None, keys: Keys | None = None
) -> JsonObject:
    """As the API shows it; members that it has no value for are absent.

    Args:
        state: of an individual enrollment, what is known of its device.
        keys: of a symmetric attestation, for who may see them.

    Source: PROV-12, PROV-20.
    """
    name = "enrollmentGroupId" if of.is_group else "registrationId"
    shown: dict[str, Any] = {
        name: of.id,
        "attestation": attestation.document(of.attestation, keys),
        "capabilities": {"iotEdge": of.iot_edge},
        "etag": f'"{etag_text(of.etag)}"',
        "provisioningStatus": str(of.status),
        "reprovisionPolicy": {
            "updateHubAssignment": of.reprovisioning.updates_hub,
            "migrateDeviceData": of.reprovisioning.migrates,
        },
        "createdDateTimeUtc": iso(of.created_at),
        "lastUpdatedDateTimeUtc": iso(of.updated_at),
        "allocationPolicy": str(of.allocation or Allocation.HASHED),
        "iotHubs": [*of.hubs] or None,
        "deviceId": of.device_id,
        "iotHubHostName": of.hub,
        "initialTwin": of.twin and twin_document(of.twin),
        "optionalDeviceInformation": of.optional,
        "registrationState": state,
    }
    if of.webhook is not None:
        shown["customAllocationDefinition"] = {
            "webhookUrl": of.webhook.url,
            "apiVersion": of.webhook.api_version,
        }
    return {name: value for name, value in shown.items() if value is not None}


def twin_document(twin: InitialTwin) -> JsonObject:
    return {"tags": twin.tags, "properties": {"desired": twin.desired}}


def initial_twin(body: JsonObject) -> InitialTwin:
    """An ``initialTwin``, checked as a twin's own; what clients keep count of is dropped.

    Raises:
        Malformed, Invalid, TooLarge: see `twin.new_twin`.

    Source: PROV-7.
    """
    properties = member_object(body, "properties")
    found = InitialTwin(
        _plain(member_object(body, "tags")), _plain(member_object(properties, "desired"))
    )
    new_twin(0, found.tags, found.desired)
    return found


def _plain(section: JsonObject) -> JsonObject:
    """Without marks: names that begin with ``$``, and beside them a collection's count."""
    kept = {name: value for name, value in section.items() if not name.startswith("$")}
    if len(kept) < len(section) and isinstance(kept.get("count"), int):
        del kept["count"]
    return kept


def _read(
    name: str, body: JsonObject, current: Attestation | None, made: Makings, *, is_group: bool
) -> dict[str, Any]:
    """What a client may set."""
    _check_name("enrollmentGroupId" if is_group else "registrationId", name, body)
    found = {
        "attestation": _attestation(body, current, made, is_group=is_group),
        "status": _status(body),
        "iot_edge": member_flag(member_object(body, "capabilities"), "iotEdge"),
        "twin": initial_twin(member_object(body, "initialTwin"))
        if body.get("initialTwin")
        else None,
        "reprovisioning": _reprovisioning(member_object(body, "reprovisionPolicy")),
        "hub": member_text(body, "iotHubHostName") or None,
        "hubs": _hubs(body),
        **_allocation(body),
    }
    if is_group:
        return found
    return {**found, "device_id": _device_id(body), "optional": _optional(body)}


def _check_name(member: str, name: str, body: JsonObject) -> None:
    given = member_text(body, member)
    if given is not None and given.lower() != name.lower():
        raise Invalid(f"{member} in the body is {given[:128]!r}, in the path {name!r}")


def _attestation(
    body: JsonObject, current: Attestation | None, made: Makings, *, is_group: bool
) -> Attestation:
    given = member_object(body, "attestation")
    if not given:
        raise Missing("an enrollment needs an attestation")
    found = attestation.read(given, current, made)
    if is_group and isinstance(found, Tpm | ClientCertificates):
        raise Invalid("a group has signingCertificates, caReferences, or a symmetric key")
    if not is_group and isinstance(found, SigningCertificates | AuthorityReferences):
        raise Invalid("an individual enrollment has clientCertificates; the others are for groups")
    return found


def _status(body: JsonObject) -> Status:
    text = member_text(body, "provisioningStatus")
    if not text:
        return Status.ENABLED
    try:
        return Status(text.lower())
    except ValueError:
        raise Invalid(f"provisioningStatus {text[:40]!r} is none of {', '.join(Status)}") from None


def _reprovisioning(body: JsonObject) -> Reprovisioning:
    return Reprovisioning(
        member_flag(body, "updateHubAssignment", True), member_flag(body, "migrateDeviceData", True)
    )


def _allocation(body: JsonObject) -> dict[str, Any]:
    text = member_text(body, "allocationPolicy")
    known = {one.lower(): one for one in Allocation}
    if text and text.lower() not in known:
        raise Invalid(f"allocationPolicy {text[:40]!r} is none of {', '.join(Allocation)}")
    policy = known[text.lower()] if text else None
    webhook = _webhook(member_object(body, "customAllocationDefinition"))
    if policy is Allocation.CUSTOM and webhook is None:
        raise Missing("a custom allocation needs a customAllocationDefinition")
    return {"allocation": policy, "webhook": webhook}


def _webhook(body: JsonObject) -> Webhook | None:
    if not body:
        return None
    url, version = (member_text(body, name) for name in ("webhookUrl", "apiVersion"))
    if not url or not version:
        raise Missing("customAllocationDefinition needs a webhookUrl and an apiVersion")
    if len(url) > MAX_URL or len(version) > MAX_URL:
        raise Invalid(f"webhookUrl has {len(url)} of {MAX_URL} characters")
    return Webhook(url, version)


def _hubs(body: JsonObject) -> tuple[str, ...]:
    found = member_texts(body, "iotHubs")
    if len(found) > MAX_HUBS:
        raise Invalid(f"iotHubs has {len(found)} of {MAX_HUBS} hubs")
    return tuple(dict.fromkeys(found))


def _device_id(body: JsonObject) -> str | None:
    text = member_text(body, "deviceId")
    return check_id("a device", text) if text else None


def _optional(body: JsonObject) -> JsonObject | None:
    given = member_object(body, "optionalDeviceInformation")
    check_size("optionalDeviceInformation", given, MAX_OPTIONAL)
    return given or None
