"""Which rows have which value at a path, and how a change of a row moves them."""

from typing import Any

import pytest
from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.device import ABSENT, Device, Presence
from affinage.domain.identity import Credentials, Identity
from affinage.domain.query.syntax import UNDEFINED, Path
from affinage.domain.row import TwinRow
from affinage.domain.stamps import Stamp, restamp
from affinage.domain.twin import Section, Twin
from affinage.services.fleet.bitmaps import MAX_VALUES, Bitmaps
from affinage.services.fleet.watched import Move

RING: Path = ("tags", "ring")
CONNECTED: Path = ("connectionState",)


def row(presence: Presence = ABSENT, **tags: Any) -> TwinRow:
    blank = Section({}, Stamp(0))
    device = Device("d", Identity("1", 1, Credentials()), Twin(tags, blank, blank), number=1)
    return TwinRow(device, presence)


def reporting(**values: Any) -> TwinRow:
    bare = row()
    stamps = restamp(None, {}, values, values, Stamp(0))
    twin = replace(bare.twin, reported=Section(values, stamps, version=len(values)))
    return TwinRow(replace(bare.device, twin=twin), ABSENT)


def watching(*paths: Path) -> Bitmaps:
    bitmaps = Bitmaps()
    for path in paths:
        assert bitmaps.watch(path)
    bitmaps.complete(paths)
    return bitmaps


def moved(bitmaps: Bitmaps, old: TwinRow | None, new: TwinRow | None) -> list[Path]:
    """The paths at which row 1 moves; the moves are made."""
    moves = bitmaps.moves(1, old, new)
    for move in moves:
        bitmaps.apply(move)
    return [move.path for move in moves]


def test_a_row_is_found_by_its_value_and_by_no_other() -> None:
    bitmaps = watching(RING)
    moved(bitmaps, None, row(ring="canary"))
    found = bitmaps.path(RING)
    assert found
    assert found.equal("canary") == found.defined == found.primitive == BitMap([1])
    assert not found.equal("prod")


def test_true_is_not_one_and_one_is_one_point_nought() -> None:
    bitmaps = watching(RING)
    moved(bitmaps, None, row(ring=True))
    assert moved(bitmaps, row(ring=True), row(ring=1)) == [RING]
    found = bitmaps.path(RING)
    assert found
    assert (found.equal(1), found.equal(1.0), found.equal(True)) == (
        BitMap([1]),
        BitMap([1]),
        BitMap(),
    )
    assert moved(bitmaps, row(ring=1), row(ring=1.0)) == []


def test_an_object_is_defined_and_equal_to_nothing() -> None:
    bitmaps = watching(RING)
    moved(bitmaps, None, row(ring={"of": "fire"}))
    found = bitmaps.path(RING)
    assert found
    assert (found.defined, found.primitive, found.equal(None)) == (BitMap([1]), BitMap(), BitMap())


def test_a_row_that_goes_leaves_nothing_behind() -> None:
    bitmaps = watching(RING)
    moved(bitmaps, None, row(ring="canary"))
    assert moved(bitmaps, row(ring="canary"), None) == [RING]
    found = bitmaps.path(RING)
    assert found
    assert (found.values, found.defined) == ({}, BitMap())


@pytest.mark.parametrize(
    ("old", "new"),
    [(["a"], ["b"]), ({"x": 1}, {"x": True}), ({}, []), ([], [[]])],
)
def test_from_one_array_or_object_to_another_is_a_move(old: Any, new: Any) -> None:
    """ARRAY_CONTAINS, ARRAY_LENGTH, IS_ARRAY and IS_OBJECT look into what bitmaps cannot."""
    bitmaps = watching(RING, ("properties", "reported"))
    assert moved(bitmaps, row(ring=old), row(ring=new)) == [RING]
    assert moved(bitmaps, reporting(ring=old), reporting(ring=new)) == [("properties", "reported")]


def test_what_is_rewritten_with_its_own_value_does_not_move() -> None:
    bitmaps = watching(RING)
    assert moved(bitmaps, row(ring=["a"], n=1), row(ring=["a"], n=2)) == []


def test_a_member_below_moves_when_what_is_above_it_goes() -> None:
    below: Path = ("tags", "ring", "of")
    bitmaps = watching(RING, below)
    assert moved(bitmaps, None, row(ring={"of": "fire"})) == [RING, below]
    assert moved(bitmaps, row(ring={"of": "fire"}), row(ring="of fire")) == [RING, below]
    assert moved(bitmaps, row(ring={"of": "fire"}), row()) == [RING, below]


def test_the_walk_goes_through_whichever_names_fewer_members() -> None:
    bitmaps = watching(RING, *[("tags", f"other{number}") for number in range(9)])
    assert moved(bitmaps, row(ring="a", x=1), row(ring="b", x=2)) == [RING]


@pytest.mark.parametrize(
    "path",
    [
        ("properties", "reported", "list", 0),
        ("properties", "reported", "$version"),
        ("properties", "reported", "$metadata", "$lastUpdatedVersion"),
        ("properties", "reported", "list"),
        ("version",),
    ],
)
def test_paths_of_every_shape_are_found_where_lookup_finds_them(path: Path) -> None:
    bitmaps = watching(path)
    before, after = reporting(list=["a"]), reporting(list=["b"], more=1)
    moved(bitmaps, None, before)
    moved(bitmaps, before, after)
    fresh = watching(path)
    fresh.see(after, 1, [path])
    found, wanted = bitmaps.path(path), fresh.path(path)
    assert found
    assert wanted
    assert (found.values, found.defined) == (wanted.values, wanted.defined)


def test_the_status_of_a_configuration_moves() -> None:
    path: Path = ("configurations", "one", "status")
    bitmaps = watching(path)
    bare = row()
    applied = replace(bare.device, twin=replace(bare.twin, statuses={"one": "Applied"}))
    assert moved(bitmaps, bare, TwinRow(applied, ABSENT)) == [path]
    found = bitmaps.path(path)
    assert found
    assert found.equal("Applied") == BitMap([1])


def test_the_state_of_a_connection_moves_though_no_twin_does() -> None:
    bitmaps = watching(CONNECTED)
    assert moved(bitmaps, row(), row(Presence(connected=True))) == [CONNECTED]


def test_until_it_is_complete_a_path_is_kept_up_but_not_used() -> None:
    bitmaps = Bitmaps()
    assert bitmaps.watch(RING)
    assert not bitmaps.watch(RING)
    moved(bitmaps, None, row(ring="canary"))
    assert bitmaps.path(RING) is None
    bitmaps.complete([RING, CONNECTED])
    assert bitmaps.path(RING)
    assert bitmaps.path(CONNECTED) is None


def test_a_row_may_be_seen_before_or_after_it_moves() -> None:
    before, after = watching(RING), watching(RING)
    old, new = row(ring="canary"), row(ring="prod")
    before.see(old, 1, [RING])
    moved(before, old, new)
    moved(after, old, new)
    after.see(new, 1, [RING])
    assert before.paths[RING].values == after.paths[RING].values == {"prod": BitMap([1])}


def test_a_path_with_too_many_values_is_dropped_yet_its_moves_are_told() -> None:
    bitmaps = watching(RING)
    for number in range(MAX_VALUES):
        bitmaps.apply(Move(RING, number, UNDEFINED, number))
    assert bitmaps.path(RING)
    bitmaps.apply(Move(RING, MAX_VALUES, UNDEFINED, MAX_VALUES))
    assert bitmaps.path(RING) is None
    assert not bitmaps.watch(RING)
    bitmaps.see(row(ring="a"), 1, [RING])
    assert moved(bitmaps, row(ring="a"), row(ring="b")) == [RING]


def test_a_path_that_is_dropped_is_watched_no_more_and_may_be_again() -> None:
    bitmaps = watching(RING, CONNECTED)
    moved(bitmaps, None, row(ring="a"))
    bitmaps.drop(RING)
    assert bitmaps.path(RING) is None
    assert moved(bitmaps, row(ring="a"), row(ring="b")) == []
    assert bitmaps.watches_presence
    bitmaps.drop(CONNECTED)
    assert not bitmaps.watches_presence
    assert bitmaps.watch(RING)
    assert bitmaps.paths[RING].values == {}


def refusing(path: Path) -> Bitmaps:
    bitmaps = watching(path)
    for number in range(MAX_VALUES + 1):
        bitmaps.apply(Move(path, number, UNDEFINED, number))
    assert bitmaps.refused == {path}
    return bitmaps


def test_a_refused_path_may_be_dropped_too() -> None:
    bitmaps = refusing(RING)
    bitmaps.drop(RING)
    assert bitmaps.refused == set()
    assert moved(bitmaps, row(ring="a"), row(ring="b")) == []


def test_a_refused_path_that_is_tried_again_has_bitmaps_once_its_rows_are_seen() -> None:
    bitmaps = refusing(RING)
    bitmaps.retry(RING)
    assert bitmaps.path(RING) is None
    bitmaps.see(row(ring="a"), 1, [RING])
    bitmaps.complete([RING])
    found = bitmaps.path(RING)
    assert found
    assert (bitmaps.refused, found.equal("a")) == (set(), BitMap([1]))
