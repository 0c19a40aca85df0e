"""The paths that somebody watches, and what of them moved between two versions of a row.

It costs what changed, not what is watched or held: parts that two versions share are not looked
into. This is asked for every write.
"""

from collections.abc import Hashable, Iterable
from typing import Final, NamedTuple

from affinage.domain.query.plan import atom
from affinage.domain.query.syntax import UNDEFINED, Path, Undefined
from affinage.domain.row import TwinRow
from affinage.domain.stamps import Stamp
from affinage.domain.twin import Section, Twin
from affinage.domain.values import JsonObject, JsonValue, same

OBJECT: Final = object()
"""The atom of every object and array: defined, and equal to nothing."""

_NOTHING: Final = Section({}, Stamp(0))
_NO_TWIN: Final = Twin({}, _NOTHING, _NOTHING)


class Move(NamedTuple):
    """A row's value at a path was one atom and is another; UNDEFINED is none."""

    path: Path
    number: int
    old: Hashable
    new: Hashable


class Trie(dict[str, "Trie"]):
    """Watched paths below one object; ``path`` is set where one ends."""

    path: Path | None = None


class Watched:
    """The watched paths of one collection, by where in a row they are looked for."""

    def __init__(self) -> None:
        self._tags, self._desired, self._reported, self._statuses = (Trie() for _ in range(4))
        self._members: list[Path] = []
        """Those in no trie: looked up on their own, for every change."""

    def add(self, path: Path) -> None:
        trie, steps = self._place(path)
        if trie is None:
            self._members.append(path)
            return
        for step in steps:
            trie = trie.setdefault(step, Trie())
        trie.path = path

    def remove(self, path: Path) -> None:
        """Undo `add`."""
        trie, steps = self._place(path)
        if trie is None:
            self._members.remove(path)
        else:
            _remove(trie, steps)

    def moves(self, number: int, old: TwinRow | None, new: TwinRow | None) -> list[Move]:
        """What changed between two versions of a row; None is no row."""
        found: list[Move] = []
        was = _NO_TWIN if old is None else old.twin
        now = _NO_TWIN if new is None else new.twin
        if was is not now:
            self._compare_twins(was, now, number, found)
        for path in self._members:
            before, after = _value_at(old, path), _value_at(new, path)
            if _has_moved(before, after):
                found.append(Move(path, number, atom_of(before), atom_of(after)))
        return found

    def _compare_twins(self, was: Twin, now: Twin, number: int, found: list[Move]) -> None:
        """Section by section, written out: nearly every write changes but one of the four."""
        if was.reported is not now.reported:
            _compare(was.reported.values, now.reported.values, self._reported, number, found)
        if was.desired is not now.desired:
            _compare(was.desired.values, now.desired.values, self._desired, number, found)
        if was.tags is not now.tags:
            _compare(was.tags, now.tags, self._tags, number, found)
        if was.statuses is not now.statuses:
            _compare(_statuses(was), _statuses(now), self._statuses, number, found)

    def _place(self, path: Path) -> tuple[Trie | None, list[str]]:
        """The trie that a path is in, and its steps there; or None."""
        steps = [step for step in path if isinstance(step, str)]
        if len(steps) < len(path):
            return None, []  # it names an array's element
        match steps:
            case ["tags", _, *_]:
                return self._tags, steps[1:]
            case ["properties", "desired", first, *_] if not first.startswith("$"):
                return self._desired, steps[2:]
            case ["properties", "reported", first, *_] if not first.startswith("$"):
                return self._reported, steps[2:]
            case ["configurations", name, "status"]:
                return self._statuses, [name]
            case _:
                return None, []


def atom_of(value: JsonValue | Undefined) -> Hashable:
    """What bitmaps file a value as; UNDEFINED is filed nowhere."""
    if isinstance(value, Undefined):
        return UNDEFINED
    if isinstance(value, dict | list):
        return OBJECT
    return atom(value)


def _statuses(twin: Twin) -> JsonObject:
    return twin.statuses  # type: ignore[return-value]  # it is only read


def _remove(trie: Trie, steps: list[str]) -> None:
    """Take out the path that ends there, and what leads to no other."""
    if not steps:
        trie.path = None
        return
    below = trie[steps[0]]
    _remove(below, steps[1:])
    if not below and below.path is None:
        del trie[steps[0]]


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
            found.append(Move(below.path, number, atom_of(was), atom_of(now)))
        if below:
            _compare(_members(was), _members(now), below, number, found)


def _members(value: JsonValue | Undefined) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _value_at(row: TwinRow | None, path: Path) -> JsonValue | Undefined:
    return UNDEFINED if row is None else row.lookup(path)


def _has_moved(was: JsonValue | Undefined, now: JsonValue | Undefined) -> bool:
    """Also from one array or object to another: some functions look into them."""
    if isinstance(was, Undefined) or isinstance(now, Undefined):
        return was is not now
    return not same(was, now)
