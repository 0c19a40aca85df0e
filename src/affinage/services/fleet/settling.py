"""What the configurations in force make of a device that a unit has changed.

It is asked which of its paths moved, and only the configurations that watch those; then what they
wrote is asked again, to the end. What they raise never reaches the unit, nor does the budget that
they draw on: the device is dirty.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace

from affinage.domain.device import Device, Dirty
from affinage.domain.drift import has_drifted
from affinage.domain.edge import ModuleIdentities
from affinage.domain.moments import Millis
from affinage.domain.query.syntax import Collection, Path
from affinage.domain.reconcile import reconcile
from affinage.domain.twin import DesiredChanged
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.rows import Moves, Version, moves_between
from affinage.services.fleet.unit import Sweep, View

ROUNDS: Final = 4
"""How often reconciling is asked again because of what it wrote itself. RECONCILE-22."""

RETRY: Final[Millis] = 1000
"""After the first failure; doubled after each further one. RECONCILE-23."""

MAX_RETRY: Final[Millis] = 300_000

_NO_END: Final = (
    f"its configurations change what their conditions read, without end ({ROUNDS} times)"
)

_NOBODY: Final[frozenset[str]] = frozenset()

_log = structlog.get_logger(__name__)


class Settled(NamedTuple):
    device: Device
    moves: Moves
    events: list[DesiredChanged]


class Settling:
    """Reconciles the devices of one commit's units."""

    def __init__(
        self,
        view: View,
        memory: Memory,
        identities: ModuleIdentities,
        guards: Guards,
        at: Millis,
    ) -> None:
        self._view, self._memory, self._guards = view, memory, guards
        self._identities, self._at = identities, at

    def settle(self, before: Version, new: Device, sweep: Sweep) -> Settled:
        """The device as its configurations want it, and what that moved on the way.

        Where they fail, come to no end, or have no token, the device is dirty and stays as it was
        last.

        Source: RECONCILE-22 to RECONCILE-24, RECONCILE-33.
        """
        device, was, is_paid = self._with_drift(before.device, new), before, False
        moves: Moves = []
        events: list[DesiredChanged] = []
        for _ in range(ROUNDS):
            now = Version(device, self._view.presence)
            step = moves_between(self._memory, was, now)
            moves += step
            asked = sweep.get(new.id, "")
            affected = self._affected(was.device, device, step, asked)
            if affected is not None and not affected:
                return Settled(device, moves, events)
            begun = self._begun(device, asked)
            try:
                settled, told = self._reconciled(begun, device, affected, asked)
            except Exception as error:  # noqa: BLE001  # the cause never fails because of it
                return Settled(self._failed(device, new.dirty, str(error)), moves, events)
            if settled is begun:
                return Settled(begun, moves, events)
            if not (is_paid or self._guards.take(device)):
                return Settled(self._waiting(device), moves, events)
            is_paid, events = True, [*events, *told]
            if settled.modules is not device.modules:
                settled = self._memory.numbered(settled)
            device, was, sweep = settled, now, {}
        moves += moves_between(self._memory, was, Version(device, self._view.presence))
        return Settled(self._failed(device, new.dirty, _NO_END), moves, events)

    def _with_drift(self, old: Device | None, new: Device) -> Device:
        """The device as the unit has it, marked if that wrote over a path in force."""
        if old is None or new.drifted_at is not None or not has_drifted(old, new):
            return new
        return replace(new, drifted_at=self._at)

    def _begun(self, device: Device, asked: str | None) -> Device:
        """The same device without the marks that this run takes away."""
        if self._is_corrected(device, asked):
            return replace(device, dirty=None, drifted_at=None)
        return replace(device, dirty=None) if device.dirty else device

    def _is_corrected(self, device: Device, asked: str | None) -> bool:
        """Whether its drift is due, in a run of its own: nobody's write asks for everything."""
        drifted_at = device.drifted_at
        return (
            asked is None
            and drifted_at is not None
            and self._at >= drifted_at + self._guards.drift_after
        )

    def _reconciled(
        self, begun: Device, device: Device, affected: frozenset[str] | None, asked: str | None
    ) -> tuple[Device, tuple[DesiredChanged, ...]]:
        return reconcile(
            begun,
            self._view.rulebook,
            presence=self._view.presence,
            identities=self._identities,
            at=self._at,
            affected=affected,
            edited=asked or None,
            correct_drift=begun.drifted_at != device.drifted_at,
        )

    def _failed(self, device: Device, dirty: Dirty | None, error: str) -> Device:
        """Marked, to be tried again after a pause; a try before that is over does not count."""
        if dirty and dirty.error and self._at < dirty.due:
            return replace(device, dirty=replace(dirty, error=error))
        _log.warning("not reconciled", device=device.id, error=error)
        since, attempts = (dirty.since, dirty.attempts + 1) if dirty else (self._at, 1)
        return replace(device, dirty=Dirty(error, since, attempts, self._at + back_off(attempts)))

    def _waiting(self, device: Device) -> Device:
        """Marked, to be tried as soon as there is a token; as it is, if it is dirty already."""
        if device.dirty:
            return device
        return replace(device, dirty=Dirty("", self._at, 0, self._at))

    def _affected(
        self, old: Device | None, new: Device, moves: Moves, asked: str | None
    ) -> frozenset[str] | None:
        """The configurations whose conditions must be asked again; None is all of them."""
        if asked is None or _is_new_to_rules(old, new):
            return None
        affected = self._view.rulebook.sharing(asked) if asked else _NOBODY
        for collection, move in moves:
            affected = affected.union(self._watching(collection).get(move.path, ()))
        return None if new.dirty and (affected or _differ_for_rules(old, new)) else affected

    def _watching(self, collection: Collection) -> Mapping[Path, frozenset[str]]:
        if collection is Collection.MODULES:
            return self._view.rulebook.watched_of_modules
        return self._view.rulebook.watched


def back_off(attempts: int) -> Millis:
    """The pause after so many failures, one after another."""
    return min(RETRY << min(attempts - 1, 20), MAX_RETRY)


def _is_new_to_rules(old: Device | None, new: Device) -> bool:
    """Whether every condition must be asked: some hold without naming any path that moved."""
    return (
        old is None
        or old.identity.iot_edge != new.identity.iot_edge
        or old.retired_at != new.retired_at
        or (old.modules is not new.modules and old.modules.keys() != new.modules.keys())
    )


def _differ_for_rules(old: Device | None, new: Device) -> bool:
    """Whether what could not be done before may be possible now: another desired to write to."""
    return old is None or old.twin.desired is not new.twin.desired or old.modules is not new.modules
