"""A twin as a row: what a query can name in it, and the whole document as the wire has it.

`lookup` answers one path without building the document; it says what walking the document would,
but for what is told to who asks for it by name alone.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from affinage.domain import twin as twins
from affinage.domain.device import Device, Module, Presence
from affinage.domain.etags import etag_text
from affinage.domain.moments import iso
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import UNDEFINED, Path, Undefined
from affinage.domain.stamps import render
from affinage.domain.twin import Section, Twin
from affinage.domain.values import JsonObject, JsonValue


class TwinRow(Struct, frozen=True, gc=False):
    """One row of `devices`, or of `devices.modules` where ``module`` is given."""

    device: Device
    presence: Presence
    module: Module | None = None

    @property
    def key(self) -> TwinKey:
        return TwinKey(self.device.id, self.module.id if self.module else None)

    @property
    def place(self) -> TwinKey:
        """Where it stands among the rows of its collection."""
        return self.key

    @property
    def twin(self) -> Twin:
        return self.module.twin if self.module else self.device.twin

    def lookup(self, path: Path) -> JsonValue | Undefined:
        """What the path names in this row, or UNDEFINED.

        Source: QUERY-4.
        """
        match path:
            case ("tags", first, *rest):
                return walk(self.twin.tags, [first, *rest])
            case ("properties", "desired" | "reported" as name, str(first), *rest) if first not in (
                "$metadata",
                "$version",
            ):
                section: Section = getattr(self.twin, name)
                return walk(section.values, [first, *rest])
            case (str(root), *rest) if root in ASKED:
                return walk(ASKED[root](self), rest)
            case _:
                return UNDEFINED

    def document(self) -> JsonObject:
        """The whole twin, as the service API and `SELECT *` show it.

        Source: TWIN-1.
        """
        shown = {name: member(self) for name, member in MEMBERS.items()}
        return {name: value for name, value in shown.items() if value is not UNDEFINED}


def walk(value: JsonValue | Undefined, path: list[str | int]) -> JsonValue | Undefined:
    """Follow names into objects and numbers into arrays; UNDEFINED where there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step, UNDEFINED)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return UNDEFINED
    return value


def section(section: Section) -> JsonObject:
    """Desired or reported as the service API shows it, `$metadata` and `$version` included."""
    metadata = render(section.stamps, section.values)
    return {**section.values, "$metadata": metadata, "$version": section.version}


def _optional(value: JsonValue) -> JsonValue | Undefined:
    return UNDEFINED if value in (None, {}) else value


def _identity_etag(row: TwinRow) -> str:
    return etag_text((row.module or row.device).identity.etag)


def _thumbprints(row: TwinRow) -> JsonObject:
    credentials = (row.module or row.device).identity.credentials
    return {
        "primaryThumbprint": credentials.primary_thumbprint,
        "secondaryThumbprint": credentials.secondary_thumbprint,
    }


def _statuses(row: TwinRow) -> JsonValue | Undefined:
    return _optional({name: {"status": status} for name, status in row.twin.statuses.items()})


def _properties(row: TwinRow) -> JsonObject:
    return {"desired": section(row.twin.desired), "reported": section(row.twin.reported)}


def _of_device(row: TwinRow, value: JsonValue) -> JsonValue | Undefined:
    return UNDEFINED if row.module else value


MEMBERS: Final[dict[str, Callable[[TwinRow], Any]]] = {
    "deviceId": lambda row: row.device.id,
    "moduleId": lambda row: row.module.id if row.module else UNDEFINED,
    "etag": lambda row: twins.etag_text(row.twin.etag),
    "deviceEtag": _identity_etag,
    "status": lambda row: str(row.device.identity.status),
    "statusReason": lambda row: _optional(row.device.identity.status_reason),
    "statusUpdateTime": lambda row: iso(row.device.identity.status_at),
    "connectionState": lambda row: "Connected" if row.presence.connected else "Disconnected",
    "lastActivityTime": lambda row: iso(row.presence.active_at),
    "cloudToDeviceMessageCount": lambda row: row.presence.waiting,
    "authenticationType": lambda row: str((row.module or row.device).identity.credentials.type),
    "x509Thumbprint": _thumbprints,
    "modelId": lambda row: row.twin.model_id,
    "version": lambda row: row.twin.version,
    "tags": lambda row: _optional(row.twin.tags),
    "properties": _properties,
    "configurations": _statuses,
    "capabilities": lambda row: {"iotEdge": row.device.identity.iot_edge},
    "deviceScope": lambda row: _of_device(row, row.device.identity.device_scope) or UNDEFINED,
    "parentScopes": lambda row: _of_device(row, list(row.device.identity.parent_scopes)),
}
"""Every root member, in the order in which the wire shows them; UNDEFINED ones are left out."""

ASKED: Final[dict[str, Callable[[TwinRow], Any]]] = {
    **MEMBERS,
    "productInfo": lambda row: row.presence.product or UNDEFINED,
}
"""What a query can name; `productInfo` is in no document: no other hub has it there. QUERY-51."""
