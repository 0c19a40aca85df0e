"""What an operator can see of each risk: one name for each way that a device can look.

Seen from outside, by what its twin says and whether it is connected: the same for a real device.
A device that is silent looks like one that lost its connection until its time is up.

Source: FIRMWARE-20.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from affinage.apps.simulator.behaviour import HELD, POWER_LOST, UNVERIFIED
from affinage.apps.simulator.firmware import Status
from affinage.domain.values import JsonValue


class Symptom(StrEnum):
    UP_TO_DATE = "up to date"
    UPDATING = "updating"
    INCOMPATIBLE = "incompatible"
    """Its hardware refused the firmware; the old version is back, or about to be."""
    CUT_OFF = "cut off"
    """Downloading or verifying, without a connection."""
    IN_THE_DARK = "in the dark"
    """Writing its image, without a connection: perhaps without power."""
    POWER_CUT = "power cut"
    """Power was lost while writing; the old version is back, or about to be."""
    HELD = "held"
    SILENT = "silent"
    FAILED = "failed"
    """For another reason, which its substatus gives."""


_REASONS: Final = ((UNVERIFIED, Symptom.INCOMPATIBLE), (POWER_LOST, Symptom.POWER_CUT))
_BY_STATUS: Final = {
    Status.CURRENT: Symptom.UP_TO_DATE,
    Status.ERROR: Symptom.FAILED,
    Status.ROLLED_BACK: Symptom.FAILED,
}
_UNCONNECTED: Final = {
    Status.DOWNLOADING: Symptom.CUT_OFF,
    Status.VERIFYING: Symptom.CUT_OFF,
    Status.APPLYING: Symptom.IN_THE_DARK,
}


def symptom_of(
    firmware: Mapping[str, JsonValue], *, is_connected: bool, is_overdue: bool = False
) -> Symptom:
    """Name what is seen of a device.

    Args:
        firmware: its reported firmware section, as it reported it.
        is_connected: whether the hub holds a connection of it.
        is_overdue: whether the update should have ended by now.
    """
    status = Status(str(firmware["fwUpdateStatus"]))
    substatus = str(firmware["fwUpdateSubstatus"])
    if substatus.startswith(HELD):
        return Symptom.HELD
    if status in _BY_STATUS:
        return next((seen for words, seen in _REASONS if words in substatus), _BY_STATUS[status])
    if is_overdue:
        return Symptom.SILENT
    return Symptom.UPDATING if is_connected else _UNCONNECTED.get(status, Symptom.UPDATING)
