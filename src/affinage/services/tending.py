"""Tending the fleet: what is due though nobody writes, and what anybody may know of it.

Tries dirty devices again as their pauses end and tokens come back, thaws memberships, corrects
drift, lets modules go whose grace is over. Each is a unit of its own.
"""

from collections.abc import Mapping
from functools import partial
from itertools import chain, islice
from typing import Final, NoReturn

import structlog
from msgspec import Struct

from affinage.domain.device import Device
from affinage.domain.edge import next_leaving
from affinage.domain.errors import Unavailable
from affinage.domain.flaps import frozen, next_thaw
from affinage.domain.moments import Millis, millis
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.pending import Reason
from affinage.services.fleet.unit import Change, View
from affinage.services.portions import MAX_TWINS, portion

TEND_S: Final = 1.0
"""How often what is due is looked for."""

_log = structlog.get_logger(__name__)


class Figures(Struct, frozen=True):
    """How many devices are pending, by reason, and how the budget is drawn on."""

    failed: int
    """Dirty: reconciling raised, and is tried again."""
    waiting: int
    """Dirty: they wait for a token."""
    frozen: int
    """With a membership that flipped too often."""
    drifted: int
    """Somebody wrote over a path in force; it will be written again."""
    leaving: int
    """With modules that leave when their grace is over."""
    tokens_taken: int
    """Since the start."""
    tokens_refused: int


class Held(Struct, frozen=True):
    """One pending device: why, since when, until when."""

    device: str
    reason: Reason
    since: Millis | None = None
    """None where only the end is known."""
    due: Millis | None = None
    """When it is tried again, thaws, is corrected, or loses a module."""
    error: str = ""
    attempts: int = 0
    what: tuple[str, ...] = ()
    """The memberships that are frozen, or the modules that leave."""


class Tending:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock

    async def run(self) -> NoReturn:
        """Do what is due, every second, until cancelled."""
        while True:
            await self._clock.sleep(TEND_S)
            left: list[int] = []
            try:
                while due := self._due(millis(self._clock.now())):
                    left += await self._reconciled(due)
            except Unavailable as error:
                _log.warning("not tended", error=str(error))
            self._fleet.pending.restore(left)  # not before: each is tried once a second at most

    def figures(self) -> Figures:
        """How many devices are pending, now. Costs nothing that grows with the fleet."""
        guards, numbers = self._fleet.guards, self._fleet.pending.numbers
        counts = {reason.value: len(devices) for reason, devices in numbers.items()}
        return Figures(**counts, tokens_taken=guards.taken, tokens_refused=guards.refused)

    def listed(self, reason: Reason, limit: int = 100) -> list[Held]:
        """The devices behind a figure, the first ``limit`` by number."""
        numbers = self._fleet.pending.numbers[reason][:limit]
        found = (self._fleet.find(name) for name in self._fleet.ids_of(numbers).values())
        return [self._held(device, reason) for device in found if device is not None]

    def _due(self, at: Millis) -> list[int]:
        """The numbers of some devices that are due and that the budget has room for."""
        guards, pending = self._fleet.guards, self._fleet.pending
        admits = guards.rooms().admits
        dirty = pending.due_dirty(at, admits)
        others = pending.due_others(at, at - guards.drift_after, admits)
        return list(dict.fromkeys(islice(chain(dirty, others), MAX_TWINS)))

    async def _reconciled(self, due: list[int]) -> list[int]:
        """Those of them that are pending afterwards."""
        ahead = due
        try:
            while ahead:
                some = self._fleet.ids_of(ahead)
                reached = await self._fleet.change(partial(_asking_all, some))
                ahead = ahead[1 + ahead.index(reached) :] if reached is not None else []
        except Unavailable:
            self._fleet.pending.restore(due)
            raise
        return self._fleet.pending.among(due)

    def _held(self, device: Device, reason: Reason) -> Held:
        guards = self._fleet.guards
        match reason, device.dirty, device.drifted_at:
            case ((Reason.FAILED | Reason.WAITING), dirty, _) if dirty is not None:
                ends = (dirty.since, dirty.due, dirty.error, dirty.attempts)
                return Held(device.id, reason, *ends)
            case Reason.DRIFTED, _, since if since is not None:
                return Held(device.id, reason, since, since + guards.drift_after)
            case Reason.LEAVING, _, _:
                leaving = [one.id for one in device.modules.values() if one.leaves_at is not None]
                return Held(device.id, reason, due=next_leaving(device), what=tuple(leaving))
            case _:
                return Held(
                    device.id, reason, due=next_thaw(device.flips), what=tuple(frozen(device.flips))
                )


def _asking_all(candidates: Mapping[int, str], view: View) -> Change[int | None]:
    """Ask everything of the first of them; the number of the last that was asked."""
    first = portion(view, candidates, lambda _: True)
    return Change(lambda _: first.reached, sweep=dict.fromkeys(first.devices))
