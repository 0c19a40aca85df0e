"""The hub itself as the first of the hubs that devices are given to.

A device is created with its twin in one unit: configurations that its tags meet have written to it
before anybody hears of it.

Source: docs/spec/provisioning.md, PROV-36 to PROV-39.
"""

from msgspec.structs import replace

from affinage.domain import registration
from affinage.domain.audit import Deed
from affinage.domain.device import Device
from affinage.domain.identity import credentials
from affinage.domain.moments import millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.registration import Makings
from affinage.domain.twin import new_twin, report
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.hubs import TwinContent, Wanted
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.registry import parents_in


class OwnHub:
    """Implements `ports.hubs.LinkedHub`."""

    def __init__(self, host: str, fleet: Fleet, makings: Makings, clock: Clock) -> None:
        self._host, self._fleet, self._makings, self._clock = host.lower(), fleet, makings, clock

    @property
    def host(self) -> str:
        return self._host

    async def find(self, device_id: str, *, by: Principal) -> TwinContent | None:
        """The device's twin; None if there is no such device."""
        by.require(Right.REGISTRY_READ)
        device = self._fleet.find(device_id)
        if device is None:
            return None
        twin = device.twin
        return TwinContent(twin.tags, twin.desired.values, twin.reported.values)

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        """Create the device with its twin, or give the one that is there these credentials.

        Raises:
            Invalid and its kin, TooLarge, Unavailable: nothing has changed.
        """
        by.require(Right.REGISTRY_WRITE)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[None]:
            current = view.find(wanted.device_id)
            device = (
                self._made(view, wanted, at) if current is None else self._known(current, wanted)
            )
            if device is current:
                return Change(lambda _: None)
            deeds = (Deed(by, "device.write", wanted.device_id),)
            return Change(lambda _: None, devices={device.id: device}, deeds=deeds)

        await self._fleet.change(decide)

    async def remove(self, device_id: str, *, by: Principal) -> None:
        """Delete the device, if it is there; its connections end. Unavailable."""
        by.require(Right.REGISTRY_WRITE)

        def decide(view: View) -> Change[None]:
            if view.find(device_id) is None:
                return Change(lambda _: None)
            deeds = (Deed(by, "device.write", device_id),)
            return Change(lambda _: None, devices={device_id: None}, deeds=deeds)

        await self._fleet.change(decide)

    def _made(self, view: View, wanted: Wanted, at: int) -> Device:
        body: JsonObject = {
            "authentication": wanted.authentication,
            "capabilities": {"iotEdge": wanted.iot_edge},
        }
        device = registration.new_device(
            wanted.device_id, body, self._makings, parents_in(view), at
        )
        twin = new_twin(at, wanted.twin.tags, wanted.twin.desired)
        if wanted.twin.reported:
            twin = report(TwinKey(device.id), twin, wanted.twin.reported, at=at)
        return device.with_twin(TwinKey(device.id), twin)

    def _known(self, device: Device, wanted: Wanted) -> Device:
        """With the credentials; itself if it has them."""
        own = device.identity
        given = credentials(wanted.authentication, own.credentials, self._makings.keys)
        if given == own.credentials:
            return device
        return replace(device, identity=replace(own, etag=own.etag + 1, credentials=given))
