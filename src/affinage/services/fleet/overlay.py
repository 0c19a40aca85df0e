"""What the units of one commit change, beside what the fleet remembers; None is deleted."""

from dataclasses import dataclass, field
from typing import NamedTuple

from affinage.domain.audit import Deed
from affinage.domain.configuration import Configuration
from affinage.domain.device import Device, Presence
from affinage.domain.groups import Group
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.twin import DesiredChanged
from affinage.ports.store import Row
from affinage.services.fleet import codec
from affinage.services.fleet.watched import Move


class Carry(NamedTuple):
    """A device has begun or ceased to carry a configuration."""

    number: int
    configuration: str
    is_carried: bool


@dataclass(slots=True)
class Overlay:
    """What the units so far have changed."""

    begun: int = 0
    """`Memory.begun` when the moves were computed: paths watched later are not among them."""
    bodies: dict[str, bytes] = field(default_factory=dict)
    """What each changed device that is not deleted will be. As bytes, from the unit that changed it
    on: a few hundred decoded devices would not stay in the processor's cache until the commit."""
    devices: dict[str, Device | None] = field(default_factory=dict)
    """Of the changed devices those of which more is remembered than their bytes and what they
    carry."""
    before: dict[str, Device | None] = field(default_factory=dict)
    """What each of `devices` was at the last commit, but for what `carried` made of it since."""
    carried: list[Carry] = field(default_factory=list)
    """Of the changed devices that are not, or not yet, in `devices`; in their order."""
    groups: dict[str, Group | None] = field(default_factory=dict)
    configurations: dict[str, Configuration | None] = field(default_factory=dict)
    presences: dict[TwinKey, Presence | None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    events: list[DesiredChanged] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    """With their digests, in the order of the units."""
    moves: list[tuple[Collection, Move]] = field(default_factory=list)

    def put(self, device_id: str, old: Device | None, new: Device | None) -> None:
        """Write one device; ``old`` is what it was before, in the unit that changes it."""
        if new is None:
            self.bodies.pop(device_id, None)
        else:
            self.bodies[device_id] = codec.encode(new)
        if device_id in self.devices or not (old and new and _differ_in_little(old, new)):
            self.before.setdefault(device_id, old)
            self.devices[device_id] = new
        elif old.carried is not new.carried:
            self.carried += _carries(old, new)


def _differ_in_little(old: Device, new: Device) -> bool:
    """As nearly every write has it: a device reports, is tagged, or is swept."""
    return (
        old.number == new.number
        and old.identity is new.identity
        and old.modules is new.modules
        and old.dirty is new.dirty is None
        and old.drifted_at == new.drifted_at
        and old.flips == new.flips
        and old.retired_at == new.retired_at
    )


def _carries(old: Device, new: Device) -> list[Carry]:
    ceased = [Carry(new.number, name, False) for name in old.carried if name not in new.carried]
    return ceased + [
        Carry(new.number, name, True) for name in new.carried if name not in old.carried
    ]
