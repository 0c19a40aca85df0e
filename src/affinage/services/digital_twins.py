"""Digital twins: the view of a twin by properties and components, and commands.

Source: docs/spec/digital-twins.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from affinage.domain import digital_twin
from affinage.domain import twin as twins
from affinage.domain.audit import Deed
from affinage.domain.digital_twin import Step
from affinage.domain.errors import Invalid, InvalidPatchValue
from affinage.domain.method import MethodRequest, MethodResult
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.twin import Changed, Twin, TwinPatch
from affinage.domain.values import JsonObject
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View, row_of
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.methods import Methods


class Shown(NamedTuple):
    """A digital twin, and the etag that it shares with its twin."""

    document: JsonObject
    etag: str


class DigitalTwins:
    def __init__(self, fleet: Fleet, methods: Methods, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._methods, self._limits = fleet, methods, limits

    async def get(self, device_id: str, *, by: Principal) -> Shown:
        """Read a device's digital twin; DeviceNotFound."""
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.TWIN_READ, by)
        row = self._fleet.row(TwinKey(device_id))
        return Shown(digital_twin.document(row), twins.etag_text(row.twin.etag))

    async def patch(
        self, device_id: str, steps: Sequence[Step], *, if_match: str | None, by: Principal
    ) -> str:
        """Write desired properties as the steps say, all or none; the new etag.

        Args:
            if_match: the twin's etag; None is any.

        Raises:
            DeviceNotFound, EtagMismatch, InvalidPatchStep, InvalidPatchPath, InvalidPatchValue,
            TooLarge, Unavailable: nothing has changed.

        Source: DIGITAL-6 to DIGITAL-9, AUDIT-1.
        """
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.TWIN_UPDATE, by)
        key = TwinKey(device_id)

        def decide(view: View) -> Change[str]:
            device = view.device(device_id)
            twins.check_etag(key, device.twin, if_match)
            twin, events = _written(key, device.twin, steps, view)
            devices = {} if twin is device.twin else {device_id: device.with_twin(key, twin)}
            return Change(
                lambda after: twins.etag_text(row_of(after, key).twin.etag),
                devices=devices,
                events=events,
                deeds=(Deed(by, "twin.patch", device_id),) if devices else (),
            )

        return await self._fleet.change(decide)

    async def command(
        self, device_id: str, request: MethodRequest, *, by: Principal
    ) -> MethodResult:
        """Have the device carry out a command; as `Methods.invoke`.

        Source: DIGITAL-10.
        """
        return await self._methods.invoke(TwinKey(device_id), request, by=by)


def _written(key: TwinKey, twin: Twin, steps: Sequence[Step], view: View) -> Changed:
    change = TwinPatch(desired=digital_twin.desired_patch(twin, steps) or UNSET)
    try:
        return twins.patch(key, twin, change, at=view.at)
    except Invalid as error:
        raise InvalidPatchValue(str(error)) from None
