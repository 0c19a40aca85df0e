"""What a store holds after the power was lost: every acknowledged commit, and no half of one.

One run of seeded commits, with folds, checkpoints, migrations, deletions and a restart, is recorded
as it reaches the disk. Then the power is lost at many points of the record, again and again, and
what is left is opened as any start does. AFFINAGE_POWER_LOSSES says at how many points.
"""

import asyncio
import os
import random
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from affinage.adapters.sqlite.fold import Fold, Step
from affinage.adapters.sqlite.store import SqliteStore
from affinage.domain.errors import Unavailable
from affinage.ports.store import Key, Row, StoreFigures, Table
from fakes.lossy_disk import Disk, Mark, RecordingVfs

pytestmark = pytest.mark.system

POINTS: Final = int(os.environ.get("AFFINAGE_POWER_LOSSES", "600"))
COMMITS: Final = 160

Held = dict[tuple[Table, Key], bytes]


class Lost(Exception):
    """What was found is not what it may be."""


class Life:
    """One recorded run of a store, and what it held after each commit."""

    def __init__(self, folder: Path, kind: type[SqliteStore], seed: int) -> None:
        self._name = f"recording-{folder.name}-{seed}"
        self.vfs = RecordingVfs(self._name)
        self.held: list[Held] = [{}]
        chance = random.Random(seed)
        self.figures = [self._live(kind, folder / "hub.db", chance) for _ in range(2)]

    def _live(self, kind: type[SqliteStore], path: Path, chance: random.Random) -> StoreFigures:
        store = kind(path, vfs=self._name, fold_bytes=30_000, log_pages=60)
        asyncio.run(self._commit(store, chance))
        return store.figures()

    async def _commit(self, store: SqliteStore, chance: random.Random) -> None:
        for _ in range(COMMITS // 2):
            rows = [_any_row(chance) for _ in range(chance.choice([1, 3, 30]))]
            self.held.append(_after(self.held[-1], rows))
            await store.commit(rows)
            self.vfs.add(Mark(len(self.held) - 1))
        await store.close()


def _any_row(chance: random.Random) -> Row:
    body = None if chance.random() < 0.2 else chance.randbytes(chance.randrange(300))
    if chance.random() < 0.8:
        return Row(Table.DEVICES, chance.randrange(150), body)
    return Row(chance.choice([Table.PRESENCE, Table.SWEEPS]), f"k{chance.randrange(20)}", body)


def _after(held: Held, rows: Sequence[Row]) -> Held:
    new = dict(held)
    for table, key, body in rows:
        if body is None:
            new.pop((table, key), None)
        else:
            new[table, key] = body
    return new


def lose_power_often(life: Life, folder: Path, points: int, seed: int) -> None:
    """Lose the power at many points; Lost, with the point, where a store is not as it must be."""
    chance, disk = random.Random(seed), Disk(life.vfs.record)
    found_at = sorted(chance.randrange(len(life.vfs.record) + 1) for _ in range(points))
    for number, at in enumerate(found_at):
        disk.go_to(at)
        place = folder / str(number)
        place.mkdir()
        disk.lose_power(place, chance)
        try:
            _look(place / "hub.db", life.held[disk.mark : disk.mark + 2])
        except (Lost, Unavailable) as error:
            raise Lost(f"at {at} of {len(life.vfs.record)}: {error}") from error


def _look(path: Path, admitted: Sequence[Held]) -> None:
    store = SqliteStore(path)
    try:
        if faults := store.faults():
            raise Lost(str(faults))
        held = {(table, key): body for table in Table for key, body in store.read(table)}
        if held not in admitted:
            raise Lost("neither the last acknowledged commit nor the one under way is there")
    finally:
        asyncio.run(store.close())


@pytest.mark.parametrize("seed", range(3))
def test_no_acknowledged_commit_is_lost_and_none_is_there_by_half(
    tmp_path: Path, seed: int
) -> None:
    life = Life(tmp_path, SqliteStore, seed)
    assert all(figures.folded_rows > 100 and figures.checkpoints for figures in life.figures)
    lose_power_often(life, tmp_path, POINTS // 3, seed)


class Hasty(SqliteStore):
    """Does not wait for the disk at each commit."""

    mode = "normal"

    def _write(self, rows: Sequence[Row]) -> None:
        self._connection.pragma("synchronous", self.mode)
        super()._write(rows)


class Careless(Hasty):
    """Never waits for the disk."""

    mode = "off"


class ForgetfulFold(Fold):
    """Forgets the journal's commits before it has written them."""

    def _in_order(self) -> Iterator[Step]:
        return chain(self._gather(), self._trim_steps(), self._device_steps(), self._record_steps())


class Forgetful(SqliteStore):
    fold_of = ForgetfulFold


@pytest.mark.parametrize("kind", [Hasty, Careless, Forgetful])
def test_a_store_that_would_lose_a_commit_is_found_out(
    tmp_path: Path, kind: type[SqliteStore]
) -> None:
    life = Life(tmp_path, kind, 1)
    with pytest.raises(Lost):
        lose_power_often(life, tmp_path, 400, 1)
