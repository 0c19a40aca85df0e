"""What the hub stands on: room on the disk, descriptors, certificates, the store's journal."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from affinage.domain.errors import Invalid
from affinage.ports.clock import Clock
from affinage.ports.machine import Machine, Room
from affinage.ports.store import StoreFigures
from affinage.services.checks.finding import Finding, Progress, Severity

SCARCE: Final = 0.1
"""The free part of the disk or of the descriptors below which there is a warning."""

NEARLY_NONE: Final = 0.02
"""Below which it is a problem."""

EXPIRES_SOON: Final = timedelta(days=30)

_MAKE_ROOM: Final = "make room: without any the hub refuses every write"
_RAISE: Final = "raise the limit on open files (`ulimit -n`, LimitNOFILE of a service)"
_LOOK: Final = "look at the disk and at the hub's log: until it can, the journal grows"
_RENEW: Final = (
    "replace the files if they are yours: the hub takes them as it runs; it renews its own, but"
    " its authority only when it starts"
)


class Ground:
    def __init__(self, machine: Machine, figures: Callable[[], StoreFigures], clock: Clock) -> None:
        self._machine, self._figures, self._clock = machine, figures, clock

    async def check(self, _: Progress) -> Sequence[Finding]:
        """Look at the machine."""
        disk, descriptors = self._machine.disk(), self._machine.descriptors()
        free, total = (number // 2**20 for number in disk)
        space = f"{free} of {total} MiB are free where the data folder is"
        openings = f"{descriptors.free} of {descriptors.total} descriptors are free"
        return [
            _finding("disk", _scarcity(disk), space, _MAKE_ROOM),
            _finding("descriptors", _scarcity(descriptors), openings, _RAISE),
            self._journal(),
            *self._certificates(),
        ]

    def _journal(self) -> Finding:
        figures = self._figures()
        severity = Severity.WARNING if figures.failed_folds else Severity.OK
        what = f"{figures.journal_rows} rows of the journal are not folded into their tables"
        failed = f"; folding failed {figures.failed_folds} times" if figures.failed_folds else ""
        return _finding("journal", severity, what + failed, _LOOK)

    def _certificates(self) -> list[Finding]:
        try:
            found = self._machine.certificates()
        except Invalid as error:
            return [Finding("certificate", Severity.PROBLEM, str(error), _RENEW)]
        now = self._clock.now()
        return [
            _finding(
                "certificate",
                _nearness(one.ends_at - now),
                f"{one.name} ends on {one.ends_at:%Y-%m-%d}",
                _RENEW,
            )
            for one in found
        ]


def _finding(check: str, severity: Severity, what: str, next_step: str) -> Finding:
    """With the next step only if there is something to do."""
    return Finding(check, severity, what, "" if severity is Severity.OK else next_step)


def _scarcity(room: Room) -> Severity:
    part = room.free / room.total
    if part < NEARLY_NONE:
        return Severity.PROBLEM
    return Severity.WARNING if part < SCARCE else Severity.OK


def _nearness(left: timedelta) -> Severity:
    if left <= timedelta(0):
        return Severity.PROBLEM
    return Severity.WARNING if left < EXPIRES_SOON else Severity.OK
