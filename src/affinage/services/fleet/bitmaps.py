"""(path, value) bitmaps over one collection's rows, and how a change of a row moves them.

Memory follows what is asked for: a path has bitmaps only if a condition, a metric or a query
names it, and loses them when it has too many different values to be worth it.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Final, NamedTuple

from pyroaring import BitMap

from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import UNDEFINED, Path, Undefined
from affinage.domain.row import TwinRow
from affinage.domain.values import JsonObject, JsonValue, same
from affinage.services.fleet.excerpts import Readable

MAX_VALUES: Final = 50_000
"""Different values of one path; a path that has more loses its bitmaps."""

_NOTHING: Final[BitMap] = BitMap()
_OBJECT: Final = object()
"""What an object or an array is indexed as: defined, and equal to nothing."""
_OF_PRESENCE: Final = ("connectionState", "lastActivityTime")
_NO_OBJECTS: Final[tuple[JsonObject, ...]] = ({}, {}, {}, {})


class Move(NamedTuple):
    """A row's value at a path was one atom and is another; UNDEFINED is none."""

    path: Path
    number: int
    old: Hashable
    new: Hashable


class PathBitmaps:
    """The rows by their value at one path."""

    def __init__(self) -> None:
        self.values: dict[Hashable, BitMap] = {}
        self.defined = BitMap()
        self.is_complete = False
        """Whether every row has been seen; until then no query may use it."""

    @property
    def primitive(self) -> BitMap:
        return self.defined - self.values.get(_OBJECT, _NOTHING)

    def equal(self, value: object) -> BitMap:
        return self.values.get(atom(value), _NOTHING)  # type: ignore[arg-type]  # a constant

    def has_filed(self, number: int, value: JsonValue | Undefined) -> bool:
        """Whether a row with that value is where it belongs."""
        filed = _atom(value)
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


class Trie(dict[str, "Trie"]):
    """Indexed paths below one object; ``path`` is set where one ends."""

    path: Path | None = None


class Bitmaps:
    """All the indexed paths of one collection."""

    def __init__(self) -> None:
        self.everything = BitMap()
        self.paths: dict[Path, PathBitmaps] = {}
        self.refused: set[Path] = set()
        """Paths with too many values: watched, but without bitmaps."""
        self.begun = 0
        """How many paths were ever watched."""
        self.watches_presence = False
        """Whether one of them is about who is connected."""
        self._tags, self._desired, self._reported, self._statuses = (Trie() for _ in range(4))
        self._members: list[Path] = []

    def path(self, path: Path) -> PathBitmaps | None:
        """The bitmaps of a path, or None where it has none that are complete."""
        found = self.paths.get(path)
        return found if found is not None and found.is_complete else None

    def watch(self, path: Path) -> bool:
        """Begin to keep up a path; True if its rows must now be looked at once, by `see`."""
        if path in self.paths or path in self.refused:
            return False
        self.paths[path] = PathBitmaps()
        self.begun += 1
        self.watches_presence |= path[0] in _OF_PRESENCE
        self._place(path)
        return True

    def complete(self, paths: Iterable[Path]) -> None:
        """From now on queries may use these: every row has been seen."""
        for path in paths:
            if path in self.paths:
                self.paths[path].is_complete = True

    def see(self, row: Readable, number: int, paths: Iterable[Path]) -> None:
        """Enter one row for newly watched paths."""
        for path in paths:
            if path in self.paths:
                self.apply(Move(path, number, UNDEFINED, _atom(row.lookup(path))))

    def moves(self, number: int, old: TwinRow | None, new: TwinRow | None) -> list[Move]:
        """What changed between two versions of a row, at indexed paths; None is no row.

        Costs what changed, not what is indexed or held: shared parts are not looked into.
        """
        found: list[Move] = []
        for before, after, trie in self._sections(old, new):
            if before is not after:
                _compare(before, after, trie, number, found)
        for path in self._members:
            was, now = _value_at(old, path), _value_at(new, path)
            if _has_moved(was, now):
                found.append(Move(path, number, _atom(was), _atom(now)))
        return found

    def apply(self, move: Move) -> None:
        """Make a move; a path that passes MAX_VALUES is dropped."""
        bitmaps = self.paths.get(move.path)
        if bitmaps is None:
            return
        bitmaps.move(move.number, move.old, move.new)
        if len(bitmaps.values) > MAX_VALUES:
            self.refused.add(move.path)  # its moves go on being told: conditions watch it
            del self.paths[move.path]

    def _place(self, path: Path) -> None:
        """Where the moves of a path are looked for: in a section's trie, or on their own."""
        steps = [step for step in path if isinstance(step, str)]
        if len(steps) < len(path):
            self._members.append(path)  # it names an array's element
            return
        match steps:
            case ["tags", _, *_]:
                _insert(self._tags, steps[1:], path)
            case ["properties", "desired", first, *_] if not first.startswith("$"):
                _insert(self._desired, steps[2:], path)
            case ["properties", "reported", first, *_] if not first.startswith("$"):
                _insert(self._reported, steps[2:], path)
            case ["configurations", name, "status"]:
                _insert(self._statuses, [name], path)
            case _:
                self._members.append(path)

    def _sections(
        self, old: TwinRow | None, new: TwinRow | None
    ) -> Iterator[tuple[JsonObject, JsonObject, Trie]]:
        before, after = _objects(old), _objects(new)
        tries = (self._tags, self._desired, self._reported, self._statuses)
        return zip(before, after, tries, strict=True)


def _objects(row: TwinRow | None) -> tuple[JsonObject, ...]:
    if row is None:
        return _NO_OBJECTS
    twin = row.twin
    statuses: JsonObject = twin.statuses  # type: ignore[assignment]  # it is only read
    return twin.tags, twin.desired.values, twin.reported.values, statuses


def _insert(trie: Trie, steps: Iterable[str], path: Path) -> None:
    for step in steps:
        trie = trie.setdefault(step, Trie())
    trie.path = path


def _compare(old: JsonObject, new: JsonObject, trie: Trie, number: int, found: list[Move]) -> None:
    """Walk two objects along the trie, through whichever of the three names fewest members."""
    names: Iterable[str] = trie if len(trie) <= len(old) + len(new) else {**old, **new}
    for name in names:
        below = trie.get(name)
        if below is None:
            continue
        was, now = old.get(name, UNDEFINED), new.get(name, UNDEFINED)
        if was is now:
            continue
        if below.path is not None and _has_moved(was, now):
            found.append(Move(below.path, number, _atom(was), _atom(now)))
        if below:
            _compare(
                was if isinstance(was, dict) else {},
                now if isinstance(now, dict) else {},
                below,
                number,
                found,
            )


def _atom(value: JsonValue | Undefined) -> Hashable:
    if isinstance(value, Undefined):
        return UNDEFINED
    if isinstance(value, dict | list):
        return _OBJECT
    return atom(value)


def _value_at(row: TwinRow | None, path: Path) -> JsonValue | Undefined:
    return UNDEFINED if row is None else row.lookup(path)


def _has_moved(was: JsonValue | Undefined, now: JsonValue | Undefined) -> bool:
    """Also from one array or object to another: some functions look into them."""
    if isinstance(was, Undefined) or isinstance(now, Undefined):
        return was is not now
    return not same(was, now)
