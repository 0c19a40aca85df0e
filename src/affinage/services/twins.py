"""Reading and changing twins: what back ends write, and what devices report."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from affinage.domain import twin as twins
from affinage.domain.audit import Deed
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.row import TwinRow
from affinage.domain.twin import Changed, Twin, TwinPatch
from affinage.domain.values import JsonObject
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View, row_of
from affinage.services.limits import UNLIMITED, Limits, Operation

Write: TypeAlias = Callable[[Twin, Millis], Changed]


class Twins:
    def __init__(self, fleet: Fleet, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._limits = fleet, limits

    async def get(self, key: TwinKey, *, by: Principal) -> TwinRow:
        """Read one twin; DeviceNotFound, ModuleNotFound."""
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.TWIN_READ, by)
        return self._fleet.row(key)

    async def patch(
        self, key: TwinKey, change: TwinPatch, *, if_match: str | None, by: Principal
    ) -> TwinRow:
        """Merge into tags and desired, if the twin's etag is ``if_match`` (None is any).

        Returns:
            The twin afterwards, what the configurations in force made of it included.

        Raises:
            DeviceNotFound, ModuleNotFound, EtagMismatch, Invalid, TooLarge: nothing has changed.
            Unavailable: the commit failed; nothing has changed.

        Source: TWIN-4 to TWIN-10, TWIN-13.
        """

        def write(twin: Twin, at: Millis) -> Changed:
            return twins.patch(key, twin, change, at=at)

        return await self._write(key, if_match, write, "twin.patch", by)

    async def replace(
        self, key: TwinKey, change: TwinPatch, *, if_match: str | None, by: Principal
    ) -> TwinRow:
        """Replace tags, desired or both; otherwise as `patch`.

        Source: TWIN-11, TWIN-13.
        """

        def write(twin: Twin, at: Millis) -> Changed:
            return twins.substitute(key, twin, change, at=at)

        return await self._write(key, if_match, write, "twin.replace", by)

    async def get_own(self, key: TwinKey, *, by: Principal) -> JsonObject:
        """What a device may see of its twin: desired and reported with their versions.

        Raises:
            Forbidden: it is another's twin.
            DeviceNotFound, ModuleNotFound: it was deleted meanwhile.

        Source: TWIN-21.
        """
        by.require_self(key)
        self._limits.take(Operation.TWIN_READ, by)
        twin = self._fleet.row(key).twin
        return {
            "desired": {**twin.desired.values, "$version": twin.desired.version},
            "reported": {**twin.reported.values, "$version": twin.reported.version},
        }

    def report(
        self, key: TwinKey, change: JsonObject, *, expected: int | None = None, by: Principal
    ) -> asyncio.Future[int]:
        """Merge into a device's own reported properties; their new version, once it is durable.

        Raises:
            Forbidden: it is another's twin.
            VersionMismatch: reported is not at the version ``expected``.
            DeviceNotFound, ModuleNotFound, Invalid, TooLarge: nothing has changed.
            Unavailable: the commit failed; nothing has changed.

        Source: TWIN-14.
        """
        by.require_self(key)
        self._limits.take(Operation.TWIN_UPDATE, by)
        return self._fleet.change(partial(_report, key, change, expected))

    async def _write(
        self, key: TwinKey, if_match: str | None, write: Write, action: str, by: Principal
    ) -> TwinRow:
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.TWIN_UPDATE, by)

        def decide(view: View) -> Change[TwinRow]:
            device = view.device(key.device)
            twin = device.twin_of(key)
            twins.check_etag(key, twin, if_match)
            written, events = write(twin, view.at)
            devices = {} if written is twin else {device.id: device.with_twin(key, written)}
            deeds = (Deed(by, action, key.path),) if devices else ()
            return Change(
                lambda after: row_of(after, key), devices=devices, events=events, deeds=deeds
            )

        return await self._fleet.change(decide)


def _report(key: TwinKey, change: JsonObject, expected: int | None, view: View) -> Change[int]:
    device = view.device(key.device)
    twin = twins.report(key, device.twin_of(key), change, expected=expected, at=view.at)
    version = twin.reported.version
    return Change(lambda _: version, devices={device.id: device.with_twin(key, twin)})
