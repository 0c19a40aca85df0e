"""What the units of one commit change, beside what the fleet remembers; None is deleted."""

from dataclasses import dataclass, field

from affinage.domain.configuration import Configuration
from affinage.domain.device import Device, Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.twin import DesiredChanged
from affinage.ports.store import Row
from affinage.services.fleet import codec
from affinage.services.fleet.watched import Move


@dataclass(slots=True)
class Overlay:
    """What the units so far have changed."""

    begun: int = 0
    """`Memory.begun` when the moves were computed: paths watched later are not among them."""
    bodies: dict[str, bytes] = field(default_factory=dict)
    """What each changed device that is not deleted will be. As bytes, from the unit that changed it
    on: a few hundred decoded devices would not stay in the processor's cache until the commit."""
    devices: dict[str, Device | None] = field(default_factory=dict)
    """Of the changed devices those of which more is remembered otherwise than their bytes."""
    before: dict[str, Device | None] = field(default_factory=dict)
    """What each of `devices` was at the last commit."""
    configurations: dict[str, Configuration | None] = field(default_factory=dict)
    presences: dict[TwinKey, Presence | None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    events: list[DesiredChanged] = field(default_factory=list)
    moves: list[tuple[Collection, Move]] = field(default_factory=list)

    def put(self, device_id: str, old: Device | None, new: Device | None) -> None:
        """Write one device; ``old`` is what it was before, in the unit that changes it."""
        if new is None:
            self.bodies.pop(device_id, None)
        else:
            self.bodies[device_id] = codec.encode(new)
        if device_id in self.devices or not (old and new and _differ_in_body_only(old, new)):
            self.before.setdefault(device_id, old)
            self.devices[device_id] = new


def _differ_in_body_only(old: Device, new: Device) -> bool:
    """As nearly every write has it: nothing else that is remembered of the device is another."""
    return (
        old.number == new.number
        and old.identity is new.identity
        and old.modules is new.modules
        and old.carried is new.carried
        and old.dirty is new.dirty is None
        and old.drifted_at == new.drifted_at
        and old.flips is new.flips
    )
