"""Which paths are watched, and what of them moves; a row's other moves are in test_bitmaps."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from affinage.domain.device import ABSENT
from affinage.domain.query.syntax import UNDEFINED, Path
from affinage.domain.row import TwinRow
from affinage.domain.stamps import Stamp
from affinage.domain.twin import Section
from affinage.services.fleet.watched import OBJECT, Move, Watched, atom_of
from fakes.commits import device

PATHS: list[Path] = [
    ("tags", "a"),
    ("tags", "a", "b"),
    ("tags", "a", "b", "c"),
    ("tags", "a", 0),
    ("properties", "desired", "a"),
    ("properties", "desired", "$version"),
    ("properties", "reported", "a", "b"),
    ("configurations", "a", "status"),
    ("deviceId",),
]

inner = st.sampled_from([None, 1, True, "x", {}, {"b": 1}, {"b": {"c": 1}}, [1]])
objects = st.fixed_dictionaries({}, optional={"a": inner, "z": inner})


@st.composite
def rows(draw: st.DrawFn) -> TwinRow | None:
    """A row with some of what the paths name, or none."""
    if draw(st.integers(0, 4)) == 0:
        return None
    bare = device("d")
    sections = [_section(draw(objects), draw(st.integers(1, 2))) for _ in range(2)]
    statuses = draw(st.sampled_from([{}, {"a": "Applied"}, {"a": "Targeted"}]))
    twin = replace(
        bare.twin, tags=draw(objects), desired=sections[0], reported=sections[1], statuses=statuses
    )
    return TwinRow(replace(bare, twin=twin), ABSENT)


def _section(values: object, version: int) -> Section:
    assert isinstance(values, dict)
    return Section(values, _stamped(values), version)


def _stamped(value: object) -> Stamp:
    return Stamp(
        0, 0, [_stamped(inner) for inner in value.values()] if isinstance(value, dict) else []
    )


def plainly(path: Path, old: TwinRow | None, new: TwinRow | None) -> bool:
    """Whether the value at a path is another, asked in the slow way."""
    was, now = (UNDEFINED if row is None else row.lookup(path) for row in (old, new))
    return repr(was) != repr(now)


@given(st.sets(st.sampled_from(PATHS)), st.sets(st.sampled_from(PATHS)), rows(), rows())
def test_what_moves_is_what_differs_at_the_paths_that_are_left(
    added: set[Path], removed: set[Path], old: TwinRow | None, new: TwinRow | None
) -> None:
    watched = Watched()
    for path in added:
        watched.add(path)
    for path in added & removed:
        watched.remove(path)
    wanted = {path for path in added - removed if plainly(path, old, new)}
    moves = watched.moves(1, old, new)
    assert len(moves) == len(wanted)
    assert {move.path for move in moves} == wanted


@given(st.lists(st.sampled_from(PATHS), unique=True))
def test_what_is_removed_leaves_nothing_behind(paths: list[Path]) -> None:
    watched, blank = Watched(), Watched()
    for path in paths:
        watched.add(path)
    for path in reversed(paths):
        watched.remove(path)
    assert vars(watched) == vars(blank)


def test_a_move_tells_what_bitmaps_file() -> None:
    watched, made = Watched(), device("d", {"a": True})
    watched.add(("tags", "a"))
    assert watched.moves(7, None, TwinRow(made, ABSENT)) == [
        Move(("tags", "a"), 7, UNDEFINED, atom_of(True))
    ]
    tagged: Any = device("d", {"a": {"b": 1}})
    assert watched.moves(7, TwinRow(made, ABSENT), TwinRow(tagged, ABSENT)) == [
        Move(("tags", "a"), 7, atom_of(True), OBJECT)
    ]
