"""How long authorities vouch: with one that ends, all devices that come in by it stay away."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from affinage.ports.clock import Clock
from affinage.services.authorities import Authorities
from affinage.services.checks.finding import Finding, Progress, Severity

CHECK: Final = "authority"

ENDS_SOON: Final = timedelta(days=90)
"""A fleet takes longer to be given other certificates than a server does."""

_REPLACE: Final = (
    "bring and prove the next authority (`affinage certificate create`), and have it sign the"
    " devices' certificates before then"
)


class Vouching:
    def __init__(self, authorities: Authorities, clock: Clock) -> None:
        self._authorities, self._clock = authorities, clock

    async def check(self, _: Progress) -> Sequence[Finding]:
        """A finding for each verified authority. Source: AUTHORITY-10."""
        now = self._clock.now()
        return [
            _finding(name, f"{ends_at:%Y-%m-%d}", ends_at - now)
            for name, ends_at in self._authorities.endings()
        ]


def _finding(name: str, day: str, left: timedelta) -> Finding:
    if left <= timedelta(0):
        what = f"{name} ended on {day}: no device comes in by it"
        return Finding(CHECK, Severity.PROBLEM, what, _REPLACE)
    if left < ENDS_SOON:
        return Finding(CHECK, Severity.WARNING, f"{name} ends on {day}", _REPLACE)
    return Finding(CHECK, Severity.OK, f"{name} ends on {day}")
