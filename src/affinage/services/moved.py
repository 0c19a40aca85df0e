"""Which questions a commit has made out of date: by the paths that moved, and the rows that came.

Decided here: when an answer may be another than it was. Never too rarely; too often where the
fleet does not follow a path, since then any change may have moved it.
"""

from dataclasses import dataclass, field
from typing import Self

from affinage.domain.device import Device
from affinage.domain.query.syntax import Collection, Path, Query, paths
from affinage.ports.store import Table
from affinage.services.fleet.fleet import Fleet, Overlay


@dataclass(frozen=True, slots=True)
class Reads:
    """What an answer depends on."""

    collection: Collection
    paths: frozenset[Path]
    since: int | None
    """Moves at all of the paths are told since so many were watched; None if they are not."""

    @classmethod
    def of(cls, query: Query, fleet: Fleet) -> Self:
        """What the number of a query's rows depends on, as the fleet follows it now."""
        condition = paths(query.condition) if query.condition else frozenset[Path]()
        named = condition | {*query.group_by}
        is_followed = query.collection is not Collection.JOBS and fleet.follows(
            query.collection, named
        )
        return cls(query.collection, named, fleet.begun if is_followed else None)


@dataclass(slots=True)
class Moved:
    """What commits have moved, since this was made."""

    paths: set[tuple[Collection, Path]] = field(default_factory=set)
    members: set[Collection] = field(default_factory=set)
    """Where rows came or went."""
    begun: int | None = None
    """How many paths were watched when the first of those commits was decided; None if none was."""

    def __bool__(self) -> bool:
        return self.begun is not None

    def add(self, overlay: Overlay) -> None:
        """Take in one commit; one that changed neither a row nor a group is none."""
        if not (
            overlay.bodies
            or overlay.devices
            or overlay.presences
            or overlay.groups
            or _moves_jobs(overlay)
        ):
            return
        self.begun = overlay.begun if self.begun is None else min(self.begun, overlay.begun)
        if overlay.groups:  # what names them means something else: as if every row were another
            self.members |= {Collection.DEVICES, Collection.MODULES}
        self.paths.update([(collection, move.path) for collection, move in overlay.moves])
        for device_id, new in overlay.devices.items():
            self._compare(overlay.before[device_id], new)

    def concerns(self, reads: Reads) -> bool:
        """Whether an answer from before these commits may be another after them."""
        if self.begun is None:
            return False
        if reads.since is None or self.begun < reads.since or reads.collection in self.members:
            return True
        return any((reads.collection, path) in self.paths for path in reads.paths)

    def _compare(self, old: Device | None, new: Device | None) -> None:
        if old is None or new is None or _is_another_row(old, new):
            self.members |= {Collection.DEVICES, Collection.MODULES}
        elif old.modules is not new.modules and _numbers(old) != _numbers(new):
            self.members.add(Collection.MODULES)


def _is_another_row(old: Device, new: Device) -> bool:
    """Made again, or no row any more, or one again: retired devices are none (REPLACE-2)."""
    return old.number != new.number or old.retired_at != new.retired_at


def _moves_jobs(overlay: Overlay) -> bool:
    return any(row.table in (Table.JOBS, Table.OUTCOMES) for row in overlay.rows)


def _numbers(device: Device) -> set[int]:
    """Of its modules: one that was deleted and made again is another row."""
    return {module.number for module in device.modules.values()}
