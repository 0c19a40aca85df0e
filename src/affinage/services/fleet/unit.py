"""What one unit of work reads and writes: `decide(view) -> Change`, synchronous and pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from affinage.domain.audit import Deed
from affinage.domain.configuration import Configuration
from affinage.domain.device import Device, Presence
from affinage.domain.groups import Group
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.row import TwinRow
from affinage.domain.rulebook import Rulebook
from affinage.domain.twin import DesiredChanged
from affinage.ports.store import Row, Table

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Readable(Protocol):
    """Whatever knows devices and who is connected: the fleet, and what a unit sees of it."""

    def device(self, device_id: str) -> Device:
        """The device, or DeviceNotFound."""
        ...

    def find(self, device_id: str) -> Device | None: ...

    def presence(self, key: TwinKey) -> Presence: ...


class View(Readable, Protocol):
    """The fleet as it is after every unit before this one."""

    @property
    def rulebook(self) -> Rulebook: ...

    @property
    def at(self) -> Millis:
        """When the units of this commit are run."""
        ...

    def configuration(self, configuration_id: str) -> Configuration | None:
        """Also one that was deleted and is still being swept away: a tombstone."""
        ...

    @property
    def device_count(self) -> int: ...

    def written(self, table: Table) -> Iterator[Row]:
        """Rows of a table that units before this one wrote in this commit, in their order."""
        ...


Sweep: TypeAlias = Mapping[str, str | None]
"""Device id to the configuration whose condition it is asked again; None is every one."""


class Change(Struct, Generic[Result_co], frozen=True):
    """What a unit decided. Whatever it names is written; None deletes."""

    answer: Callable[[View], Result_co]
    """Its caller's answer, asked for when the unit has been written and reconciled."""
    devices: Mapping[str, Device | None] = {}
    events: tuple[DesiredChanged, ...] = ()
    groups: Mapping[str, Group | None] = {}
    """What names one of them is in ``configurations``, too: changed with it, and swept."""
    configurations: Mapping[str, Configuration | None] = {}
    presence: Mapping[TwinKey, Presence | None] = {}
    rows: tuple[Row, ...] = ()
    deeds: tuple[Deed, ...] = ()
    """What the audit log says of it; nothing of what devices report and the hub itself does."""
    sweep: Sweep = {}
    """Devices to reconcile though nothing may have changed in them."""


Decide: TypeAlias = Callable[[View], Change[Result]]


def row_of(fleet: Readable, key: TwinKey) -> TwinRow:
    """One twin with all that a document of it shows; DeviceNotFound, ModuleNotFound."""
    device = fleet.device(key.device)
    module = None if key.module is None else device.module(key.module)
    return TwinRow(device, fleet.presence(key), module)
