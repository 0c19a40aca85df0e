"""One simulated device: what it is, what it knows, what it is doing, and what it tells of itself.

Nothing here changes a device: `behaviour.py` does, and `firmware.py` for what its slots hold.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from affinage.apps.simulator.faults import NO_FAULTS, Faults, Kind
from affinage.apps.simulator.firmware import Firmware, factory_new, told
from affinage.apps.simulator.profile import Profile, Timings, identification
from affinage.domain.values import JsonObject, is_object

ACKNOWLEDGED: Final = ("software", "network")
"""Sections whose desired values are taken over at once, without touching the firmware."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody at the machine holds updates off: who, and until when at the latest."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """One simulated device, from its first start on."""

    profile: Profile
    timings: Timings
    faults: Faults
    firmware: Firmware
    desired: JsonObject = field(default_factory=dict)
    version: int = 0
    """Of the desired properties that it knows; 0 before it has ever been connected."""
    is_online: bool = False
    is_dead: bool = False
    boots_on: int | None = None
    """The slot that it will start from; None while it has power."""
    has_booted: bool = False
    """It has power again, and has not yet told the hub so."""
    due: datetime | None = None
    """When the work in hand ends, if nothing happens before."""
    left_s: float | None = None
    """Seconds of a download that are left, while there is no connection."""
    hold: Hold | None = None
    installing: JsonObject = field(default_factory=dict)
    """The desired section that the running update, or the last one, set out from."""
    has_failed: bool = False
    """The update that ``installing`` asked for came to nothing, and is not tried again."""
    struck: frozenset[tuple[Kind, str]] = frozenset()
    """Risks that have struck once, and the version that was being installed."""


def new_device(
    profile: Profile, *, timings: Timings | None = None, faults: Faults = NO_FAULTS
) -> Device:
    """A device as it leaves the factory."""
    return Device(
        profile=profile,
        timings=timings or Timings(),
        faults=faults,
        firmware=factory_new(profile.firmware),
    )


def reported(device: Device) -> JsonObject:
    """All that a device tells of itself.

    Source: FIRMWARE-2.
    """
    return {
        **identification(device.profile),
        "firmware": told(device.firmware),
        **{name: _acknowledged(device.desired, name) for name in ACKNOWLEDGED},
    }


def _acknowledged(desired: JsonObject, name: str) -> JsonObject:
    section = desired.get(name)
    return {**(section if is_object(section) else {}), "status": "current"}
