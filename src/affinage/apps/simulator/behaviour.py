"""How a simulated device behaves: an event and a moment in, a new device and commands out.

Everything that a device does of its own accord is decided here; what its firmware slots hold is
decided in `firmware.py`. No clock, no connection, no chance: the moment is given, the commands are
carried out by `fleet.py`, and the faults were drawn before. A dead device answers nothing, and an
event that a device cannot meet, such as a patch while it has no connection, changes nothing.

A device works towards the newest desired properties that it knows, from whatever state it is in:
what matters is what they are, not how they came to be.

Source: FIRMWARE-1 to FIRMWARE-20.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from affinage.apps.simulator import firmware
from affinage.apps.simulator.device import Device, Hold, reported
from affinage.apps.simulator.faults import Kind
from affinage.apps.simulator.firmware import Status, Steps, Wish
from affinage.apps.simulator.signals import (
    Command,
    Connected,
    ConnectionLost,
    DesiredPatched,
    Disconnect,
    Event,
    OperatorHolds,
    OperatorReleases,
    PowerBack,
    PowerOff,
    Report,
    SetTimer,
    TimerDue,
)
from affinage.domain.moments import iso, millis
from affinage.domain.values import JsonObject, difference, is_object, merge

RESUMED: Final = "Resumed downloading"
INSECURE: Final = "Insecure package URI"
UNVERIFIED: Final = "Verification failed on hardware revision"
POWER_LOST: Final = "Power was lost while applying"
HELD: Final = "Held by"


def step(device: Device, event: Event, now: datetime) -> tuple[Device, tuple[Command, ...]]:
    """Take one event at the moment ``now``.

    Returns:
        The device after it, and what must now be done, in order.
    """
    if device.is_dead:
        return device, ()
    turn = _Turn(device, now)
    turn.take(event)
    return turn.device, tuple(turn.commands)


class _Turn:
    """One step in the making: the device so far, and the commands so far."""

    def __init__(self, device: Device, now: datetime) -> None:
        self.device = device
        self.now = now
        self.commands: list[Command] = []

    def take(self, event: Event) -> None:
        match event:
            case Connected():
                self._connected(event)
            case DesiredPatched(patch, version):
                self._patched(patch, version)
            case TimerDue():
                self._timer_due()
            case PowerBack():
                self._power_back()
            case ConnectionLost():
                self._offline()
            case OperatorHolds(by, until):
                self.device = replace(self.device, hold=Hold(by, until))
                self._settle()
            case OperatorReleases():
                self._release()

    # What happens to it

    def _connected(self, event: Connected) -> None:
        if self.device.boots_on is not None:
            return
        if not self.device.version:
            self._recall(event)
        self.device = replace(
            self.device, is_online=True, desired=event.desired, version=event.version
        )
        self._catch_up(event.reported)
        if self.device.has_booted:
            self._confirm_boot()
        elif self.device.left_s is not None:
            self._resume()
        self._settle()

    def _recall(self, event: Connected) -> None:
        """Take up where the device was before its simulator was started anew."""
        held = firmware.recalled(event.reported.get("firmware"), self.device.firmware)
        self.device = replace(self.device, firmware=held)
        section = event.desired.get("firmware")
        wish = firmware.wish_of(section)
        if held.status is Status.ROLLED_BACK and wish and wish.version == held.pending:
            assert is_object(section)  # a wish was read from it
            self.device = replace(self.device, installing=section, has_failed=True)

    def _catch_up(self, told: JsonObject) -> None:
        """Report what the hub lacks: all of it to a new twin, mostly nothing to an old one."""
        own = reported(self.device)
        self._report(difference({name: told[name] for name in own if name in told}, own))

    def _patched(self, patch: JsonObject, version: int) -> None:
        if not self.device.is_online or version <= self.device.version:
            return
        before = reported(self.device)
        desired = merge(self.device.desired, patch)
        assert is_object(desired)  # a merge with an object is an object
        self.device = replace(self.device, desired=desired, version=version)
        self._acknowledge(difference(before, reported(self.device)))
        self._settle()

    def _acknowledge(self, changes: JsonObject) -> None:
        """Report the sections that were taken over, each with its status."""
        for name, change in changes.items():
            assert is_object(change)  # what is acknowledged is a section
            self._report({name: {**change, "status": "current"}})

    def _power_back(self) -> None:
        if (slot := self.device.boots_on) is None:
            return
        started = firmware.start_from(self.device.firmware, slot)
        self.device = replace(self.device, firmware=started, boots_on=None, has_booted=True)

    def _offline(self) -> None:
        """No connection: a download waits, all other work goes on."""
        if not self.device.is_online:
            return
        self.device = replace(self.device, is_online=False)
        if self.device.firmware.status is Status.DOWNLOADING and self.device.due is not None:
            left_s = max(0.0, (self.device.due - self.now).total_seconds())
            self.device = replace(self.device, due=None, left_s=left_s)

    def _release(self) -> None:
        self.device = replace(self.device, hold=None)
        self._settle()

    def _timer_due(self) -> None:
        if self.device.due is None:
            return
        if self.now < self.device.due:
            self._set_timer(self.device.due)
            return
        self.device = replace(self.device, due=None)
        match self.device.firmware.status:
            case Status.DOWNLOADING:
                self._end_download()
            case Status.VERIFYING:
                self._end_verifying()
            case Status.APPLYING:
                self._end_applying()
            case Status.ERROR:
                self._say(firmware.finish(self.device.firmware, self.now))
                self._settle()
            case status:
                assert status in firmware.AT_REST, "a device without power has no timer"
                self._release()

    # What it works on

    def _settle(self) -> None:
        """Compare what is wished for with what is held, and take up the difference.

        Without a connection there is nothing to compare with; the next one brings it.
        """
        if not self.device.is_online:
            return
        section = self.device.desired.get("firmware")
        wish = firmware.wish_of(section)
        now = self.device.firmware
        if now.status in firmware.CAN_DROP and (wish is None or wish.version != now.pending):
            self._rest()
        if self.device.firmware.status not in firmware.AT_REST:
            return
        if wish is None or wish.version == self.device.firmware.confirmed:
            self._rest_or_hold()
        elif not (self.device.has_failed and section == self.device.installing):
            assert is_object(section)  # a wish was read from it
            self._take_up(wish, section)

    def _rest_or_hold(self) -> None:
        """Nothing to install: be current, and say so if somebody has the machine."""
        if self._is_held():
            self._say_held()
        else:
            self._rest()

    def _rest(self) -> None:
        now = self.device.firmware
        self.device = replace(self.device, due=None, left_s=None, has_failed=False)
        if now.status is not Status.CURRENT:
            self._say(firmware.drop(now))
        elif now.substatus:
            self._say((replace(now, substatus=""),))

    def _take_up(self, wish: Wish, section: JsonObject) -> None:
        self.device = replace(self.device, installing=section, has_failed=False)
        if not wish.is_secure:
            self._fail(INSECURE, wish.version)
            return
        if not self._is_held() and self._strikes_now(Kind.OPERATOR, wish.version):
            until = self.now + timedelta(seconds=self.device.timings.held)
            self.device = replace(self.device, hold=Hold("an operator at the machine", until))
        if self._is_held():
            self._say_held()
            return
        self._say(firmware.begin(self.device.firmware, wish.version, self.now))
        self._work(self.device.timings.downloading, Kind.CONNECTION)

    def _work(self, seconds: float, *mishaps: Kind) -> None:
        """Set the end of what was just started; half of it, if a mishap waits there."""
        version = self.device.firmware.pending
        cut = any(self._awaits(mishap, version) for mishap in mishaps)
        self._due_in(seconds / 2 if cut else seconds)

    def _end_download(self) -> None:
        version = self.device.firmware.pending
        if self._strikes_now(Kind.CONNECTION, version):
            self.device = replace(
                self.device, is_online=False, left_s=self.device.timings.downloading / 2
            )
            self.commands.append(Disconnect(self.device.timings.away))
            return
        done, started = firmware.finish(self.device.firmware, self.now)
        if self.device.faults.strike(Kind.SILENCE, version):
            self._say((done,))
            self.device = replace(self.device, is_online=False, is_dead=True)
            self.commands.append(Disconnect(None))
            return
        self._say((done, started))
        self._due_in(self.device.timings.verifying)

    def _end_verifying(self) -> None:
        if self.device.faults.strike(Kind.HARDWARE, self.device.firmware.pending):
            words = f"{UNVERIFIED} {self.device.profile.revision}"
            self._fail(words, self.device.firmware.pending)
            return
        self._say(firmware.finish(self.device.firmware, self.now))
        self._work(self.device.timings.applying, Kind.POWER_OLD_SLOT, Kind.POWER_NEW_SLOT)

    def _end_applying(self) -> None:
        now = self.device.firmware
        if self._strikes_now(Kind.POWER_OLD_SLOT, now.pending):
            self._power_off(self.device.timings.dark, now.active)
        elif self._strikes_now(Kind.POWER_NEW_SLOT, now.pending):
            self.device = replace(self.device, firmware=firmware.complete_image(now))
            self._power_off(self.device.timings.dark, now.other)
        else:
            self._say(firmware.finish(now, self.now))
            self._power_off(self.device.timings.rebooting, now.other)

    def _power_off(self, seconds: float, back_on: int) -> None:
        self.device = replace(self.device, is_online=False, boots_on=back_on)
        self.commands.append(PowerOff(seconds, back_on))

    def _confirm_boot(self) -> None:
        """Connected again after a start: that is the proof that the active slot works."""
        self.device = replace(self.device, has_booted=False)
        now = self.device.firmware
        if now.slots[now.active] != now.pending:
            self._fail(POWER_LOST, now.pending)
            return
        self._say(firmware.confirm(now, self.now))

    def _resume(self) -> None:
        assert self.device.left_s is not None  # only a download that waits is resumed
        left_s = self.device.left_s
        self.device = replace(self.device, left_s=None)
        self._say((replace(self.device.firmware, substatus=RESUMED),))
        self._due_in(left_s)

    def _fail(self, reason: str, version: str) -> None:
        self.device = replace(self.device, has_failed=True)
        self._say(firmware.fail(self.device.firmware, version, reason))
        self._due_in(self.device.timings.pause)

    # Whether it may

    def _is_held(self) -> bool:
        return self.device.hold is not None and self.now < self.device.hold.until

    def _say_held(self) -> None:
        hold = self.device.hold
        assert hold is not None  # asked before
        words = f"{HELD} {hold.by} until {iso(millis(hold.until))}"
        self._say((replace(self.device.firmware, substatus=words),))
        self._set_due(hold.until)

    def _awaits(self, kind: Kind, version: str) -> bool:
        return (kind, version) not in self.device.struck and self.device.faults.strike(
            kind, version
        )

    def _strikes_now(self, kind: Kind, version: str) -> bool:
        """Whether the risk strikes; it has struck then, and does not a second time."""
        if not self._awaits(kind, version):
            return False
        self.device = replace(self.device, struck=self.device.struck | {(kind, version)})
        return True

    # What it says and sets

    def _say(self, steps: Steps) -> None:
        """Go through ``steps``, and report each: its status always, its other fields if new."""
        for after in steps:
            before, told = firmware.told(self.device.firmware), firmware.told(after)
            self.device = replace(self.device, firmware=after)
            always = {"fwUpdateStatus", "fwUpdateSubstatus"}
            patch = {key: told[key] for key in told if key in always or told[key] != before[key]}
            if told != before:
                self._report({"firmware": patch})

    def _report(self, patch: JsonObject) -> None:
        if patch and self.device.is_online:
            self.commands.append(Report(patch))

    def _due_in(self, seconds: float) -> None:
        self._set_due(self.now + timedelta(seconds=seconds))

    def _set_due(self, moment: datetime) -> None:
        self.device = replace(self.device, due=moment)
        self._set_timer(moment)

    def _set_timer(self, moment: datetime) -> None:
        self.commands.append(SetTimer((moment - self.now).total_seconds()))
