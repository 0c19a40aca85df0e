"""A content for one device, applied once: written by hand where no configuration does it."""

from affinage.domain.audit import Deed
from affinage.domain.edge import ModuleIdentities, apply_content
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation


class Contents:
    def __init__(
        self, fleet: Fleet, identities: ModuleIdentities, limits: Limits = UNLIMITED
    ) -> None:
        self._fleet, self._identities, self._limits = fleet, identities, limits

    async def apply(self, device_id: str, content: JsonObject, *, by: Principal) -> None:
        """Write a content to one device, and have it the modules that the content names.

        No configuration comes of it. Those in force still win: what is written over their paths
        is drift, and is written back as any other.

        Raises:
            DeviceNotFound: no such device.
            InvalidContent: not admissible, or for modules that a condition would select.
            InvalidOperation: for edge modules, and the device is no edge device.
            TooManyModules, TooLarge, Unavailable: what the message says. In every case nothing
                has changed.

        Source: EDGE-15 to EDGE-18.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.CONFIGURATION, by)

        deeds = (Deed(by, "device.applyContent", device_id),)

        def decide(view: View) -> Change[None]:
            device = view.device(device_id)
            made, events = apply_content(device, content, identities=self._identities, at=view.at)
            return Change(lambda _: None, devices={device_id: made}, events=events, deeds=deeds)

        await self._fleet.change(decide)
