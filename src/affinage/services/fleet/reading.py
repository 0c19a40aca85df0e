"""Reading many rows of which only some paths are needed: as much of each as those take."""

from collections.abc import Callable, Iterable
from functools import partial

from affinage.domain.query.syntax import Collection, Path
from affinage.services.fleet import excerpts
from affinage.services.fleet.excerpts import Readable
from affinage.services.fleet.memory import Memory


def reader(
    memory: Memory, collection: Collection, paths: Iterable[Path]
) -> Callable[[int], Readable | None]:
    """What gives the row with a number as it is now, None if there is none (any more)."""
    excerpt = excerpts.reader(paths)
    if collection is Collection.MODULES or excerpt is None:
        return partial(memory.row, collection)

    def read(number: int) -> Readable | None:
        body = memory.bodies[number]
        return None if body is None else excerpt(body)

    return read
