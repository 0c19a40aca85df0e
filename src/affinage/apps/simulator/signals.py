"""The words between a simulated device and the world: events go in, commands come out."""

from dataclasses import dataclass
from datetime import datetime

from affinage.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class Connected:
    """A new connection stands, and the whole twin was read over it."""

    desired: JsonObject
    reported: JsonObject
    version: int


@dataclass(frozen=True, slots=True)
class DesiredPatched:
    patch: JsonObject
    version: int


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The time of the newest SetTimer has come; an older or an early one does no harm."""


@dataclass(frozen=True, slots=True)
class TelemetryDue:
    """It is time for a message; the machine does not hear of it, for it changes nothing."""


@dataclass(frozen=True, slots=True)
class PowerBack:
    pass


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    pass


@dataclass(frozen=True, slots=True)
class OperatorHolds:
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class OperatorReleases:
    pass


Event = (
    Connected
    | DesiredPatched
    | TimerDue
    | PowerBack
    | ConnectionLost
    | OperatorHolds
    | OperatorReleases
)


@dataclass(frozen=True, slots=True)
class Report:
    """Merge ``patch`` into the reported properties; given only while there is a connection."""

    patch: JsonObject


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Say TimerDue after so many seconds; replaces an earlier timer."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Drop the connection, without a farewell; connect again after so long. None is never."""

    for_s: float | None


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Drop the connection; say PowerBack after so long, then connect again."""

    for_s: float
    back_on: int
    """The slot that the device starts from then, 0 or 1."""


Command = Report | SetTimer | Disconnect | PowerOff
