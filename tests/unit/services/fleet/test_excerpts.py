"""An excerpt says what the whole row says, of the paths that it was made for."""

from typing import Final

import pytest

from affinage.domain.device import ABSENT
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Path
from affinage.domain.row import TwinRow
from affinage.domain.twin import new_twin, report
from affinage.services.fleet import codec
from affinage.services.fleet.excerpts import reader
from fakes.commits import device

INSIDE: Final[list[Path]] = [
    ("tags", "ring"),
    ("tags", "place", "floor"),
    ("tags", "list", 1),
    ("tags", "nowhere", "x"),
    ("properties", "desired", "fw", "v"),
    ("properties", "reported", "fw"),
    ("properties", "reported", "nowhere"),
]
OUTSIDE: Final[list[Path]] = [
    ("tags",),
    ("deviceId",),
    ("properties", "desired"),
    ("properties", "desired", "$version"),
    ("properties", "reported", "$metadata", "$lastUpdated"),
    ("configurations", "one", "status"),
]
KEY: Final = TwinKey("d")
TWIN: Final = report(
    KEY,
    new_twin(0, {"ring": "a", "place": {"floor": 2}, "list": ["x", "y"]}, {"fw": {"v": 1}}),
    {"fw": {"v": 2}},
    at=1,
)
MADE: Final = device("d").with_twin(KEY, TWIN)


@pytest.mark.parametrize("path", INSIDE, ids=str)
def test_an_excerpt_says_what_the_row_says(path: Path) -> None:
    read = reader([path])
    assert read
    assert read(codec.encode(MADE)).lookup(path) == TwinRow(MADE, ABSENT).lookup(path)


def test_several_sections_are_read_together() -> None:
    read, row = reader(INSIDE), TwinRow(MADE, ABSENT)
    assert read
    excerpt = read(codec.encode(MADE))
    assert [excerpt.lookup(path) for path in INSIDE] == [row.lookup(path) for path in INSIDE]


@pytest.mark.parametrize("path", OUTSIDE, ids=str)
def test_what_is_in_no_section_takes_the_whole_row(path: Path) -> None:
    assert reader([path]) is None
    assert reader([*INSIDE, path]) is None
    row = reader(INSIDE)
    assert row
    with pytest.raises((AssertionError, AttributeError)):
        row(codec.encode(MADE)).lookup(("deviceId",))
