"""What a device holds in its two slots, and every move of an update between them.

Everything that can change a simulated device's firmware is in this file; every move of its
status is in TRANSITIONS, and one that is not there is a mistake of ours and fails an assertion.
Nothing here knows of connections, timers or faults: `behaviour.py` does.

An update is written to the slot that is not active, and becomes active by a start from it. A
version is told to the hub once a start from its slot has been confirmed, never before.

Source: FIRMWARE-5 to FIRMWARE-9.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from affinage.domain.moments import iso, millis
from affinage.domain.values import JsonObject, JsonValue, is_object

SECURE: Final = "https://"


class Status(StrEnum):
    CURRENT = "current"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    APPLYING = "applying"
    REBOOTING = "rebooting"
    ERROR = "error"
    ROLLED_BACK = "rolledback"


class Move(StrEnum):
    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    CONFIRM = "confirm"
    """The device has started from the new slot, whether or not it meant to."""
    DROP = "drop"
    """Forget the update: nothing has been written to a slot yet, or it was rolled back."""


TRANSITIONS: Final[dict[Status, dict[Move, Status]]] = {
    Status.CURRENT: {Move.BEGIN: Status.DOWNLOADING, Move.FAIL: Status.ERROR},
    Status.DOWNLOADING: {Move.FINISH: Status.VERIFYING, Move.DROP: Status.CURRENT},
    Status.VERIFYING: {
        Move.FINISH: Status.APPLYING,
        Move.FAIL: Status.ERROR,
        Move.DROP: Status.CURRENT,
    },
    Status.APPLYING: {
        Move.FINISH: Status.REBOOTING,
        Move.FAIL: Status.ERROR,
        Move.CONFIRM: Status.CURRENT,
    },
    Status.REBOOTING: {Move.CONFIRM: Status.CURRENT},
    Status.ERROR: {Move.FINISH: Status.ROLLED_BACK},
    Status.ROLLED_BACK: {
        Move.BEGIN: Status.DOWNLOADING,
        Move.FAIL: Status.ERROR,
        Move.DROP: Status.CURRENT,
    },
}

AT_REST: Final = frozenset({Status.CURRENT, Status.ROLLED_BACK})
"""Where a device takes up what it is asked for."""

CAN_DROP: Final = frozenset({Status.DOWNLOADING, Status.VERIFYING})
"""Where an update can still be given up for another; from the first byte written it is finished."""

_STARTED: Final = {
    Status.DOWNLOADING: "Start downloading",
    Status.VERIFYING: "Start verifying download",
    Status.APPLYING: "Start applying image",
    Status.REBOOTING: "Start reboot",
}
_FINISHED: Final = {
    Status.DOWNLOADING: "Finished downloading",
    Status.VERIFYING: "Finished verifying download",
    Status.APPLYING: "Finished applying image",
}
_RESTARTED: Final = "Finished reboot"


@dataclass(frozen=True, slots=True)
class Firmware:
    """Two slots, and what is told of them. An empty text is no version, or no moment."""

    slots: tuple[str, str]
    """The version in each; empty while it is written to."""
    confirmed: str
    """The version of the active slot when a start from it was last confirmed."""
    active: int = 0
    pending: str = ""
    status: Status = Status.CURRENT
    substatus: str = ""
    started: str = ""
    ended: str = ""

    @property
    def other(self) -> int:
        return 1 - self.active


Steps = tuple[Firmware, ...]
"""What follows, one after the other; each is told to the hub."""


class Wish(NamedTuple):
    """What the desired firmware section asks for."""

    version: str
    is_secure: bool


def wish_of(section: JsonValue) -> Wish | None:
    """Read a desired firmware section; None if it names no version.

    Source: FIRMWARE-3, FIRMWARE-4.
    """
    if not is_object(section):
        return None
    version, uri = section.get("fwVersion"), section.get("fwPackageURI")
    if not isinstance(version, str) or not version:
        return None
    return Wish(version, isinstance(uri, str) and uri.lower().startswith(SECURE))


def told(firmware: Firmware) -> JsonObject:
    """The six fields of the reported section."""
    return {
        "currentFwVersion": firmware.confirmed,
        "pendingFwVersion": firmware.pending,
        "fwUpdateStatus": str(firmware.status),
        "fwUpdateSubstatus": firmware.substatus,
        "lastFwUpdateStartTime": firmware.started,
        "lastFwUpdateEndTime": firmware.ended,
    }


def factory_new(version: str) -> Firmware:
    """Both slots hold ``version``, and nothing has been told yet."""
    return Firmware(slots=(version, version), confirmed=version)


def recalled(section: JsonValue, otherwise: Firmware) -> Firmware:
    """What a device held when it last told the hub; ``otherwise`` if it never has.

    The hub's twin stands for the flash of a device whose simulator was started anew: the version
    stays, an update that was under way has come to nothing, and a failure is remembered.

    Source: FIRMWARE-12.
    """
    if not is_object(section):
        return otherwise
    fields = {key: value for key, value in section.items() if isinstance(value, str) and value}
    if (version := fields.get("currentFwVersion")) is None:
        return otherwise
    failed = fields.get("fwUpdateStatus") in {Status.ERROR, Status.ROLLED_BACK}
    return Firmware(
        slots=(version, ""),
        confirmed=version,
        pending=fields.get("pendingFwVersion", "") if failed else "",
        status=Status.ROLLED_BACK if failed else Status.CURRENT,
        substatus=fields.get("fwUpdateSubstatus", "") if failed else "",
        started=fields.get("lastFwUpdateStartTime", ""),
        ended=fields.get("lastFwUpdateEndTime", ""),
    )


def begin(firmware: Firmware, version: str, now: datetime) -> Steps:
    """Take up an update to ``version``, and start to download it."""
    pending = replace(
        firmware, pending=version, status=Status.CURRENT, substatus="", started=_spell(now)
    )
    return pending, _start(pending, _after(firmware, Move.BEGIN))


def finish(firmware: Firmware, now: datetime) -> Steps:
    """End the part of the update that is under way, and start the next."""
    status = _after(firmware, Move.FINISH)
    if firmware.status is Status.ERROR:
        return (_rolled_back(firmware, now),)
    done = replace(firmware, substatus=_FINISHED[firmware.status])
    match status:
        case Status.APPLYING:
            return done, _start(_written(done, ""), status)
        case Status.REBOOTING:
            return done, _start(_written(done, done.pending), status)
        case _:
            return done, _start(done, status)


def confirm(firmware: Firmware, now: datetime) -> Steps:
    """The device has started from the slot with the new version, and its hub can hear it."""
    version = firmware.slots[firmware.active]
    assert version == firmware.pending, "only a start from the new slot is confirmed"
    restarted = replace(firmware, status=Status.REBOOTING, substatus=_RESTARTED)
    current = replace(
        restarted,
        confirmed=version,
        pending="",
        status=_after(firmware, Move.CONFIRM),
        substatus="",
        ended=_spell(now),
    )
    return restarted, current


def fail(firmware: Firmware, version: str, reason: str) -> Steps:
    """Give the update to ``version`` up; the active slot was not touched."""
    status = _after(firmware, Move.FAIL)
    return (replace(firmware, pending=version, status=status, substatus=reason),)


def drop(firmware: Firmware) -> Steps:
    """Forget the update, or the failure, and be current with what is held."""
    return (replace(firmware, status=_after(firmware, Move.DROP), substatus="", pending=""),)


def start_from(firmware: Firmware, slot: int) -> Firmware:
    """Power is back: whatever ``slot`` holds is active now, and not yet confirmed."""
    assert firmware.slots[slot], "a device does not start from a slot that is empty or half written"
    return replace(firmware, active=slot)


def complete_image(firmware: Firmware) -> Firmware:
    """The image is wholly written, though nobody was told."""
    return _written(firmware, firmware.pending)


def _after(firmware: Firmware, move: Move) -> Status:
    return TRANSITIONS[firmware.status][move]


def _start(firmware: Firmware, status: Status) -> Firmware:
    return replace(firmware, status=status, substatus=_STARTED[status])


def _written(firmware: Firmware, version: str) -> Firmware:
    slots = list(firmware.slots)
    slots[firmware.other] = version
    return replace(firmware, slots=(slots[0], slots[1]))


def _rolled_back(firmware: Firmware, now: datetime) -> Firmware:
    return replace(
        firmware,
        status=Status.ROLLED_BACK,
        substatus=f"Rolled back to: {firmware.confirmed} ({firmware.substatus})",
        ended=_spell(now),
    )


def _spell(now: datetime) -> str:
    return iso(millis(now))
