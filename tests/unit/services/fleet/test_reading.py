"""Rows as far as they are needed."""

import pytest

from affinage.domain.query.syntax import UNDEFINED, Collection, Path
from affinage.domain.row import TwinRow
from affinage.services.fleet.excerpts import Excerpt
from affinage.services.fleet.reading import reader
from fakes.commits import Commits, deleting, device, putting

RING: Path = ("tags", "ring")


@pytest.fixture
def hub() -> Commits:
    hub = Commits()
    hub.run(putting(device("d", {"ring": "a"}, "m"), device("gone")))
    hub.run(deleting("gone"))
    return hub


@pytest.mark.parametrize(
    ("collection", "paths", "shape"),
    [
        (Collection.DEVICES, [RING], Excerpt),
        (Collection.DEVICES, [RING, ("deviceId",)], TwinRow),
        (Collection.MODULES, [RING], TwinRow),
    ],
)
def test_a_row_is_read_as_far_as_its_paths_need(
    hub: Commits, collection: Collection, paths: list[Path], shape: type
) -> None:
    row = reader(hub.memory, collection, paths)(1)
    assert row
    assert isinstance(row, shape)
    assert row.lookup(RING) == ("a" if collection is Collection.DEVICES else UNDEFINED)


@pytest.mark.parametrize("paths", [[RING], [("deviceId",)]])
def test_a_row_that_is_gone_is_none(hub: Commits, paths: list[Path]) -> None:
    assert reader(hub.memory, Collection.DEVICES, paths)(2) is None
