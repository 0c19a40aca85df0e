"""What the hub itself knows that it has not done: who waits, for what, since when.

Nothing here is counted anew: it is told from what the hub keeps, in words for people.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from affinage.domain.moments import iso
from affinage.domain.query.syntax import Lookup, to_text
from affinage.services.checks.finding import MAX_DETAILS, Finding, Progress, Severity, some
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.pending import Reason
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Held, Tending


class _Kind(NamedTuple):
    """How a reason to be pending is told."""

    severity: Severity
    one: str
    """What is so of the devices, after their number."""
    none: str
    next_step: str
    told: Callable[[Held], str]


_KINDS: Final[Mapping[Reason, _Kind]] = {
    Reason.FAILED: _Kind(
        Severity.WARNING,
        "cannot be made what their configurations want, and are tried again",
        "no device is dirty",
        "change the twin or the configuration that the error names, or raise the limit",
        lambda held: (
            f"{held.device}: {held.error} (since {iso(held.since)},"
            f" tried {held.attempts} times, again at {iso(held.due)})"
        ),
    ),
    Reason.WAITING: _Kind(
        Severity.WARNING,
        "wait for a token of the budget",
        "no device waits for a token",
        "wait; if it lasts, raise the budget of the hub or of the site in the settings",
        lambda held: f"{held.device}: since {iso(held.since)}",
    ),
    Reason.FROZEN: _Kind(
        Severity.WARNING,
        "have a membership that flipped too often, and is frozen",
        "no membership is frozen",
        "let no condition read what its configuration makes the device change",
        lambda held: f"{held.device}: {', '.join(held.what)} until {iso(held.due)}",
    ),
    Reason.DRIFTED: _Kind(
        Severity.OK,
        "were written over by hand, and will be corrected",
        "nothing in force was written over",
        "",
        lambda held: f"{held.device}: since {iso(held.since)}, corrected at {iso(held.due)}",
    ),
    Reason.LEAVING: _Kind(
        Severity.OK,
        "have modules that leave",
        "no module leaves",
        "",
        lambda held: f"{held.device}: {', '.join(held.what)} at {iso(held.due)}",
    ),
}


class Standing:
    def __init__(self, fleet: Fleet, sweeps: Sweeps, tending: Tending) -> None:
        self._fleet, self._sweeps, self._tending = fleet, sweeps, tending

    async def check(self, _: Progress) -> Sequence[Finding]:
        """Devices that are pending, sweeps under way, paths without bitmaps."""
        return [*self._pending(), self._under_way(), self._without_bitmaps()]

    def _pending(self) -> Iterator[Finding]:
        for reason, kind in _KINDS.items():
            count = len(self._fleet.pending.numbers[reason])
            if not count:
                yield Finding(str(reason), Severity.OK, kind.none)
                continue
            listed = [kind.told(held) for held in self._tending.listed(reason, MAX_DETAILS)]
            left = count - len(listed)
            details = (*listed, *((f"and {left} more",) if left > 0 else ()))
            what = f"{count} devices {kind.one}"
            yield Finding(str(reason), kind.severity, what, kind.next_step, details)

    def _under_way(self) -> Finding:
        sweeps = self._sweeps.under_way()
        if not sweeps:
            return Finding("sweeps", Severity.OK, "no sweep is under way")
        details = [f"{one.configuration}: {one.ahead} devices ahead" for one in sweeps]
        what = f"{len(sweeps)} configurations are being carried to their devices"
        return Finding("sweeps", Severity.OK, what, "", some(details))

    def _without_bitmaps(self) -> Finding:
        refused = self._fleet.refused()
        if not refused:
            return Finding("index", Severity.OK, "every path that is asked for has bitmaps")
        details = [f"{to_text(Lookup(path))} of {where}" for where, path in refused]
        what = f"{len(refused)} paths have too many values for bitmaps: what names them scans"
        step = "let conditions and metrics name tags that few values are given to"
        return Finding("index", Severity.WARNING, what, step, some(sorted(details)))
