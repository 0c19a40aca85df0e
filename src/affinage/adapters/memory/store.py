"""The store in a dict: the reference that the other stores are compared with."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from affinage.domain.errors import Unavailable
from affinage.ports.store import Key, Row, StoreFigures, Table


async def _no_disk() -> None: ...


class MemoryStore:
    def __init__(self, sync: Callable[[], Awaitable[None]] = _no_disk) -> None:
        """``sync`` stands where a disk would: each commit awaits it, an OSError fails it."""
        self._sync = sync
        self._tables: dict[Table, dict[Key, bytes]] = {table: {} for table in Table}
        self._figures = StoreFigures()

    def read(self, table: Table) -> Iterator[tuple[Key, bytes]]:
        yield from sorted(self._tables[table].items())

    def page(self, table: Table, *, before: Key | None, limit: int) -> list[tuple[Key, bytes]]:
        rows = [(key, body) for key, body in self.read(table) if before is None or key < before]  # type: ignore[operator]  # keys of one table
        return rows[: -limit - 1 : -1]

    async def commit(self, rows: Sequence[Row]) -> None:
        try:
            await self._sync()
        except OSError as error:
            raise Unavailable(f"the commit failed: {error}") from error
        for table, key, body in rows:
            if body is None:
                self._tables[table].pop(key, None)
            else:
                self._tables[table][key] = body
        done = self._figures
        self._figures = StoreFigures(done.commits + 1, done.rows + len(rows))

    def figures(self) -> StoreFigures:
        return self._figures

    async def close(self) -> None: ...
