"""What a simulated device is: its make, its hardware, and how long its work takes.

Chosen from the seed and the device's id alone, so that a fleet is the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from affinage.apps.simulator.chance import draw, pick
from affinage.domain.values import JsonObject

FACTORY_VERSION: Final = "1.0.0"
"""The firmware that a new device holds in both of its slots."""

REVISIONS: Final = ("A", "B")
"""Hardware revisions of a fleet that is not told otherwise."""

_MODELS: Final = ("CC-100 chiller", "CC-200 chiller", "CH-10 humidifier")
_SERIALS: Final = 10**8


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that each part of an update takes, and that each mishap lasts."""

    downloading: float = 30
    verifying: float = 10
    applying: float = 30
    rebooting: float = 40
    pause: float = 5
    """Between an error and the report that the old version is back."""
    away: float = 20
    """Without a connection, after losing it."""
    dark: float = 20
    """Without power, after losing it."""
    held: float = 60
    """An operator at the machine takes this long."""
    retry: float = 1
    """Before the second attempt to connect; each further pause is longer."""

    @property
    def update(self) -> float:
        """Seconds from the wish to the report of the new version, if nothing goes wrong."""
        return self.downloading + self.verifying + self.applying + self.rebooting

    def scaled(self, factor: float) -> "Timings":
        """The same proportions, ``factor`` times as long."""
        return Timings(*(seconds * factor for seconds in astuple(self)))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a device reports of itself and no update changes, and what it left the factory with."""

    model: str
    serial: str
    revision: str
    firmware: str = FACTORY_VERSION
    manufacturer: str = "Affinage Refrigeration"
    operating_system: str = "Cave Linux 6.12"


def profile_of(
    device: str, seed: int, *, revisions: Sequence[str] = REVISIONS, firmware: str = FACTORY_VERSION
) -> Profile:
    """The profile of one device: always the same for one seed."""
    return Profile(
        model=pick(_MODELS, seed, device, "model"),
        serial=f"{int(draw(seed, device, 'serial') * _SERIALS):08}",
        revision=pick(revisions, seed, device, "revision"),
        firmware=firmware,
    )


def identification(profile: Profile) -> JsonObject:
    """The sections by which a device says what it is.

    Source: FIRMWARE-2.
    """
    return {
        "deviceInfo": {
            "manufacturer": profile.manufacturer,
            "model": profile.model,
            "serialNumber": profile.serial,
            "operatingSystem": profile.operating_system,
        },
        "hardware": {"revision": profile.revision},
    }
