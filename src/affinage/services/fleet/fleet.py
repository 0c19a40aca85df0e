"""The fleet: every device in memory, and the one way to change any of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.allowance import GENEROUS, Allowance
from affinage.domain.audit import Anchor, Deed, Entry
from affinage.domain.conditions import collection_of
from affinage.domain.configuration import Configuration, counted
from affinage.domain.device import Device, Presence, found
from affinage.domain.edge import ModuleIdentities
from affinage.domain.groups import Groups
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.query.plan import indexable
from affinage.domain.query.syntax import Collection, Expr, Path
from affinage.domain.row import TwinRow
from affinage.domain.rulebook import Rule
from affinage.ports.clock import Clock
from affinage.ports.store import Row, Store, Table
from affinage.services.fleet import checking, search
from affinage.services.fleet.commits import Commits
from affinage.services.fleet.figures import FleetFigures
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.indexer import Indexer
from affinage.services.fleet.ledger import pruning, read_entries
from affinage.services.fleet.loading import load
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.pending import Pending
from affinage.services.fleet.unit import Change, Decide, Result, row_of
from affinage.services.fleet.uses import Place
from affinage.services.fleet.writer import Committed, Writer

__all__ = ["Change", "Fleet", "Overlay"]


HeardAt: TypeAlias = Callable[[TwinKey, Presence], Millis | None]
"""When somebody who is connected last said something; None of who is not."""


class Fleet:
    """What the services stand on. Reading is from memory and never waits."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identities: ModuleIdentities,
        allowance: Allowance = GENEROUS,
    ) -> None:
        self._store = store
        self.guards = Guards(clock, allowance)
        self._memory = Memory(Pending(self.guards.site_of))
        self._writer = Writer(self._memory, store, clock, identities, self.guards)
        self._indexer = Indexer(self._memory, clock)
        self._hearing: list[HeardAt] = []

    async def open(self) -> None:
        """Read the store; nothing may be asked before."""
        await asyncio.to_thread(load, self._memory, self._store)
        await asyncio.to_thread(self._writer.ledger.read, self._store)
        for configuration_id in self._memory.configurations:
            self._index_rule(configuration_id)
        self.listen(self._index_new_rules)

    async def run(self) -> None:
        """Write, and build bitmaps, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._indexer.run())

    def saved(self, table: Table) -> list[tuple[str, bytes]]:
        """The rows of a small table as the store has them; for services that start."""
        return [(str(key), body) for key, body in self._store.read(table)]

    def change(self, decide: Decide[Result]) -> asyncio.Future[Result]:
        """Run one unit: let ``decide`` read what it needs and say what to write.

        A unit is atomic; several may share one commit. They run one after another, so ``decide``
        neither waits nor asks the time. Configurations that watch what it changed are reconciled
        in the same unit.

        Args:
            decide: synchronous and pure; what it raises reaches this caller and no other.

        Returns:
            The change's answer, once its commit is durable. A caller cancelled before that gives
            up only the answer; the unit goes on.

        Raises:
            Unavailable: the commit failed, and nothing in it was written; or the hub stops.
        """
        return self._writer.change(decide)

    async def save(self, *rows: Row, deeds: tuple[Deed, ...] = ()) -> None:
        """Write rows that belong to no device, and what the audit log says of it.

        They are durable when it returns; Unavailable as `change`.
        """
        await self.change(lambda _: Change(lambda _: None, rows=rows, deeds=deeds))

    def listen(self, committed: Committed) -> None:
        """Have ``committed`` called after each commit, before its callers are answered."""
        self._writer.listen(committed)

    @property
    def audited(self) -> Anchor:
        """The newest entry of the audit log, as committed."""
        return self._writer.ledger.tip

    async def entries(self, before: int | None, limit: int) -> list[Entry]:
        """Entries of the audit log, newest first: those below a number, None for all."""
        return await asyncio.to_thread(read_entries, self._store, before, limit)

    @property
    def anchor(self) -> Anchor:
        """Where the audit log begins, as committed."""
        return self._writer.ledger.anchor

    async def prune(self, entries: Sequence[Entry]) -> None:
        """Forget the oldest entries of the audit log, up to the last of these; Unavailable."""
        last = max(entries, key=lambda entry: entry.number)
        mark = Anchor(last.number, last.hash)
        await self.save(*pruning(entries, mark))
        self._writer.ledger.anchor = mark

    def find(self, device_id: str) -> Device | None:
        return self._memory.find(device_id)

    def device(self, device_id: str) -> Device:
        """The device, or DeviceNotFound."""
        return found(self._memory.find(device_id), device_id)

    def row(self, key: TwinKey) -> TwinRow:
        """One twin with all that a document of it shows; DeviceNotFound, ModuleNotFound."""
        return row_of(self, key)

    def presence(self, key: TwinKey) -> Presence:
        """As committed, but for the last activity: that is as of now."""
        kept = self._memory.presence(key)
        heard = [at for heard_at in self._hearing if (at := heard_at(key, kept)) is not None]
        latest = max(heard, default=0)
        return replace(kept, active_at=latest) if latest > (kept.active_at or 0) else kept

    def hear(self, heard_at: HeardAt) -> None:
        """Ask ``heard_at``, too, from now on when somebody last said something."""
        self._hearing.append(heard_at)

    def presences(self) -> list[tuple[TwinKey, Presence]]:
        """Of every identity that ever connected."""
        return list(self._memory.presences.items())

    @property
    def device_count(self) -> int:
        return len(self._memory.numbers)

    @property
    def retired(self) -> BitMap:
        """The numbers of devices that are retired: rows of no collection. REPLACE-2."""
        return self._memory.retired

    @property
    def connected_count(self) -> int:
        return self._memory.connected_count

    def figures(self) -> FleetFigures:
        """How much there is of everything. Costs nothing that grows with the number of devices."""
        memory = self._memory
        return FleetFigures(
            devices=len(memory.numbers),
            modules=len(memory.modules),
            connected=memory.connected_count,
            configurations=len(self.configurations()),
            index=self._indexer.figures(),
        )

    @property
    def commits(self) -> Commits:
        """What the writer has done since the start."""
        return self._writer.figures

    @property
    def queue_depth(self) -> int:
        """How many units wait for a commit."""
        return self._writer.depth

    def ids(self, limit: int) -> list[str]:
        """The first device ids, in order."""
        return list(self._memory.ids.islice(0, limit))

    def configuration(self, configuration_id: str) -> Configuration | None:
        """Also a tombstone."""
        return self._memory.configurations.get(configuration_id)

    def configurations(self) -> list[Configuration]:
        """Those that exist, oldest first."""
        known = self._memory.configurations.values()
        living = [configuration for configuration in known if not configuration.tombstone]
        return sorted(living, key=lambda one: (one.created_at, one.id))

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All configurations as reconciling sees them, those that are being deleted too."""
        return self._memory.rulebook.rules

    @property
    def groups(self) -> Groups:
        """All named groups, and what conditions mean that name them."""
        return self._memory.rulebook.groups

    @property
    def pending(self) -> Pending:
        """Who must be looked at again, and when; by number, see `ids_of`."""
        return self._memory.pending

    def dirty(self) -> list[Device]:
        """Devices that could not be reconciled, or wait for a token."""
        return [device for number in self.pending.dirty if (device := self._memory.at(number))]

    def carriers(self, configuration_id: str) -> int:
        """How many devices carry a configuration."""
        return len(self._memory.carriers.get(configuration_id, ()))

    def reached_by(self, configuration_id: str) -> BitMap:
        """The numbers of all devices that a change of a configuration may concern."""
        return search.reached(self._memory, configuration_id)

    @property
    def highest_number(self) -> int:
        """Of all devices that there ever were since the start."""
        return len(self._memory.bodies) - 1

    def faults(self, number: int) -> list[str]:
        """What is remembered otherwise than the device with that number has it; see `checking`."""
        return checking.faults(self._memory, number)

    def numbers(self) -> BitMap:
        """Of all devices."""
        return BitMap(self._memory.bitmaps[Collection.DEVICES].everything)

    def refused(self) -> list[tuple[Collection, Path]]:
        """Paths that are asked for and have too many values for bitmaps."""
        return [
            (collection, path)
            for collection, bitmaps in self._memory.bitmaps.items()
            for path in bitmaps.refused
        ]

    def ids_of(self, numbers: Iterable[int]) -> dict[int, str]:
        """The ids of those that still exist, by number, in the order given."""
        named = ((number, self._memory.id_at(number)) for number in numbers)
        return {number: name for number, name in named if name is not None}

    async def count(self, collection: Collection, condition: Expr | None) -> int:
        """How many rows match now."""
        condition = self._written_out(condition)
        self._index(collection, condition)
        return await search.count(self._memory, collection, condition)

    async def matching(self, collection: Collection, condition: Expr | None) -> BitMap:
        """The numbers of the rows that match now."""
        condition = self._written_out(condition)
        self._index(collection, condition)
        return await search.matching(self._memory, collection, condition)

    def key_at(self, collection: Collection, number: int) -> TwinKey | None:
        """Whose row has that number; None if it is gone."""
        if collection is Collection.MODULES:
            return self._memory.modules.get(number)
        name = self._memory.id_at(number)
        return None if name is None else TwinKey(name)

    def tally(self, collection: Collection, condition: Expr | None) -> int | None:
        """How many rows match now, by bitmaps alone; None if rows would have to be looked at."""
        condition = self._written_out(condition)
        self._index(collection, condition)
        return search.tally(self._memory, collection, condition)

    @property
    def begun(self) -> int:
        """How many paths were ever watched; see `Overlay.begun`."""
        return self._memory.begun

    @property
    def is_indexing(self) -> bool:
        """Whether bitmaps are on their way, which may answer what would take a scan now."""
        return self._indexer.is_building

    def follows(self, collection: Collection, paths: Iterable[Path]) -> bool:
        """Whether every commit's moves tell of all these paths."""
        return all(map(self._memory.bitmaps[collection].follows, paths))

    def use(self, collection: Collection, paths: Iterable[Path]) -> None:
        """Go on following these of the paths that are followed: somebody counts on it."""
        if collection is not Collection.JOBS:
            self._indexer.use(collection, paths)

    def rows(
        self, collection: Collection, condition: Expr | None, after: TwinKey | None = None
    ) -> AsyncIterator[TwinRow]:
        """Matching rows in the order of their keys, those behind ``after``; read as they come."""
        condition = self._written_out(condition)
        self._index(collection, condition)
        return search.rows(self._memory, collection, condition, after)

    def _written_out(self, condition: Expr | None) -> Expr | None:
        """With the groups as they are now: what began before a change goes on with the old ones."""
        return None if condition is None else self.groups.expanded(condition)

    def _index(self, collection: Collection, condition: Expr | None) -> None:
        for where, path in _places(collection, condition):
            self._indexer.want(where, [path])

    def _index_rule(self, configuration_id: str) -> None:
        """Keep bitmaps for what its condition names, and for what its metrics count by."""
        rule = self._memory.rulebook.rules.get(configuration_id)
        if rule is None:
            self._indexer.hold(configuration_id, ())
            return
        needed = [(collection_of(rule.kind), path) for path in rule.names]
        metrics = counted(rule.configuration) if rule.in_force else ()
        written_out = map(self.groups.expanded_query, metrics)
        places = [_places(query.collection, query.condition) for query in written_out]
        self._indexer.hold(configuration_id, needed, chain.from_iterable(places))

    def _index_new_rules(self, overlay: Overlay) -> None:
        # A metric may name a group that the target condition does not: look at all of them.
        known = self._memory.configurations if overlay.groups else ()
        for configuration_id in {*overlay.configurations, *known}:
            self._index_rule(configuration_id)


def _places(collection: Collection, condition: Expr | None) -> list[Place]:
    """What bitmaps of would answer a part of a condition."""
    if condition is None or collection is Collection.JOBS:  # which has no rows
        return []
    return [(collection, path) for path in indexable(condition)]
