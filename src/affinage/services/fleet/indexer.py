"""Building bitmaps in the background, while the hub serves, and dropping those nobody uses.

A path is kept up by the writer from the moment that somebody names it; this loop enters the rows
that were there before, a slice at a time, and then says that it is complete. What is in a condition
or a metric in force is held; anything else goes when nobody has asked for it for an hour.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, NoReturn

import structlog
from pyroaring import BitMap

from affinage.domain.query.syntax import Collection, Path
from affinage.ports.clock import Clock
from affinage.services.fleet import excerpts
from affinage.services.fleet.figures import IndexFigures
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.reading import reader
from affinage.services.fleet.uses import Place, Uses

SLICE: Final = 100
"""Rows entered before others get their turn."""

MAX_PATHS: Final = 2_000
"""Paths with bitmaps in one collection; above it, queries do without."""

UNUSED_S: Final = 3_600.0
"""A path that nobody uses for so long is dropped; one that is refused is tried again after it."""

SPARE_S: Final = 120.0
"""At MAX_PATHS, one unused for so long makes room. Longer than counts are remembered unasked."""

LOOK_S: Final = 60.0
"""Between two looks for what nobody uses."""

_log = structlog.get_logger(__name__)


class Indexer:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory, self._clock = memory, clock
        self._uses = Uses()
        self._wanted: asyncio.Queue[Place] = asyncio.Queue()
        self._building: set[Place] = set()
        self._refused_at: dict[Place, float] = {}
        self._dropped = 0

    @property
    def is_building(self) -> bool:
        """Whether bitmaps are on their way."""
        return bool(self._building)

    def figures(self) -> IndexFigures:
        """How much is indexed now. Costs nothing that grows with the fleet."""
        both = self._memory.bitmaps.values()
        held = [path for bitmaps in both for path in bitmaps.paths.values()]
        return IndexFigures(
            paths=sum(path.is_complete for path in held),
            building=len(self._building),
            refused=sum(len(bitmaps.refused) for bitmaps in both),
            dropped=self._dropped,
            bitmaps=sum(len(path.values) for path in held),
        )

    def want(self, collection: Collection, paths: Iterable[Path]) -> None:
        """Keep bitmaps for these paths from now on; complete once `run` has come to them."""
        for path in paths:
            place = collection, path
            if self._is_followed(place) or self._has_room(collection):
                self._uses.use(place, self._clock.monotonic())
                self._follow(place)

    def use(self, collection: Collection, paths: Iterable[Path]) -> None:
        """Drop none of these that are there for now: somebody relies on their moves."""
        for path in paths:
            if self._is_followed((collection, path)):
                self._uses.use((collection, path), self._clock.monotonic())

    def hold(self, holder: str, needed: Iterable[Place], counted: Iterable[Place] = ()) -> None:
        """Keep bitmaps as long as the holder needs them, in place of what it held before.

        Args:
            needed: however many there are: conditions in force must hear of every change.
            counted: where there is room.
        """
        needed, counted = frozenset(needed), frozenset(counted)
        for collection, path in self._uses.hold(holder, needed | counted):
            self.use(collection, [path])  # which may be unused from now on
        for place in needed:
            self._follow(place)
        for collection, path in counted - needed:
            self.want(collection, [path])

    async def run(self) -> None:
        """Build what is wanted and drop what is unused, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._build_wanted())
            tasks.create_task(self._look_around())

    async def _build_wanted(self) -> NoReturn:
        """Several paths in one pass."""
        while True:
            wanted = [await self._wanted.get()]
            while not self._wanted.empty():
                wanted.append(self._wanted.get_nowait())
            for collection in Collection.DEVICES, Collection.MODULES:
                if paths := [path for where, path in wanted if where is collection]:
                    await self._build(collection, paths)

    async def _build(self, collection: Collection, paths: list[Path]) -> None:
        bitmaps = self._memory.bitmaps[collection]
        for some in _apart(collection, paths):
            read = reader(self._memory, collection, some)
            for position, number in enumerate(BitMap(bitmaps.everything), start=1):
                if (row := read(number)) is not None:
                    bitmaps.see(row, number, some)
                if position % SLICE == 0:
                    await asyncio.sleep(0)
            bitmaps.complete(some)
            self._building.difference_update((collection, path) for path in some)
        _log.info("indexed", collection=collection.value, paths=len(paths))

    async def _look_around(self) -> NoReturn:
        while True:
            if self._drop_unused(UNUSED_S):
                await asyncio.sleep(0)  # it may have had fifty thousand bitmaps to free
                continue
            self._retry_refused()
            await self._clock.sleep(LOOK_S)

    def _follow(self, place: Place) -> None:
        """Have a path watched, unless it is."""
        collection, path = place
        bitmaps = self._memory.bitmaps[collection]
        if not bitmaps.watch(path):
            return
        if self._is_nowhere(path):
            bitmaps.complete([path])
        else:
            self._enqueue(place)

    def _enqueue(self, place: Place) -> None:
        self._building.add(place)
        self._wanted.put_nowait(place)

    def _is_followed(self, place: Place) -> bool:
        collection, path = place
        return self._memory.bitmaps[collection].follows(path)

    def _has_room(self, collection: Collection) -> bool:
        """Whether one more path may be watched: if need be, in place of one nobody uses."""
        while len(self._memory.bitmaps[collection].paths) >= MAX_PATHS:
            if not self._drop_unused(SPARE_S, collection):
                return False
        return True

    def _drop_unused(self, seconds: float, only: Collection | None = None) -> bool:
        """Drop the path that was unused for longest, if it was for so long; whether there was."""
        for place in self._uses.unused_since(self._clock.monotonic() - seconds):
            collection, path = place
            if place in self._building or only not in (None, collection):
                continue
            self._memory.bitmaps[collection].drop(path)
            self._uses.forget(place)
            self._refused_at.pop(place, None)
            self._dropped += 1
            return True
        return False

    def _retry_refused(self) -> None:
        """Give bitmaps again to what lost them an hour ago: it may have fewer values by now."""
        now, both = self._clock.monotonic(), self._memory.bitmaps.items()
        refused = [(where, path) for where, bitmaps in both for path in bitmaps.refused]
        since = {place: self._refused_at.get(place, now) for place in refused}
        for place, at in since.items():
            collection, path = place
            if at + UNUSED_S <= now and place not in self._building:
                self._memory.bitmaps[collection].retry(path)
                self._enqueue(place)
        self._refused_at = {place: at for place, at in since.items() if at + UNUSED_S > now}

    def _is_nowhere(self, path: Path) -> bool:
        """Whether no row can have it yet: the status of a configuration that nobody carries.

        It is asked for with each new configuration, just as a sweep begins to go over the fleet.
        """
        match path:
            case ("configurations", str(name), *_):
                return not self._memory.carriers.get(name)
            case _:
                return False


def _apart(collection: Collection, paths: list[Path]) -> list[list[Path]]:
    """The paths by how they are read: those that excerpts of rows answer, and the others."""
    if collection is Collection.MODULES:
        return [paths]
    inside = [path for path in paths if excerpts.section_of(path)]
    outside = [path for path in paths if not excerpts.section_of(path)]
    return [some for some in (inside, outside) if some]
