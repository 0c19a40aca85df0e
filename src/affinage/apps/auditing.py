"""Verifying an audit log: over the API of a hub that runs, or in the folder of an idle one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from affinage.adapters.sqlite.store import SqliteStore
from affinage.domain.audit import Anchor, Entry, fault, fault_at_the_beginning, read
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.fleet.ledger import anchor_of

PAGE: Final = 1_000


@dataclass
class Verification:
    """What was found; ``faults`` name the entries that are broken."""

    entries: int = 0
    faults: list[str] = field(default_factory=list)
    tip: Entry | None = None
    """The newest entry: whoever notes its hash elsewhere finds any later change before it."""
    _newer: Entry | None = None

    def add(self, one: Entry) -> None:
        """The next older entry."""
        self.entries += 1
        self.tip = self.tip or one
        if problem := fault(one, self._newer):
            self.faults.append(problem)
        self._newer = one

    def end(self, anchor: Anchor) -> None:
        """There are no older ones."""
        if problem := fault_at_the_beginning(self._newer, anchor):
            self.faults.append(problem)

    @property
    def document(self) -> JsonObject:
        newest: JsonObject = {}
        if self.tip:
            newest = {"number": self.tip.number, "hash": self.tip.hash}
        return {"entries": self.entries, "newest": newest, "faults": [*self.faults]}


def verify_folder(data: Path) -> Verification:
    """Of a hub that does not run; Unavailable if none has served from the folder. Blocks."""
    store, found, before = SqliteStore(data / "hub.db", read_only=True), Verification(), None
    while rows := store.page(Table.AUDIT, before=before, limit=PAGE):
        for key, body in rows:
            before = key
            try:
                found.add(codec.decode(body, Entry))
            except (msgspec.MsgspecError, ValueError):  # whatever a torn row makes of a decoder
                found.faults.append(f"entry {str(key).lstrip('0')} cannot be read")
    found.end(anchor_of(store))
    return found


async def verify_pages(pages: AsyncIterator[JsonObject]) -> Verification:
    """Of a hub that runs, from the pages of its log.

    Raises:
        Malformed: what the hub gives is no page of a log.
    """
    found, anchor = Verification(), Anchor()
    async for page in pages:
        entries = page.get("entries")
        for one in entries if isinstance(entries, list) else ():
            found.add(read(one))
        anchor = Anchor(**msgspec.convert(page.get("anchor"), dict[str, Any]))
    found.end(anchor)
    return found
