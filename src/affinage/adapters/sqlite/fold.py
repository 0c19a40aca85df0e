"""The fold: the newest rows of a stretch of the journal, written to their tables in slices.

A slice is a transaction, and takes a few milliseconds: a commit waits for one at most. A fold may
end anywhere: until its last row is in its table the journal keeps all of them, and then forgets
the oldest first, so what is left of it still wins where it should. No slice is waited for on the
disk: each is behind the commits that it is about in the log, and before those that come later.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import Final, TypeAlias

import apsw

from affinage.adapters.sqlite import journal
from affinage.ports.store import Key, Table

GROUP: Final = 32
"""Devices in the statement `put_devices`: each step asks for the interpreter's lock once."""

RANGE: Final = 4_096
"""Numbers sorted at once: no longer does the loop wait for the interpreter's lock."""

TRIM_ROWS: Final = 1_000
"""Rows of the journal forgotten in one slice: pages are only marked as free."""

Step: TypeAlias = Callable[[], None]
"""Writes or forgets some rows in the transaction that is open."""


class Fold:
    """One fold, of the first ``size_bytes`` of the journal's commits or of all that there are."""

    def __init__(
        self, connection: apsw.Connection, statements: Mapping[str, str], size_bytes: int
    ) -> None:
        self._connection, self._statements = connection, statements
        self._devices: dict[int, dict[int, bytes | None]] = defaultdict(dict)
        self._records: dict[tuple[Table, Key], bytes | None] = {}
        self._gathered: list[tuple[int, int]] = []
        self._left_bytes = size_bytes
        self._steps = self._in_order()
        self.written = self._passed = 0

    def slice(self, most: int) -> bool:
        """Write about ``most`` rows in a transaction of their own; whether it is over."""
        self._connection.pragma("synchronous", "normal")
        try:
            return self._slice(most)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.pragma("synchronous", "full")

    def _slice(self, most: int) -> bool:
        self._connection.execute("BEGIN IMMEDIATE")
        until, is_over = self.work + most, False
        while self.work < until and not is_over:
            step = next(self._steps, None)
            is_over = step is None
            if step is not None:
                step()
        self._connection.execute("COMMIT")
        return is_over

    @property
    def work(self) -> int:
        """Rows written, and a tenth of those gathered or forgotten: so much cheaper they are."""
        return self.written + self._passed // 10

    def _in_order(self) -> Iterator[Step]:
        return chain(self._gather(), self._device_steps(), self._record_steps(), self._trim_steps())

    def _gather(self) -> Iterator[Step]:
        """Nothing to do in the steps: each gathers one commit as it is asked for."""
        ((last,),) = self._connection.execute(self._statements["journal_end"])
        at = 0
        while at < last and self._left_bytes > 0:
            next_commit = self._connection.execute(self._statements["next_commit"], {"seq": at})
            ((at, rows, commit),) = next_commit
            self._add(commit)
            self._gathered.append((at, rows))
            self._left_bytes -= len(commit)
            self._passed += rows
            yield _nothing

    def _add(self, commit: bytes) -> None:
        for table, key, row in journal.decode(commit):
            if table is Table.DEVICES:
                assert isinstance(key, int)
                self._devices[key // RANGE][key] = row
            else:
                self._records[table, key] = row

    def _device_steps(self) -> Iterator[Step]:
        for at in sorted(self._devices):
            devices = sorted(self._devices.pop(at).items())
            put = ((number, row) for number, row in devices if row is not None)
            while group := tuple(islice(put, GROUP)):
                yield partial(self._put_devices, group)
            if gone := [(number,) for number, row in devices if row is None]:
                yield partial(self._delete_devices, gone)

    def _record_steps(self) -> Iterator[Step]:
        for at, row in self._records.items():
            if row is None:
                yield partial(self._write_record, "delete_record", at)
            else:
                yield partial(self._write_record, "put_record", (*at, row))

    def _trim_steps(self) -> Iterator[Step]:
        rows = 0
        for seq, count in self._gathered:
            rows += count
            if rows >= TRIM_ROWS or seq == self._gathered[-1][0]:
                yield partial(self._trim, seq, rows)
                rows = 0

    def _put_devices(self, group: Sequence[tuple[int, bytes]]) -> None:
        if len(group) == GROUP:
            self._connection.execute(self._statements["put_devices"], (*chain(*group),))
        else:
            self._connection.executemany(self._statements["put_device"], group)
        self.written += len(group)

    def _delete_devices(self, numbers: Sequence[tuple[int]]) -> None:
        self._connection.executemany(self._statements["delete_device"], numbers)
        self.written += len(numbers)

    def _write_record(self, name: str, values: tuple[Key | bytes, ...]) -> None:
        self._connection.execute(self._statements[name], values)
        self.written += 1

    def _trim(self, seq: int, rows: int) -> None:
        self._connection.execute(self._statements["trim_journal"], {"seq": seq})
        self._passed += rows


def _nothing() -> None: ...
