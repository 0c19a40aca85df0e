"""What the configurations in force make of a device that a unit has changed.

It is asked which of its paths moved, and only the configurations that watch those; then what they
wrote is asked again, to the end. What they raise never reaches the unit: the device is dirty.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace

from affinage.domain.device import Device, Dirty
from affinage.domain.edge import ModuleIdentities
from affinage.domain.moments import Millis
from affinage.domain.query.syntax import Collection, Path
from affinage.domain.reconcile import reconcile
from affinage.domain.twin import DesiredChanged
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.rows import Moves, Version, moves_between
from affinage.services.fleet.unit import Sweep, View

ROUNDS: Final = 4
"""How often reconciling is asked again because of what it wrote itself. RECONCILE-22."""

_NO_END: Final = (
    f"its configurations change what their conditions read, without end ({ROUNDS} times)"
)

_log = structlog.get_logger(__name__)


class Settled(NamedTuple):
    device: Device
    moves: Moves
    events: list[DesiredChanged]


class Settling:
    """Reconciles the devices of one commit's units."""

    def __init__(
        self, view: View, memory: Memory, identities: ModuleIdentities, at: Millis
    ) -> None:
        self._view, self._memory = view, memory
        self._identities, self._at = identities, at

    def settle(self, before: Version, new: Device, sweep: Sweep) -> Settled:
        """The device as its configurations want it, and what that moved on the way.

        Where they fail, or come to no end, the device is dirty and stays as it was last.

        Source: RECONCILE-22, RECONCILE-23.
        """
        device, was = new, before
        moves: Moves = []
        events: list[DesiredChanged] = []
        for _ in range(ROUNDS):
            now = Version(device, self._view.presence)
            step = moves_between(self._memory, was, now)
            moves += step
            affected = self._affected(was.device, device, step, sweep)
            if affected is not None and not affected:
                return Settled(device, moves, events)
            try:
                settled, told = self._reconciled(device, affected)
            except Exception as error:  # noqa: BLE001  # the cause never fails because of it
                return Settled(self._dirtied(before.device, device, str(error)), moves, events)
            events += told
            if settled is device:
                return Settled(device, moves, events)
            device, was, sweep = self._memory.numbered(settled), now, {}
        moves += moves_between(self._memory, was, Version(device, self._view.presence))
        return Settled(self._dirtied(before.device, device, _NO_END), moves, events)

    def _reconciled(
        self, device: Device, affected: frozenset[str] | None
    ) -> tuple[Device, tuple[DesiredChanged, ...]]:
        return reconcile(
            replace(device, dirty=None) if device.dirty else device,
            self._view.rulebook,
            presence=self._view.presence,
            identities=self._identities,
            at=self._at,
            affected=affected,
        )

    def _dirtied(self, before: Device | None, device: Device, error: str) -> Device:
        _log.warning("not reconciled", device=device.id, error=error)
        attempts = before.dirty.attempts + 1 if before and before.dirty else 1
        return replace(device, dirty=Dirty(error, self._at, attempts))

    def _affected(
        self, old: Device | None, new: Device, moves: Moves, sweep: Sweep
    ) -> frozenset[str] | None:
        """The configurations whose conditions must be asked again; None is all of them."""
        asked = sweep.get(new.id, "")
        if asked is None or _is_new_to_rules(old, new):
            return None
        watching = (self._watching(collection).get(move.path, ()) for collection, move in moves)
        return frozenset({asked} if asked else ()).union(*watching)

    def _watching(self, collection: Collection) -> Mapping[Path, frozenset[str]]:
        if collection is Collection.MODULES:
            return self._view.rulebook.watched_of_modules
        return self._view.rulebook.watched


def _is_new_to_rules(old: Device | None, new: Device) -> bool:
    """Whether every condition must be asked: some hold without naming any path that moved."""
    return (
        old is None
        or new.dirty is not None
        or old.identity.iot_edge != new.identity.iot_edge
        or old.modules.keys() != new.modules.keys()
    )
