"""What the units of one commit change, beside what the fleet remembers; None is deleted."""

from dataclasses import dataclass, field

from affinage.domain.configuration import Configuration
from affinage.domain.device import Device, Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.twin import DesiredChanged
from affinage.ports.store import Row
from affinage.services.fleet.watched import Move


@dataclass(slots=True)
class Overlay:
    """What the units so far have changed."""

    begun: int = 0
    """`Memory.begun` when the moves were computed: paths watched later are not among them."""
    before: dict[str, Device | None] = field(default_factory=dict)
    """What each changed device was at the last commit."""
    devices: dict[str, Device | None] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    """What each device that is not deleted will be, as bytes; filled by `Batch.rows`."""
    configurations: dict[str, Configuration | None] = field(default_factory=dict)
    presences: dict[TwinKey, Presence | None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    events: list[DesiredChanged] = field(default_factory=list)
    moves: list[tuple[Collection, Move]] = field(default_factory=list)
