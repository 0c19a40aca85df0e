"""When who keeps no connection last asked for something: known at once, written now and then.

Source: PRESENCE-3.
"""

from collections.abc import Mapping
from typing import NoReturn

import structlog

from affinage.domain.admission import generation_of
from affinage.domain.device import Presence, heard
from affinage.domain.errors import Unavailable
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change, View
from affinage.services.sessions import FLUSH_S, SLICE

_log = structlog.get_logger(__name__)


class Visits:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock
        self._came: dict[TwinKey, float] = {}
        """When, on the monotonic clock, of whom it is not written yet."""

    async def open(self) -> None:
        """From now on, hear of every commit, and tell the fleet who came."""
        self._fleet.listen(self._committed)
        self._fleet.hear(self._heard_at)

    async def run(self) -> NoReturn:
        """Write down now and then who came, until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_S)
            try:
                await self.flush()
            except Unavailable as error:
                _log.warning("activity not written", error=str(error))

    def came(self, *, by: Principal) -> None:
        """An identity asks for something; never waits."""
        if by.scope is not None:
            self._came[by.scope] = self._clock.monotonic()

    async def flush(self) -> None:
        """Write down who came. Unavailable: it is still known."""
        came = [*self._came.items()]
        for start in range(0, len(came), SLICE):
            await self._write(dict(came[start : start + SLICE]))

    async def _write(self, came: Mapping[TwinKey, float]) -> None:
        moments = {key: self._moment(at) for key, at in came.items()}

        def decide(view: View) -> Change[None]:
            there = {key: view.presence(key) for key in moments if _is_there(view, key)}
            moved = {key: heard(one, moments[key]) for key, one in there.items()}
            return Change(lambda _: None, presence=moved)

        await self._fleet.change(decide)
        for key, at in came.items():
            if self._came.get(key) == at:
                del self._came[key]

    def _heard_at(self, key: TwinKey, _: Presence) -> Millis | None:
        at = self._came.get(key)
        return None if at is None else self._moment(at)

    def _moment(self, at: float) -> Millis:
        """That instant of the monotonic clock on the wall clock, as that goes now."""
        return millis(self._clock.now()) - int(1000 * (self._clock.monotonic() - at))

    def _committed(self, overlay: Overlay) -> None:
        """Whoever is made again under a name has not come before."""
        for device_id, device in overlay.devices.items():
            old = overlay.before[device_id]
            if self._came and old is not None and old is not device:
                gone = {TwinKey(old.id), *(TwinKey(old.id, name) for name in old.modules)}
                for key in gone & self._came.keys():
                    if generation_of(old, key) != generation_of(device, key):
                        del self._came[key]


def _is_there(view: View, key: TwinKey) -> bool:
    return generation_of(view.find(key.device), key) is not None
