"""Few records of one kind, by name: as of the last commit, and as a unit in the making sees them.

For what there are dozens of, as policies. What there may be a million of is kept as bytes, and not
looked through as a whole: see `provisioning.book`.
"""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import View

Record = TypeVar("Record", bound=Struct)


class Records(Mapping[str, Record], Generic[Record]):
    """Those that are committed, once they are open."""

    def __init__(
        self,
        fleet: Fleet,
        kind: type[Record],
        table: Table,
        *,
        prefix: str = "",
        begin: Mapping[str, Record] | None = None,
    ) -> None:
        """Rows of the table count whose keys begin with ``prefix``; ``begin`` needs no row."""
        self._fleet, self._kind, self._table, self._prefix = fleet, kind, table, prefix
        self._known = dict(begin or {})

    def __getitem__(self, name: str) -> Record:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def open(self) -> None:
        """Read the store, and follow what is committed."""
        for key, body in self._fleet.saved(self._table):
            self._take(self._known, Row(self._table, key, body))
        self._fleet.listen(self._committed)

    def seen(self, view: View) -> dict[str, Record]:
        """Those that are committed, and what the units before this one make of them."""
        known = dict(self._known)
        for row in view.written(self._table):
            self._take(known, row)
        return known

    def row(self, name: str, record: Record | None) -> Row:
        """What writes the record of that name; None deletes it."""
        return Row(self._table, self._prefix + name, codec.encode(record) if record else None)

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table is self._table:
                self._take(self._known, row)

    def _take(self, known: dict[str, Record], row: Row) -> None:
        key = str(row.key)
        if not key.startswith(self._prefix):
            return
        name = key.removeprefix(self._prefix)
        if row.body is None:
            known.pop(name, None)
        else:
            known[name] = codec.decode(row.body, self._kind)
