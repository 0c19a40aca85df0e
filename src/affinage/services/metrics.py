"""What the hub tells of itself to who watches it: which numbers, and who may see them.

Numbers are of the hub as a whole: none has a device's name, a text that a client sent, or a secret
in its labels. All are kept anyway, so that a look costs nothing that grows with the fleet.

Source: docs/reference/metrics.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from affinage.domain.principal import Principal, Right
from affinage.ports.exposition import Exposition, Family, Kind, Page, Sample, number, spread
from affinage.ports.store import Store
from affinage.services.fleet.fleet import Fleet
from affinage.services.sessions import Sessions
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Tending

WATCHERS: Final = Right.REGISTRY_READ | Right.SERVICE_CONNECT
"""METRICS-2."""

_COUNTER: Final = Kind.COUNTER
_GAUGE: Final = Kind.GAUGE


class Metrics:
    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    async def page(self, accept: str, *, by: Principal) -> Page:
        """All numbers as they are now; ``accept`` is what the asker reads. Forbidden."""
        by.require(WATCHERS)
        return await self._exposition.page(accept)


@dataclass(frozen=True, slots=True)
class Engine:
    """The families of what is behind the doors."""

    fleet: Fleet
    store: Store
    tending: Tending
    sweeps: Sweeps
    sessions: Sessions

    def families(self) -> Iterator[Family]:
        yield from self._holdings()
        yield from self._commits()
        yield from self._stored()
        yield from self._reconciling()
        yield from self._connections()

    def _holdings(self) -> Iterator[Family]:
        figures = self.fleet.figures()
        index = figures.index
        for name, what, value in (
            ("devices", "Devices.", figures.devices),
            ("modules", "Modules of devices.", figures.modules),
            ("connected", "Devices and modules that are connected.", figures.connected),
            ("configurations", "Configurations and deployments.", figures.configurations),
            ("index_bitmaps", "Bitmaps, one for each path and value.", index.bitmaps),
        ):
            yield number(f"affinage_{name}", _GAUGE, what, value)
        paths = {"complete": index.paths, "building": index.building, "refused": index.refused}
        samples = [Sample(count, [state]) for state, count in paths.items()]
        what = "Paths that were asked for: with bitmaps, with some on their way, without any."
        yield Family("affinage_index_paths", _GAUGE, what, samples, ["state"])
        dropped = "Paths whose bitmaps went, as nobody used them or others needed the room."
        yield number("affinage_index_paths_dropped_total", _COUNTER, dropped, index.dropped)

    def _commits(self) -> Iterator[Family]:
        commits, depth = self.fleet.commits, self.fleet.queue_depth
        took = "From taking a commit's units to answering their callers."
        waited = "How long a commit's oldest unit was in the queue, at most."
        yield spread("affinage_commit_units", "Units in a commit.", commits.sizes)
        yield spread("affinage_commit_duration_seconds", took, commits.durations)
        yield spread("affinage_queue_wait_seconds", waited, commits.waits)
        yield number("affinage_queue_units", _GAUGE, "Units that wait for a commit.", depth)
        failed = "Commits that the store refused."
        yield number("affinage_commits_failed_total", _COUNTER, failed, commits.failed)

    def _stored(self) -> Iterator[Family]:
        figures = self.store.figures()
        for name, what, value in (
            ("commits", "Commits that are durable.", figures.commits),
            ("rows", "Rows in them.", figures.rows),
            ("folded_rows", "Rows moved from the journal to their tables.", figures.folded_rows),
            ("failed_folds", "Folds of the journal given up, to be tried.", figures.failed_folds),
            ("checkpoints", "Times the log was moved into the file.", figures.checkpoints),
        ):
            yield number(f"affinage_store_{name}_total", _COUNTER, what, value)
        waiting = "Durable rows that are not in their tables yet."
        yield number("affinage_store_journal_rows", _GAUGE, waiting, figures.journal_rows)

    def _reconciling(self) -> Iterator[Family]:
        figures = self.tending.figures()
        reasons = ("failed", "waiting", "frozen", "drifted", "leaving")
        pending = [Sample(getattr(figures, reason), [reason]) for reason in reasons]
        what = "Devices that are not left as they are, or not as they should be, by reason."
        yield Family("affinage_pending_devices", _GAUGE, what, pending, ["reason"])
        asked = {"taken": figures.tokens_taken, "refused": figures.tokens_refused}
        samples = [Sample(count, [outcome]) for outcome, count in asked.items()]
        what = "Tokens that reconciling asked for, to write a device."
        yield Family("affinage_reconcile_tokens_total", _COUNTER, what, samples, ["outcome"])
        sweeps = self.sweeps.figures()
        yield number("affinage_sweeps", _GAUGE, "Sweeps that have not ended.", sweeps.under_way)
        what = "Devices that the sweep going on has not come to."
        yield number("affinage_sweep_devices_ahead", _GAUGE, what, sweeps.ahead)

    def _connections(self) -> Iterator[Family]:
        what = "Connections of devices and modules that this process holds."
        yield number("affinage_sessions", _GAUGE, what, self.sessions.count)
