"""Measure the store alone: commits of random devices, with the fold beside them.

    python bench/bench_store.py [--devices 300000] [--rows 300000] [--batch 256] [--in-place]

``--in-place`` writes each row to its table at once, in the same file: what the journal is compared
with (ADR 0015). Figures of CPU hold on a busy machine; those of the clock do not.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from affinage.adapters.sqlite.store import FOLD_BYTES, SqliteStore
from affinage.ports.store import Row, Table

BODY_BYTES: Final = (400, 1_500)


class InPlaceStore(SqliteStore):
    """Without a journal: each commit is an upsert of each row."""

    def _write(self, rows: Sequence[Row]) -> None:
        put_in_place(self, rows)


def put_in_place(store: SqliteStore, rows: Sequence[Row]) -> None:
    put = "REPLACE INTO devices (number, body) VALUES (?, ?)"
    store._connection.execute("BEGIN IMMEDIATE")
    store._connection.executemany(put, [(row.key, row.body) for row in rows])
    store._connection.execute("COMMIT")
    store._checkpoints.look()


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        kind = InPlaceStore if given.in_place else SqliteStore
        store = kind(Path(folder) / "hub.db", fold_bytes=given.fold_bytes)
        print(json.dumps(asyncio.run(_measure(store, given))))


async def _measure(store: SqliteStore, given: argparse.Namespace) -> dict[str, object]:
    chance = random.Random(1)
    bodies = [chance.randbytes(chance.randint(*BODY_BYTES)) for _ in range(1_000)]
    with_all = [Row(Table.DEVICES, n, bodies[n % 1_000]) for n in range(given.devices)]
    put_in_place(store, with_all)  # the fleet as it is
    batches = [
        [
            Row(Table.DEVICES, chance.randrange(given.devices), chance.choice(bodies))
            for _ in range(given.batch)
        ]
        for _ in range(given.rows // given.batch)
    ]
    for rows in batches[: len(batches) // 4]:  # until the fold is under way
        await store.commit(rows)
    return await _timed(store, batches[len(batches) // 4 :], given)


async def _timed(
    store: SqliteStore, batches: Sequence[Sequence[Row]], given: argparse.Namespace
) -> dict[str, object]:
    took: list[float] = []
    cpu, wall, written = sum(os.times()[:2]), time.perf_counter(), _written_bytes()
    before, loop_cpu = store.figures(), time.thread_time()
    for rows in batches:
        at = time.perf_counter()
        committing = asyncio.ensure_future(store.commit(rows))
        await asyncio.sleep(0)
        _work(given.busy_us * len(rows))
        await committing
        took.append((time.perf_counter() - at) * 1_000)
    loop_cpu = time.thread_time() - loop_cpu
    cpu, wall = sum(os.times()[:2]) - cpu, time.perf_counter() - wall
    written, after = _written_bytes() - written, store.figures()
    await store.close()
    count = len(batches) * given.batch
    took.sort()
    return {
        "way": "in place" if given.in_place else "journal",
        "devices": given.devices,
        "batch": given.batch,
        "busy_us": given.busy_us,
        "rows": count,
        "rows_per_s": round(count / wall),
        "cpu_us_per_row": round(cpu / count * 1e6, 2),
        "loop_cpu_us_per_row": round(loop_cpu / count * 1e6, 2),
        "commit_ms": {name: round(_at(took, share), 2) for name, share in _SHARES.items()},
        "written_bytes_per_row": round(written / count),
        "folded_rows": after.folded_rows - before.folded_rows,
        "journal_rows": after.journal_rows,
        "checkpoints": after.checkpoints - before.checkpoints,
        "failed_folds": after.failed_folds,
    }


def _work(time_us: float) -> None:
    """Keep the interpreter's lock as the loop of a hub does, that goes on meanwhile."""
    until = time.thread_time() + time_us / 1e6
    while time.thread_time() < until:
        pass


_SHARES: Final = {"p50": 0.5, "p99": 0.99, "max": 1.0}


def _at(took: Sequence[float], share: float) -> float:
    return took[min(len(took) - 1, int(share * len(took)))]


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--devices", type=int, default=300_000)
    reader.add_argument("--rows", type=int, default=600_000)
    reader.add_argument("--batch", type=int, default=256)
    reader.add_argument("--in-place", action="store_true")
    reader.add_argument("--busy-us", type=float, default=0, help="the loop's own work, a row")
    reader.add_argument("--fold-bytes", type=int, default=FOLD_BYTES)
    reader.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    return reader.parse_args()


if __name__ == "__main__":
    main()
