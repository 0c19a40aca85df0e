"""Carrying a change of a configuration to every device that it concerns.

A sweep goes over the devices that carry the configuration or match it now, by number, in portions;
how far it has come is stored with each, so that one which is cut short goes on where it was.
Nothing is lost if it begins again: reconciling twice writes nothing.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, NoReturn

import msgspec
import structlog
from pyroaring import BitMap

from affinage.domain.configuration import Configuration, warnings
from affinage.domain.errors import Unavailable
from affinage.ports.clock import Clock
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change, View
from affinage.services.portions import MAX_TWINS, portion

RETRY_S: Final = 1.0
"""After a failure."""

PAUSE_S: Final = 0.1
"""While there is no token: what the budget gives in it is then swept at once."""

_log = structlog.get_logger(__name__)


class Sweep(msgspec.Struct, frozen=True, array_like=True):
    """How far a change of a configuration has come."""

    generation: int
    etag: int
    """Of the configuration, when the sweep began: a later change begins another sweep."""
    cursor: int = 0
    """All devices up to this number have been reconciled."""


class UnderWay(NamedTuple):
    """A sweep, for people."""

    configuration: str
    ahead: int
    """Devices that it has not come to."""
    carriers: int
    """Devices that carry the configuration; a deleted one is gone when there are none."""


class Figures(NamedTuple):
    """Of all sweeps; costs nothing that grows with the fleet."""

    under_way: int
    """Sweeps that have not ended."""
    ahead: int
    """Devices that the one going on has not come to."""


class _Going(NamedTuple):
    """The sweep that is going on."""

    name: str
    sweep: Sweep
    reached: BitMap
    """The devices that it goes over, those behind it too."""

    @property
    def ahead(self) -> int:
        return len(self.reached) - self.reached.rank(self.sweep.cursor)

    def candidates(self) -> list[int]:
        """The numbers of the devices that come next."""
        return list(islice(self.reached.iter_equal_or_larger(self.sweep.cursor + 1), MAX_TWINS))


class Sweeps:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock
        self._pending: dict[str, Sweep] = {}
        self._held_up: dict[str, Sweep] = {}
        """Of deleted configurations that dirty devices still carry."""
        self._going: _Going | None = None
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
        """Return once no sweep has anywhere to go."""
        await self._idle.wait()

    def under_way(self) -> list[UnderWay]:
        """Every sweep that has not ended, the one that is going on first."""
        carriers = self._fleet.carriers
        going = [self._going] if self._going else []
        waiting = [self._begun(name, sweep) for name, sweep in self._pending.items()]
        found = [UnderWay(one.name, one.ahead, carriers(one.name)) for one in (*going, *waiting)]
        return found + [UnderWay(name, 0, carriers(name)) for name in self._held_up]

    def figures(self) -> Figures:
        """How much there is to sweep, now."""
        going = self._going
        waiting = len(self._pending) + len(self._held_up)
        return Figures(waiting + (going is not None), going.ahead if going else 0)

    async def run(self) -> NoReturn:
        """Sweep whenever there is something to sweep, until cancelled."""
        while True:
            while self._pending:
                name = next(iter(self._pending))  # one that is tried again comes after the others
                await self._sweep(name, self._pending.pop(name))
            self._idle.set()
            await self._woken.wait()
            self._woken.clear()

    def _committed(self, overlay: Overlay) -> None:
        """Sweep for each configuration whose change is now durable, its row with it."""
        for changed in filter(None, overlay.configurations.values()):
            self._held_up.pop(changed.id, None)
            for text in warnings(changed, self._fleet.groups):
                _log.warning("configuration may flap", configuration=changed.id, why=text)
            self._wake(changed.id, Sweep(changed.generation, changed.etag))
        for name in [name for name in self._held_up if not self._fleet.carriers(name)]:
            self._wake(name, self._held_up.pop(name))

    def _wake(self, name: str, sweep: Sweep) -> None:
        self._pending[name] = sweep
        self._idle.clear()
        self._woken.set()

    def _begun(self, name: str, sweep: Sweep) -> _Going:
        return _Going(name, sweep, self._fleet.reached_by(name))

    async def _sweep(self, name: str, sweep: Sweep) -> None:
        """One sweep to its end, or until the configuration changes; tried again if it fails."""
        self._going = going = self._begun(name, sweep)
        _log.info("sweep", configuration=name, devices=going.ahead, cursor=sweep.cursor)
        try:
            while (further := await self._advance(going)) is not None:
                self._going = going = further
        except Unavailable as error:
            _log.warning("sweep interrupted", configuration=name, error=str(error))
            await self._clock.sleep(RETRY_S)
            self._pending.setdefault(name, going.sweep)
        finally:
            self._going = None

    async def _advance(self, going: _Going) -> _Going | None:
        """Carry the change to some devices more; None at the end, or if it has changed again."""
        name, sweep, _ = going
        candidates = going.candidates()
        if not candidates:
            await self._end(name, sweep)
            return None
        cursor = await self._fleet.change(partial(self._portion, going, candidates))
        if cursor is None:
            return None
        if cursor == sweep.cursor:
            await self._clock.sleep(PAUSE_S)
        return going._replace(sweep=Sweep(sweep.generation, sweep.etag, cursor))

    def _portion(self, going: _Going, candidates: Sequence[int], view: View) -> Change[int | None]:
        """Reconcile as many as the budget has room for; up to which number that was."""
        name, sweep, _ = going
        if not _is_current(view, name, sweep):
            return Change(lambda _: None)
        rooms, site_of = self._fleet.guards.rooms(), self._fleet.guards.site_of
        ids = self._fleet.ids_of(candidates)
        next_ones = portion(view, ids, lambda device: rooms.admits(site_of(device)))
        cursor = candidates[-1] if next_ones.is_all else next_ones.reached
        if cursor is None:
            return Change(lambda _: sweep.cursor)
        body = codec.encode(Sweep(sweep.generation, sweep.etag, cursor))
        return Change(
            lambda _: cursor,
            sweep=dict.fromkeys(next_ones.devices, name),
            rows=(Row(Table.SWEEPS, name, body),),
        )

    async def _end(self, name: str, sweep: Sweep) -> None:
        """Forget the sweep, and the configuration if it was deleted and nobody carries it."""
        is_carried = bool(self._fleet.carriers(name))

        def decide(view: View) -> Change[bool]:
            configuration = view.configuration(name)
            if configuration is None or not _is_current(view, name, sweep):
                return Change(lambda _: True)
            if configuration.tombstone and is_carried:
                return Change(lambda _: False)
            gone = {name: None} if configuration.tombstone else {}
            return Change(
                lambda _: True, configurations=gone, rows=(Row(Table.SWEEPS, name, None),)
            )

        if await self._fleet.change(decide):
            _log.info("swept", configuration=name)
        else:
            self._held_up[name] = sweep  # until its last carrier, a dirty one, gives it up


def _is_current(view: View, name: str, sweep: Sweep) -> bool:
    """Whether the configuration is the one that the sweep is for, unchanged."""
    configuration = view.configuration(name)
    return configuration is not None and (
        (configuration.generation, configuration.etag) == (sweep.generation, sweep.etag)
    )
