"""Devices that leave for good, and devices that take their places: each in one unit."""

from affinage.domain import replacing
from affinage.domain.audit import Deed
from affinage.domain.device import Device
from affinage.domain.edge import ModuleIdentities
from affinage.domain.errors import Missing
from affinage.domain.moments import iso
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import DEFAULT_PAGE, Page, cut


class Replacing:
    def __init__(
        self, fleet: Fleet, identities: ModuleIdentities, limits: Limits = UNLIMITED
    ) -> None:
        self._fleet, self._identities, self._limits = fleet, identities, limits

    async def retire(self, device_id: str, reason: str = "", *, by: Principal) -> JsonObject:
        """Take a device out of service, with all that is known of it; its connections end.

        Returns:
            Its status, as it is then.

        Raises:
            DeviceNotFound; Invalid: the reason is too long; Unavailable: nothing has changed.

        Source: REPLACE-1 to REPLACE-3.
        """
        self._admit(by)

        def decide(view: View) -> Change[JsonObject]:
            device = replacing.retired(view.device(device_id), reason, at=view.at)
            return _change(by, "device.retire", device)

        return await self._fleet.change(decide)

    async def restore(self, device_id: str, *, by: Principal) -> JsonObject:
        """Take a retired device into service again, enabled; otherwise as `retire`.

        Source: REPLACE-4.
        """
        self._admit(by)

        def decide(view: View) -> Change[JsonObject]:
            device = replacing.restored(view.device(device_id), at=view.at)
            return _change(by, "device.restore", device)

        return await self._fleet.change(decide)

    async def replace(self, old_id: str, new_id: str, *, by: Principal) -> JsonObject:
        """Have one device take the place of another, which is retired: all of it or nothing.

        Returns:
            The status of both, as ``old`` and ``new``.

        Raises:
            Missing: no new device is named; CannotReplace: says every reason why not.
            DeviceNotFound, Invalid, TooLarge, Unavailable: nothing has changed.

        Source: REPLACE-10 to REPLACE-13.
        """
        self._admit(by)
        by.require(Right.SERVICE_CONNECT)
        if not new_id:
            raise Missing("new is missing: the id of the device that takes the place")

        def decide(view: View) -> Change[JsonObject]:
            pair = view.device(old_id), view.device(new_id)
            old, new, events = replacing.replaced(*pair, self._identities, at=view.at)
            deeds = (Deed(by, "device.retire", old_id), Deed(by, "device.replace", new_id))
            return Change(
                lambda after: {"old": _shown(after, old_id), "new": _shown(after, new_id)},
                devices={old_id: old, new_id: new},
                events=events,
                deeds=deeds,
            )

        return await self._fleet.change(decide)

    async def retired(
        self, *, after: str | None = None, limit: int = DEFAULT_PAGE, by: Principal
    ) -> Page:
        """Some retired devices by id, those behind ``after``; Invalid of a limit under 1.

        Source: REPLACE-3, NATIVE-6.
        """
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        ids = self._fleet.ids_of(self._fleet.retired).values()
        names, has_more = cut(sorted(name for name in ids if name > (after or "")), limit)
        rows = [_status(self._fleet.device(name)) for name in names]
        return Page("Device", rows, names[-1] if has_more else None)

    def _admit(self, by: Principal) -> None:
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)


def _change(by: Principal, action: str, device: Device) -> Change[JsonObject]:
    return Change(
        lambda after: _shown(after, device.id),
        devices={device.id: device},
        deeds=(Deed(by, action, device.id),),
    )


def _shown(view: View, device_id: str) -> JsonObject:
    return _status(view.device(device_id))


def _status(device: Device) -> JsonObject:
    identity, since = device.identity, device.retired_at
    return {
        "deviceId": device.id,
        "status": str(identity.status),
        "statusReason": identity.status_reason,
        "retiredAt": None if since is None else iso(since),
        "tags": device.twin.tags,
    }
