"""A transfer: all identities of the hub written to a place outside of it, or read from one.

Decided here: what a request may ask for, through which states a transfer goes, how it is shown, and
what a line of its files is. Not here: which places are allowed, and how they are reached.

Source: docs/spec/transfers.md.
"""

import re
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, Missing
from affinage.domain.members import member_flag, member_text
from affinage.domain.moments import Millis, iso
from affinage.domain.values import JsonObject, JsonValue

MAX_URI: Final = 2_048
"""Characters."""

DEVICES: Final = "devices.txt"
CONFIGURATIONS: Final = "configurations.txt"
ERRORS: Final = "importErrors.log"

_NAME: Final = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9._\-]{0,127}")


class Kind(StrEnum):
    EXPORT = "export"
    IMPORT = "import"


class Status(StrEnum):
    ENQUEUED = "enqueued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Transfer(Struct, frozen=True, array_like=True):
    """A transfer, without the addresses, which may hold a secret."""

    id: str
    kind: Kind
    source: str | None
    """Where it reads, without what may be secret in it; None of an export."""
    target: str
    """Where it writes, likewise: the files, or the log of what was refused."""
    source_name: str
    target_name: str
    configurations_name: str | None
    """None if configurations are not part of it."""
    has_keys: bool
    by: str
    """The name of the policy that asked for it."""
    begun_at: Millis
    status: Status = Status.ENQUEUED
    progress: int = 0
    """Of a hundred."""
    ended_at: Millis | None = None
    failure: str | None = None


class Places(Struct, frozen=True, array_like=True):
    """The addresses as they came; sealed wherever they are kept."""

    source: str
    target: str


def requested(
    body: JsonObject, *, transfer_id: str, by: str, at: Millis
) -> tuple[Transfer, Places]:
    """The transfer that a request asks for.

    Raises:
        Missing, Malformed, Invalid: what the message says.

    Source: TRANSFER-1 to TRANSFER-3.
    """
    kind = _kind(body.get("type"))
    target = _uri(body, "outputBlobContainerUri")
    source = _uri(body, "inputBlobContainerUri") if kind is Kind.IMPORT else ""
    has_configurations = member_flag(body, "includeConfigurations")
    transfer = Transfer(
        id=transfer_id,
        kind=kind,
        source=shown(source) if source else None,
        target=shown(target),
        source_name=_name(body, "inputBlobName", DEVICES),
        target_name=_name(body, "outputBlobName", DEVICES if kind is Kind.EXPORT else ERRORS),
        configurations_name=(
            _name(body, "configurationsBlobName", CONFIGURATIONS) if has_configurations else None
        ),
        has_keys=not member_flag(body, "excludeKeysInExport"),
        by=by,
        begun_at=at,
    )
    return transfer, Places(source, target)


def ended(transfer: Transfer, status: Status, at: Millis, failure: str | None = None) -> Transfer:
    """The transfer at its end; one that has ended stays as it is."""
    if transfer.status.is_end:
        return transfer
    progress = 100 if status is Status.COMPLETED else transfer.progress
    return replace(transfer, status=status, ended_at=at, failure=failure, progress=progress)


def document(transfer: Transfer) -> JsonObject:
    """The transfer as the service API shows it; of its addresses nothing that may be secret.

    Source: TRANSFER-4.
    """
    wire: dict[str, Any] = {
        "jobId": transfer.id,
        "startTimeUtc": iso(transfer.begun_at),
        "type": str(transfer.kind),
        "status": str(transfer.status),
        "progress": transfer.progress,
        "outputBlobContainerUri": transfer.target,
        "excludeKeysInExport": not transfer.has_keys,
        "includeConfigurations": transfer.configurations_name is not None,
        "failureReason": transfer.failure,
        "useSecondaryStorageAsSource": False,
    }
    if transfer.source is not None:
        wire |= {"inputBlobContainerUri": transfer.source, "inputBlobName": transfer.source_name}
    if transfer.kind is Kind.EXPORT:
        wire["outputBlobName"] = transfer.target_name
    if transfer.configurations_name is not None:
        wire["configurationsBlobName"] = transfer.configurations_name
    if transfer.ended_at is not None:
        wire["endTimeUtc"] = iso(transfer.ended_at)
    return wire


def shown(uri: str) -> str:
    """An address without its query, which may hold a signature."""
    return urlsplit(uri)._replace(query="", fragment="").geturl()


def line(identity: JsonObject, twin: JsonObject) -> JsonObject:
    """An identity and its twin as a line of a file, which is an entry of a bulk request too.

    Source: TRANSFER-8.
    """
    of_identity: JsonObject = {name: identity[name] for name in _OF_IDENTITY if name in identity}
    properties: Any = twin["properties"]
    return {
        "id": identity["deviceId"],
        **({"moduleId": identity["moduleId"]} if "moduleId" in identity else {}),
        "eTag": identity["etag"],
        **of_identity,
        "twinETag": twin["etag"],
        "tags": twin.get("tags", {}),
        "properties": {name: _values(properties[name]) for name in ("desired", "reported")},
    }


def error_line(entry: JsonObject, code: int, text: str) -> JsonObject:
    """What is told of an entry that was refused. Source: TRANSFER-10."""
    return {
        "deviceId": entry.get("id"),
        "moduleId": entry.get("moduleId"),
        "errorCode": code,
        "errorStatus": text,
    }


_OF_IDENTITY: Final = (
    *("status", "statusReason", "authentication", "managedBy"),
    *("capabilities", "deviceScope", "parentScopes"),
)


def _values(section: JsonObject) -> JsonObject:
    return {name: value for name, value in section.items() if not name.startswith("$")}


def _kind(given: JsonValue) -> Kind:
    if given is None:
        raise Missing("type is missing")
    for kind in Kind:
        if str(given).lower() == kind:
            return kind
    raise Invalid(f"type {str(given)[:40]!r} is none of {', '.join(Kind)}")


def _uri(body: JsonObject, name: str) -> str:
    given = member_text(body, name)
    if not given:
        raise Missing(f"{name} is missing")
    if len(given) > MAX_URI:
        raise Invalid(f"{name} has {len(given)} of {MAX_URI} characters")
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        raise Invalid(f"{name} is no address") from None
    if parts.username is not None or parts.password is not None:
        raise Invalid(f"{name} may hold neither a user nor a password")
    return given


def _name(body: JsonObject, name: str, default: str) -> str:
    given = body.get(name)
    if given in (None, ""):
        return default
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise Invalid(f"{name} is a file's name: up to 128 letters, digits and . _ -")
    return given
