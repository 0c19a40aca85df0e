"""A device that leaves for good but is not forgotten, and one that takes its place.

Decides what is left of a retired device, what a new one takes over, and when it may.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from affinage.domain.device import Device, Module
from affinage.domain.edge import ModuleIdentities, is_managed
from affinage.domain.errors import CannotReplace
from affinage.domain.identity import MAX_STATUS_REASON, Status, with_status
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.paths import find, remove
from affinage.domain.registration import MAX_MODULES
from affinage.domain.twin import DesiredChanged, Twin, TwinPatch, new_twin, patch
from affinage.domain.values import JsonObject

RETIRED: Final = "retired"
"""The reason for the status of a retired device, where none is given."""


def retired(device: Device, reason: str, *, at: Millis) -> Device:
    """The device out of service: disabled, and in no target set until it is `restored`.

    Raises:
        Invalid: the reason is too long.

    Source: REPLACE-1, REPLACE-2.
    """
    identity = with_status(device.identity, Status.DISABLED, reason or RETIRED, at)
    identity = replace(identity, etag=identity.etag + 1)
    since = at if device.retired_at is None else device.retired_at
    return replace(device, identity=identity, retired_at=since)


def restored(device: Device, *, at: Millis) -> Device:
    """The device back in service, enabled; one that is not retired stays the same object.

    Source: REPLACE-4.
    """
    if device.retired_at is None:
        return device
    identity = with_status(device.identity, Status.ENABLED, None, at)
    return replace(device, identity=replace(identity, etag=identity.etag + 1), retired_at=None)


def replaced(
    old: Device, new: Device, identities: ModuleIdentities, *, at: Millis
) -> tuple[Device, Device, tuple[DesiredChanged, ...]]:
    """The old device retired, the new one in its place, and what that must be told.

    Raises:
        CannotReplace: says every reason why not. Nothing has changed.
        Invalid, TooLarge: a twin would pass a limit.

    Source: REPLACE-10 to REPLACE-13.
    """
    reasons = [*_obstacles(old, new)]
    if reasons:
        raise CannotReplace(f"{new.id} cannot replace {old.id}: {'; '.join(reasons)}")
    reason = f"replaced by {new.id}"[:MAX_STATUS_REASON]
    scopes = old.identity.parent_scopes
    identity = replace(new.identity, parent_scopes=scopes, etag=new.identity.etag + 1)
    if not identity.iot_edge:
        identity = replace(identity, device_scope=scopes[0] if scopes else None)
    result, events = _taken(TwinKey(new.id), replace(new, identity=identity), old.twin, at)
    for module in old.modules.values():
        key = TwinKey(new.id, module.id)
        if module.id not in result.modules:
            if is_managed(module):
                continue  # a deployment brings it
            made = replace(identities.fresh(key), managed_by=module.identity.managed_by)
            result = result.with_module(Module(module.id, made, new_twin(at)))
        result, told = _taken(key, result, module.twin, at)
        events += told
    return retired(old, reason, at=at), result, events


def own_desired(twin: Twin, *others: Twin) -> JsonObject:
    """The desired properties that no configuration holds, in it or in the others."""
    values = twin.desired.values
    for path in {path for one in (twin, *others) for path in one.owned}:
        values = _without(values, tuple(path.split(".")) if path else ())
    return values


def _taken(
    key: TwinKey, device: Device, old: Twin, at: Millis
) -> tuple[Device, tuple[DesiredChanged, ...]]:
    """The device with the old twin's tags and own desired properties in that one of its twins."""
    twin = device.twin_of(key)
    change = TwinPatch()
    if old.tags:
        change = replace(change, tags=old.tags)
    if desired := own_desired(old, twin):
        change = replace(change, desired=desired)
    written, events = patch(key, twin, change, at=at)
    return (device if written is twin else device.with_twin(key, written)), events


def _obstacles(old: Device, new: Device) -> Iterator[str]:
    if old.id == new.id:
        yield "it is the same device"
    if new.retired_at is not None:
        yield "it is retired"
    if old.identity.iot_edge != new.identity.iot_edge:
        yield "one of them is an edge device, and the other is not"
    if new.identity.parent_scopes not in ((), old.identity.parent_scopes):
        yield "it has another parent"
    for what, twin in _twins(new):
        if twin.tags:
            yield f"{what} has tags"
        if own_desired(twin):
            yield f"{what} has desired properties of its own"
    more = [module for module in old.modules.values() if not is_managed(module)]
    count = len(new.modules.keys() | {module.id for module in more})
    if count > MAX_MODULES:
        yield f"it would have {count} of {MAX_MODULES} modules"


def _twins(device: Device) -> Iterator[tuple[str, Twin]]:
    yield "it", device.twin
    for module in device.modules.values():
        yield f"its module {module.id}", module.twin


def _without(values: JsonObject, path: tuple[str, ...]) -> JsonObject:
    """Without what lies there, and without what is empty above it then."""
    left = remove(values, path)
    above = path[:-1]
    if left is not values and above and find(left, above) == {}:
        return _without(left, above)
    return left
