"""(path, value) bitmaps over one collection's rows, and how a change of a row moves them.

Memory follows what is asked for: a path has bitmaps only if a condition, a metric or a query
names it, and loses them when it has too many different values to be worth it.
"""

from collections.abc import Hashable, Iterable
from typing import Final

from pyroaring import BitMap

from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import UNDEFINED, Path, Undefined
from affinage.domain.row import TwinRow
from affinage.domain.values import JsonValue
from affinage.services.fleet.excerpts import Readable
from affinage.services.fleet.watched import OBJECT, Move, Watched, atom_of

MAX_VALUES: Final = 50_000
"""Different values of one path; a path that has more loses its bitmaps."""

_NOTHING: Final[BitMap] = BitMap()
_OF_PRESENCE: Final = (
    *("connectionState", "lastActivityTime", "cloudToDeviceMessageCount", "productInfo"),
)


class PathBitmaps:
    """The rows by their value at one path."""

    def __init__(self) -> None:
        self.values: dict[Hashable, BitMap] = {}
        self.defined = BitMap()
        self.is_complete = False
        """Whether every row has been seen; until then no query may use it."""

    @property
    def primitive(self) -> BitMap:
        return self.defined - self.values.get(OBJECT, _NOTHING)

    def equal(self, value: object) -> BitMap:
        return self.values.get(atom(value), _NOTHING)  # type: ignore[arg-type]  # a constant

    def has_filed(self, number: int, value: JsonValue | Undefined) -> bool:
        """Whether a row with that value is where it belongs."""
        filed = atom_of(value)
        if filed is UNDEFINED:
            return number not in self.defined
        return number in self.defined and number in self.values.get(filed, _NOTHING)

    def move(self, number: int, old: Hashable, new: Hashable) -> None:
        """Idempotent, so that a build in the background may come before or after a write."""
        if old is not UNDEFINED and (rows := self.values.get(old)) is not None:
            rows.discard(number)
            if not rows:
                del self.values[old]
        if new is UNDEFINED:
            self.defined.discard(number)
            return
        self.defined.add(number)
        rows = self.values.get(new)
        if rows is None:
            rows = self.values[new] = BitMap()
        rows.add(number)


class Bitmaps:
    """All the indexed paths of one collection."""

    def __init__(self) -> None:
        self.everything = BitMap()
        self.paths: dict[Path, PathBitmaps] = {}
        self.refused: set[Path] = set()
        """Paths with too many values: watched, but without bitmaps."""
        self.begun = 0
        """How many paths were ever watched."""
        self._of_presence = 0
        """How many of them are about who is connected."""
        self._watched = Watched()

    @property
    def watches_presence(self) -> bool:
        """Whether a path is about who is connected; asked for with every connection."""
        return self._of_presence > 0

    def path(self, path: Path) -> PathBitmaps | None:
        """The bitmaps of a path, or None where it has none that are complete."""
        found = self.paths.get(path)
        return found if found is not None and found.is_complete else None

    def follows(self, path: Path) -> bool:
        """Whether the moves of a path are told, with bitmaps or without."""
        return path in self.paths or path in self.refused

    def watch(self, path: Path) -> bool:
        """Begin to keep up a path; True if its rows must now be looked at once, by `see`."""
        if self.follows(path):
            return False
        self.paths[path] = PathBitmaps()
        self.begun += 1
        self._of_presence += path[0] in _OF_PRESENCE
        self._watched.add(path)
        return True

    def drop(self, path: Path) -> None:
        """Watch a path no more, and free its bitmaps; it may be watched again."""
        if self.paths.pop(path, None) is None:
            self.refused.remove(path)
        self._of_presence -= path[0] in _OF_PRESENCE
        self._watched.remove(path)

    def retry(self, path: Path) -> None:
        """Give a refused path its bitmaps again; its rows must now be looked at once, by `see`."""
        self.refused.remove(path)
        self.paths[path] = PathBitmaps()

    def complete(self, paths: Iterable[Path]) -> None:
        """From now on queries may use these: every row has been seen."""
        for path in paths:
            if path in self.paths:
                self.paths[path].is_complete = True

    def see(self, row: Readable, number: int, paths: Iterable[Path]) -> None:
        """Enter one row for newly watched paths."""
        for path in paths:
            if path in self.paths:
                self.apply(Move(path, number, UNDEFINED, atom_of(row.lookup(path))))

    def moves(self, number: int, old: TwinRow | None, new: TwinRow | None) -> list[Move]:
        """What changed between two versions of a row, at watched paths; None is no row."""
        return self._watched.moves(number, old, new)

    def apply(self, move: Move) -> None:
        """Make a move; a path that passes MAX_VALUES is dropped."""
        bitmaps = self.paths.get(move.path)
        if bitmaps is None:
            return
        bitmaps.move(move.number, move.old, move.new)
        if len(bitmaps.values) > MAX_VALUES:
            self.refused.add(move.path)  # its moves go on being told: conditions watch it
            del self.paths[move.path]
