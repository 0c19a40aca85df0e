"""Building bitmaps in the background, while the hub serves.

A path is kept up by the writer from the moment that somebody names it; this loop enters the rows
that were there before, a slice at a time, and then says that it is complete.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import structlog

from affinage.domain.query.syntax import Collection, Path
from affinage.services.fleet import excerpts
from affinage.services.fleet.excerpts import Readable
from affinage.services.fleet.figures import IndexFigures
from affinage.services.fleet.memory import Memory

SLICE: Final = 100
"""Rows entered before others get their turn."""

MAX_PATHS: Final = 2_000
"""Paths with bitmaps in one collection; above it, queries do without."""

_log = structlog.get_logger(__name__)


class Indexer:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._wanted: asyncio.Queue[tuple[Collection, Path]] = asyncio.Queue()
        self._unbuilt = 0
        self._dropped = 0

    @property
    def is_building(self) -> bool:
        """Whether bitmaps are on their way."""
        return self._unbuilt > 0

    def figures(self) -> IndexFigures:
        """How much is indexed now. Costs nothing that grows with the fleet."""
        both = self._memory.bitmaps.values()
        held = [path for bitmaps in both for path in bitmaps.paths.values()]
        return IndexFigures(
            paths=sum(path.is_complete for path in held),
            building=self._unbuilt,
            refused=sum(len(bitmaps.refused) for bitmaps in both),
            dropped=self._dropped,
            bitmaps=sum(len(path.values) for path in held),
        )

    def want(self, collection: Collection, paths: Iterable[Path], *, always: bool = False) -> None:
        """Keep bitmaps for these paths from now on; complete once `run` has come to them.

        Args:
            always: however many there are: conditions in force must hear of every change.
        """
        bitmaps = self._memory.bitmaps[collection]
        for path in paths:
            if (always or len(bitmaps.paths) < MAX_PATHS) and bitmaps.watch(path):
                if self._is_nowhere(path):
                    bitmaps.complete([path])
                else:
                    self._unbuilt += 1
                    self._wanted.put_nowait((collection, path))

    def _is_nowhere(self, path: Path) -> bool:
        """Whether no row can have it yet: the status of a configuration that nobody carries.

        It is asked for with each new configuration, just as a sweep begins to go over the fleet.
        """
        match path:
            case ("configurations", str(name), *_):
                return not self._memory.carriers.get(name)
            case _:
                return False

    async def run(self) -> None:
        """Build what is wanted, several paths in one pass, until cancelled."""
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
            read = self._reader(collection, some)
            for position, number in enumerate(list(bitmaps.everything), start=1):
                if (row := read(number)) is not None:
                    bitmaps.see(row, number, some)
                if position % SLICE == 0:
                    await asyncio.sleep(0)
            bitmaps.complete(some)
            self._unbuilt -= len(some)
        _log.info("indexed", collection=collection.value, paths=len(paths))

    def _reader(
        self, collection: Collection, paths: list[Path]
    ) -> Callable[[int], Readable | None]:
        """What gives the row with a number, as far as the paths need it."""
        memory, excerpt = self._memory, excerpts.reader(paths)
        if collection is Collection.MODULES or excerpt is None:
            return partial(memory.row, collection)

        def read(number: int) -> Readable | None:
            body = memory.bodies[number]
            return None if body is None else excerpt(body)

        return read


def _apart(collection: Collection, paths: list[Path]) -> list[list[Path]]:
    """The paths by how they are read: those that excerpts of rows answer, and the others."""
    if collection is Collection.MODULES:
        return [paths]
    inside = [path for path in paths if excerpts.section_of(path)]
    outside = [path for path in paths if not excerpts.section_of(path)]
    return [some for some in (inside, outside) if some]
