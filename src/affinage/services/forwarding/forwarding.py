"""All targets that the feed is forwarded to: run side by side, counted, and told of.

None holds up another, nor a device. Source: docs/spec/forwarding.md.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from affinage.domain.forwarding import Target
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family, Kind, Sample
from affinage.ports.sinks import Sink
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.fleet.fleet import Fleet
from affinage.services.forwarding.forwarder import Feed, Forwarder

BEHIND: Final = 10_000
"""Events from which on a target that is behind is warned of."""

_KEEP_MORE: Final = "mend the target, and raise events_bytes and events_days: what was lost is gone"
_MEND: Final = "look at the target: what waits for it is kept as long as the feed keeps events"
_LOOK: Final = "see whether it catches up; if not, the target takes less than there is to tell"


class Forwarding:
    def __init__(
        self, sinks: Sequence[tuple[Target, Sink]], feed: Feed, fleet: Fleet, clock: Clock
    ) -> None:
        self._all = [Forwarder(target, sink, feed, fleet, clock) for target, sink in sinks]

    async def open(self) -> None:
        """Find each target's place; the fleet must be running."""
        for one in self._all:
            await one.open()

    async def run(self) -> None:
        """Forward until cancelled; where there are no targets, there is nothing to do."""
        async with asyncio.TaskGroup() as tasks:
            for one in self._all:
                tasks.create_task(one.run())

    async def close(self) -> None:
        for one in self._all:
            await one.close()

    def families(self) -> Iterator[Family]:
        yield self._family("forwarded_events_total", "Events that a target has.", "forwarded")
        yield self._family("forward_failures_total", "Attempts that failed.", "failures")
        lost = "Events that the feed no longer had when it was their turn."
        yield self._family("forward_lost_events_total", lost, "lost")
        yield self._family("forward_refused_events_total", "Events too large for it.", "refused")
        behind = [Sample(one.behind, [one.target.name]) for one in self._all]
        what = "Events of the feed that it has not come to."
        yield Family("affinage_forward_lag_events", Kind.GAUGE, what, behind, ["target"])

    async def check(self, _: Progress) -> Sequence[Finding]:
        """How it is with each target."""
        return [_finding(one) for one in self._all]

    def _family(self, name: str, what: str, figure: str) -> Family:
        samples = [Sample(getattr(one.standing, figure), [one.target.name]) for one in self._all]
        return Family(f"affinage_{name}", Kind.COUNTER, what, samples, ["target"])


def _finding(one: Forwarder) -> Finding:
    name, standing = one.target.name, one.standing
    check = f"forward {name}"
    if standing.lost:
        what = f"{standing.lost} events were gone before {name} had them"
        return Finding(check, Severity.PROBLEM, what, _KEEP_MORE)
    if standing.since is not None:
        since = f"{standing.since:%Y-%m-%d %H:%M:%S}Z"
        what = f"{name} has not been reached since {since}: {standing.trouble}"
        return Finding(check, Severity.WARNING, what, _MEND)
    if one.behind >= BEHIND:
        return Finding(check, Severity.WARNING, f"{name} is {one.behind} events behind", _LOOK)
    return Finding(check, Severity.OK, f"{name} is {one.behind} events behind")
