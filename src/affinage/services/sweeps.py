"""Carrying a change of a configuration to every device that it concerns, and tending the rest.

A sweep goes over the devices that carry the configuration or match it now, by number, in batches;
how far it has come is stored with each batch, so that one which is cut short goes on where it was.
Nothing is lost if it begins again: reconciling twice writes nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec
import structlog

from affinage.domain.configuration import Configuration
from affinage.domain.device import Device
from affinage.domain.errors import Unavailable
from affinage.domain.moments import Millis, millis
from affinage.ports.clock import Clock
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change, View

BATCH: Final = 100
"""Devices in one unit of a sweep: a few milliseconds, so that other writes get their turn."""

RETRY_S: Final = 1.0
"""After the first failure; doubled after each further one."""

MAX_RETRY_S: Final = 300.0

TEND_S: Final = 1.0
"""How often dirty devices and leaving modules are looked for."""

_log = structlog.get_logger(__name__)


class Sweep(msgspec.Struct, frozen=True, array_like=True):
    """How far a change of a configuration has come."""

    generation: int
    etag: int
    """Of the configuration, when the sweep began: a later change begins another sweep."""
    cursor: int = 0
    """All devices up to this number have been reconciled."""


class Sweeps:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock
        self._pending: dict[str, Sweep] = {}
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()

    @staticmethod
    def row(configuration: Configuration) -> Row:
        """What asks for a sweep; written together with the change itself."""
        sweep = Sweep(configuration.generation, configuration.etag)
        return Row(Table.SWEEPS, configuration.id, codec.encode(sweep))

    async def open(self) -> None:
        """Read what was under way when the hub stopped; from now on, hear of every change."""
        for name, body in self._fleet.saved(Table.SWEEPS):
            self._pending[name] = codec.decode(body, Sweep)
        self._fleet.listen(self._committed)
        self._woken.set()

    async def finished(self) -> None:
        """Return once no sweep is under way."""
        await self._idle.wait()

    async def run(self) -> NoReturn:
        """Sweep whenever there is something to sweep, until cancelled."""
        while True:
            while self._pending:
                name = next(iter(self._pending))  # one that is tried again comes after the others
                await self._sweep(name, self._pending.pop(name))
            self._idle.set()
            await self._woken.wait()
            self._woken.clear()

    async def tend(self) -> NoReturn:
        """Try dirty devices again, and let modules go whose grace is over; until cancelled."""
        while True:
            await self._clock.sleep(TEND_S)
            due = self._due(millis(self._clock.now()))
            for start in range(0, len(due), BATCH):
                await self._reconcile(due[start : start + BATCH])

    def _committed(self, overlay: Overlay) -> None:
        """Sweep for each configuration whose change is now durable, its row with it."""
        for changed in filter(None, overlay.configurations.values()):
            self._pending[changed.id] = Sweep(changed.generation, changed.etag)
            self._idle.clear()
            self._woken.set()

    async def _sweep(self, name: str, sweep: Sweep) -> None:
        """One sweep to its end, or until the configuration changes; begun again if it fails."""
        try:
            await self._go_over(name, sweep)
        except Unavailable as error:
            _log.warning("sweep interrupted", configuration=name, error=str(error))
            await self._clock.sleep(RETRY_S)
            self._pending.setdefault(name, sweep)

    async def _go_over(self, name: str, sweep: Sweep) -> None:
        numbers = [number for number in self._fleet.reached_by(name) if number > sweep.cursor]
        _log.info("sweep", configuration=name, devices=len(numbers), cursor=sweep.cursor)
        for start in range(0, len(numbers), BATCH):
            if not await self._batch(name, sweep, numbers[start : start + BATCH]):
                return
        if await self._end(name, sweep):
            _log.info("swept", configuration=name)
        else:
            await self._clock.sleep(RETRY_S)
            end = numbers[-1] if numbers else sweep.cursor  # `tend` tries the dirty ones again
            self._pending.setdefault(name, Sweep(sweep.generation, sweep.etag, end))

    async def _batch(self, name: str, sweep: Sweep, numbers: Sequence[int]) -> bool:
        """Reconcile some devices; False if the configuration is no longer what it was."""
        body = codec.encode(Sweep(sweep.generation, sweep.etag, numbers[-1]))
        device_ids = self._fleet.ids_of(numbers)

        def decide(view: View) -> Change[bool]:
            if not _is_current(view, name, sweep):
                return Change(lambda _: False)
            return Change(
                lambda _: True,
                sweep={one: name for one in device_ids if view.find(one) is not None},
                rows=(Row(Table.SWEEPS, name, body),),
            )

        return await self._fleet.change(decide)

    async def _end(self, name: str, sweep: Sweep) -> bool:
        """Forget the sweep, and the configuration if it was deleted; False to sweep once more.

        A tombstone stays while any device carries it: one could not be reconciled, and is dirty.
        """
        is_carried = bool(self._fleet.carriers(name))

        def decide(view: View) -> Change[bool]:
            configuration = view.configuration(name)
            if configuration is None or not _is_current(view, name, sweep):
                return Change(lambda _: True)
            if configuration.tombstone and is_carried:
                return Change(lambda _: False)
            gone = {name: None} if configuration.tombstone else {}
            row = Row(Table.SWEEPS, name, None)
            return Change(lambda _: True, configurations=gone, rows=(row,))

        return await self._fleet.change(decide)

    def _due(self, at: Millis) -> list[str]:
        dirty = {device.id: device for device in self._fleet.dirty()}
        due = [name for name, device in dirty.items() if _is_due(device, at)]
        return [*due, *(name for name in self._fleet.leaving(at) if name not in dirty)]

    async def _reconcile(self, device_ids: Sequence[str]) -> None:
        def decide(view: View) -> Change[None]:
            living = {one: None for one in device_ids if view.find(one) is not None}
            return Change(lambda _: None, sweep=living)

        try:
            await self._fleet.change(decide)
        except Unavailable as error:
            _log.warning("not tended", devices=len(device_ids), error=str(error))


def _is_current(view: View, name: str, sweep: Sweep) -> bool:
    """Whether the configuration is the one that the sweep is for, unchanged."""
    configuration = view.configuration(name)
    return configuration is not None and (
        (configuration.generation, configuration.etag) == (sweep.generation, sweep.etag)
    )


def _is_due(device: Device, at: Millis) -> bool:
    dirty = device.dirty
    return dirty is not None and at >= dirty.since + _back_off_ms(dirty.attempts)


def _back_off_ms(attempts: int) -> int:
    return int(1000 * min(RETRY_S * 2 ** min(attempts - 1, 20), MAX_RETRY_S))
