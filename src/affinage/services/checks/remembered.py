"""Whether ids, bitmaps, carriers and the pending are remembered as every device's row has them."""

from collections.abc import Sequence
from typing import Final

from affinage.ports.clock import Clock
from affinage.services.checks.finding import Finding, Pace, Progress, Severity, some
from affinage.services.fleet.fleet import Fleet

CHECK: Final = "memory"

_NEXT: Final = (
    "restart the hub, which remembers anew from its store; keep its log and report this, it is a"
    " fault"
)


class Remembered:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock

    async def check(self, progress: Progress) -> Sequence[Finding]:
        """Look at every device beside what is remembered of it."""
        pace, wrong = Pace(self._clock), list[str]()
        numbers = self._fleet.highest_number
        progress.total += numbers
        for number in range(1, numbers + 1):
            wrong += self._fleet.faults(number)
            progress.done += 1
            await pace.breathe()
        if wrong:
            what = f"{len(wrong)} things are remembered otherwise than devices have them"
            return [Finding(CHECK, Severity.PROBLEM, what, _NEXT, some(wrong))]
        what = "what is remembered beside the devices agrees with every one of them"
        return [Finding(CHECK, Severity.OK, what)]
