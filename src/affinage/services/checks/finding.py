"""What a check finds: how bad it is, what, and the next step; and how it lets others go on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct

from affinage.ports.clock import Clock

WORK_S: Final = 0.005
"""How long a check works before others get their turn, for as long again."""

MAX_DETAILS: Final = 10
"""Devices or counts that are named in one finding."""


class Severity(StrEnum):
    """The later, the worse."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"

    @property
    def rank(self) -> int:
        return [*Severity].index(self)


class Finding(Struct, frozen=True):
    check: str
    severity: Severity
    what: str
    next_step: str = ""
    """Empty where there is nothing to do."""
    details: tuple[str, ...] = ()


def worst(findings: Sequence[Finding]) -> Severity:
    """OK if there are none."""
    return max((one.severity for one in findings), key=lambda one: one.rank, default=Severity.OK)


def some(details: Sequence[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    left = len(details) - MAX_DETAILS
    return (*details[:MAX_DETAILS], *((f"and {left} more",) if left > 0 else ()))


@dataclass(slots=True)
class Progress:
    """How far an examination is, in twins looked at."""

    done: int = 0
    total: int = 0


class Pace:
    """Works half of the time at most."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._since = clock, clock.monotonic()

    async def breathe(self) -> None:
        """Wait if it is others' turn; call it often."""
        worked = self._clock.monotonic() - self._since
        if worked >= WORK_S:
            await self._clock.sleep(worked)
            self._since = self._clock.monotonic()


Check: TypeAlias = Callable[[Progress], Awaitable[Sequence[Finding]]]
