"""What a PUT on an identity asks for: a new device or module, or the present one changed.

Also how the wire shows identities. Keys in the clear pass through here only as what the caller
lends: it opens them for a document and seals them for an identity.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.device import Device, Module, Presence
from affinage.domain.errors import Invalid, Malformed, TooManyModules
from affinage.domain.etags import etag_text
from affinage.domain.identity import (
    Credentials,
    Identity,
    KeySource,
    ModuleIdentity,
    Status,
    credentials,
    with_status,
)
from affinage.domain.members import member_text
from affinage.domain.moments import Millis, iso
from affinage.domain.names import SYSTEM_MODULES, check_id
from affinage.domain.scopes import ParentsOf, scoped
from affinage.domain.twin import new_twin
from affinage.domain.values import JsonObject, is_object

MAX_MODULES: Final = 50
"""Modules on one device, the two of an edge device's system included."""

IOT_EDGE: Final = "IotEdge"
"""``managedBy`` of modules that deployments made."""


class Makings(Struct, frozen=True):
    """What a new identity needs and no domain can make; lent by the services."""

    keys: KeySource
    generation: Callable[[], str]
    """18 digits, another at each call."""
    etag: Callable[[], int]
    """Where a new identity's etag starts."""


Keys = tuple[str | None, str | None]
"""Primary and secondary, in the clear; None where there is none."""


def new_device(
    device_id: str, body: JsonObject, makings: Makings, parents_of: ParentsOf, at: Millis
) -> Device:
    """The device that a PUT creates, with its twin, and of an edge device its system modules.

    Raises:
        Invalid, Malformed, InvalidDeviceScope: what the message says.

    Source: IDENTITY-1 to IDENTITY-3, IDENTITY-10 to IDENTITY-14.
    """
    check_id("a device", device_id)
    _check_same("deviceId", body, device_id)
    identity = Identity(
        makings.generation(),
        makings.etag(),
        credentials(body.get("authentication"), None, makings.keys),
    )
    identity = _written(device_id, identity, body, parents_of, at)
    device = Device(device_id, replace(identity, status_at=None), new_twin(at))
    return _with_system_modules(device, makings, at)


def changed_device(
    device: Device, body: JsonObject, makings: Makings, parents_of: ParentsOf, at: Millis
) -> Device:
    """The device after a PUT: what may be written is replaced as a whole, its twin is not.

    Raises:
        TooManyModules: it would become an edge device, and has no room for its system modules.
        Invalid, Malformed, InvalidDeviceScope: what the message says. Nothing has changed.

    Source: IDENTITY-3, IDENTITY-10 to IDENTITY-14.
    """
    _check_same("deviceId", body, device.id)
    identity = replace(
        device.identity,
        etag=device.identity.etag + 1,
        credentials=credentials(
            body.get("authentication"), device.identity.credentials, makings.keys
        ),
    )
    was_edge = device.identity.iot_edge
    device = replace(device, identity=_written(device.id, identity, body, parents_of, at))
    if device.identity.status is Status.ENABLED:
        device = replace(device, retired_at=None)  # REPLACE-4
    if was_edge and not device.identity.iot_edge:
        return _without_edge_modules(device)
    return _with_system_modules(device, makings, at)


def new_module(
    device: Device, module_id: str, body: JsonObject, makings: Makings, at: Millis
) -> Device:
    """The device with the module that a PUT creates.

    Raises:
        TooManyModules: it has MAX_MODULES.
        Invalid, Malformed: what the message says.

    Source: IDENTITY-15, IDENTITY-16.
    """
    check_id("a module", module_id)
    _check_same("deviceId", body, device.id)
    _check_same("moduleId", body, module_id)
    if module_id in SYSTEM_MODULES:
        raise Invalid(f"{module_id} exists on edge devices only, where the hub makes it")
    _check_room(device, 1)
    identity = ModuleIdentity(
        makings.generation(),
        makings.etag(),
        credentials(body.get("authentication"), None, makings.keys),
        member_text(body, "managedBy"),
    )
    return device.with_module(Module(module_id, identity, new_twin(at)))


def changed_module(device: Device, module_id: str, body: JsonObject, makings: Makings) -> Device:
    """The device after a PUT on one of its modules.

    Raises:
        ModuleNotFound, Invalid, Malformed: nothing has changed.

    Source: IDENTITY-15.
    """
    module = device.module(module_id)
    _check_same("deviceId", body, device.id)
    _check_same("moduleId", body, module_id)
    identity = replace(
        module.identity,
        etag=module.identity.etag + 1,
        credentials=credentials(
            body.get("authentication"), module.identity.credentials, makings.keys
        ),
        managed_by=member_text(body, "managedBy"),
    )
    return device.with_module(replace(module, identity=identity))


def with_credentials(
    device: Device, module_id: str | None, change: Callable[[Credentials], Credentials]
) -> Device:
    """The device with its own or a module's credentials changed, and the identity's etag moved.

    Raises:
        ModuleNotFound: nothing has changed. What ``change`` raises, too.

    Source: IDENTITY-23, IDENTITY-28.
    """
    if module_id is None:
        own = device.identity
        changed = replace(own, etag=own.etag + 1, credentials=change(own.credentials))
        return replace(device, identity=changed)
    module = device.module(module_id)
    its = module.identity
    written = replace(its, etag=its.etag + 1, credentials=change(its.credentials))
    return device.with_module(replace(module, identity=written))


def device_document(device: Device, presence: Presence, keys: Keys) -> JsonObject:
    """A device identity as the registry shows it; ``keys`` in the clear.

    Source: IDENTITY-2.
    """
    identity = device.identity
    shown: dict[str, Any] = {
        "deviceId": device.id,
        "generationId": identity.generation,
        "etag": etag_text(identity.etag),
        "connectionState": "Connected" if presence.connected else "Disconnected",
        "status": str(identity.status),
        "statusReason": identity.status_reason,
        "connectionStateUpdatedTime": iso(presence.changed_at),
        "statusUpdatedTime": iso(identity.status_at),
        "lastActivityTime": iso(presence.active_at),
        "cloudToDeviceMessageCount": presence.waiting,
        "authentication": _authentication(identity.credentials, keys),
        "capabilities": {"iotEdge": identity.iot_edge},
    }
    if identity.device_scope:
        shown["deviceScope"] = identity.device_scope
    return {**shown, "parentScopes": list(identity.parent_scopes)}


def module_document(device: Device, module: Module, presence: Presence, keys: Keys) -> JsonObject:
    """A module identity as the registry shows it; ``keys`` in the clear.

    Source: IDENTITY-15.
    """
    return {
        "moduleId": module.id,
        "managedBy": module.identity.managed_by,
        "deviceId": device.id,
        "generationId": module.identity.generation,
        "etag": etag_text(module.identity.etag),
        "connectionState": "Connected" if presence.connected else "Disconnected",
        "connectionStateUpdatedTime": iso(presence.changed_at),
        "lastActivityTime": iso(presence.active_at),
        "cloudToDeviceMessageCount": presence.waiting,
        "authentication": _authentication(module.identity.credentials, keys),
    }


def _authentication(of: Credentials, keys: Keys) -> JsonObject:
    primary, secondary = keys
    return {
        "symmetricKey": {"primaryKey": primary, "secondaryKey": secondary},
        "x509Thumbprint": {
            "primaryThumbprint": of.primary_thumbprint,
            "secondaryThumbprint": of.secondary_thumbprint,
        },
        "type": str(of.type),
    }


def _written(
    device_id: str, identity: Identity, body: JsonObject, parents_of: ParentsOf, at: Millis
) -> Identity:
    """The identity with the writable members of the body in place of its own."""
    identity = with_status(identity, _status(body), member_text(body, "statusReason"), at)
    identity = replace(identity, iot_edge=_iot_edge(body, identity))
    return scoped(device_id, identity, body, parents_of)


def _status(body: JsonObject) -> Status:
    text = member_text(body, "status")
    if not text:
        return Status.ENABLED
    try:
        return Status(text.lower())
    except ValueError:
        raise Invalid(f"status {text!r} is none of {', '.join(Status)}") from None


def _iot_edge(body: JsonObject, identity: Identity) -> bool:
    capabilities = body.get("capabilities") or {}
    if not is_object(capabilities):
        raise Malformed("capabilities must be an object")
    flag = capabilities.get("iotEdge")
    if not isinstance(flag, bool | None):
        raise Malformed("capabilities.iotEdge must be true or false")
    return identity.iot_edge if flag is None else flag


def _with_system_modules(device: Device, makings: Makings, at: Millis) -> Device:
    """With those that an edge device has."""
    if not device.identity.iot_edge:
        return device
    missing = [name for name in SYSTEM_MODULES if name not in device.modules]
    if missing:  # what is full, of modules that are leaving too, can still be changed
        _check_room(device, len(missing))
    for module_id in missing:
        made = module_identity(makings, None)
        device = device.with_module(Module(module_id, made, new_twin(at)))
    return device


def _without_edge_modules(device: Device) -> Device:
    """Without those that only an edge device has."""
    kept = {
        module.id: module
        for module in device.modules.values()
        if module.id not in SYSTEM_MODULES and module.identity.managed_by != IOT_EDGE
    }
    return replace(device, modules=kept)


def _check_room(device: Device, more: int) -> None:
    if (count := len(device.modules) + more) > MAX_MODULES:
        raise TooManyModules(f"device {device.id} would have {count} of {MAX_MODULES} modules")


def module_identity(makings: Makings, managed_by: str | None) -> ModuleIdentity:
    """A new module identity with fresh keys."""
    fresh = credentials(None, None, makings.keys)
    return ModuleIdentity(makings.generation(), makings.etag(), fresh, managed_by)


def _check_same(name: str, body: Mapping[str, object], expected: str) -> None:
    if body.get(name) not in (None, expected):
        raise Invalid(f"{name} in the body is {body[name]!r}, in the path {expected!r}")
