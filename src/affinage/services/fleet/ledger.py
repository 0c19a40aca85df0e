"""The end of the audit log, as the writer adds to it: entries ride in the commits of their changes.

A commit that fails leaves the chain as it was: what its entries would have been is forgotten.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import to_builtins
from msgspec.structs import replace

from affinage.domain import audit
from affinage.domain.audit import Anchor, Deed, Entry
from affinage.domain.configuration import Configuration
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.ports.store import Row, Store, Table
from affinage.services.fleet import codec
from affinage.services.fleet.unit import Change, View

ANCHOR: Final = "audit"
"""The key among the marks of where the log begins."""


class Ledger:
    def __init__(self) -> None:
        self.tip = Anchor()
        """The newest entry, as committed."""
        self.anchor = Anchor()
        """Where the log begins, as committed."""

    def read(self, store: Store) -> None:
        """Find both ends of the log. Blocks."""
        self.anchor = anchor_of(store)
        rows = store.page(Table.AUDIT, before=None, limit=1)
        if rows:
            last = codec.decode(rows[0][1], Entry)
            self.tip = Anchor(last.number, last.hash)
        else:
            self.tip = self.anchor

    def entries(self, deeds: Sequence[Deed], at: Millis) -> list[Entry]:
        """What the deeds of one commit add to the log."""
        made, tip = list[Entry](), self.tip
        for deed in deeds:
            made.append(audit.entry(deed, tip, at))
            tip = Anchor(made[-1].number, made[-1].hash)
        return made

    def take(self, entries: Sequence[Entry]) -> None:
        """They are committed."""
        if entries:
            self.tip = Anchor(entries[-1].number, entries[-1].hash)


def pruning(entries: Sequence[Entry], anchor: Anchor) -> list[Row]:
    """What forgets these entries, and says what the rest follows."""
    gone = [Row(Table.AUDIT, key_of(entry.number), None) for entry in entries]
    return [*gone, Row(Table.MARKS, ANCHOR, codec.encode(anchor))]


def anchor_of(store: Store) -> Anchor:
    """Where the log begins. Blocks."""
    marks = dict(store.read(Table.MARKS))
    return codec.decode(marks[ANCHOR], Anchor) if ANCHOR in marks else Anchor()


def read_entries(store: Store, before: int | None, limit: int) -> list[Entry]:
    """Entries, newest first: those below a number, None for all. Blocks."""
    behind = None if before is None else key_of(before)
    rows = store.page(Table.AUDIT, before=behind, limit=limit)
    return [codec.decode(body, Entry) for _, body in rows]


def key_of(number: int) -> str:
    """An entry's key in the store: as wide as the greatest of all, so that keys sort."""
    return f"{number:019}"


def row(entry: Entry) -> Row:
    return Row(Table.AUDIT, key_of(entry.number), codec.encode(entry))


def digested(change: Change[Any], view: View) -> list[Deed]:
    """The deeds of a change with the digests of what they are about, before it is written.

    Source: AUDIT-3.
    """
    return [_digested(deed, change, view) for deed in change.deeds]


def _digested(deed: Deed, change: Change[Any], view: View) -> Deed:
    """What is none of these has brought its own digests, or has none."""
    before: str | None
    after: str | None
    name = deed.subject
    match deed.action.partition(".")[0]:
        case "device" | "twin" if (key := TwinKey.parse(name)).device in change.devices:
            old, new = view.find(key.device), change.devices[key.device]
            before, after = audit.digest_of(old, key), audit.digest_of(new, key)
        case "configuration" if name in change.configurations:
            pair = view.configuration(name), change.configurations[name]
            before, after = map(_of_configuration, pair)
        case "group" if name in change.groups:
            groups = view.rulebook.groups.by_name.get(name), change.groups[name]
            before, after = (audit.digest(to_builtins(one)) for one in groups)
        case _:
            return _named(deed)
    return _named(replace(deed, before=before, after=after))


def _named(deed: Deed) -> Deed:
    """With what was done in the place of ``write``: that is known only now."""
    kind, _, verb = deed.action.partition(".")
    if kind == "device" and "/" in deed.subject:
        kind = "module"
    if verb == "write":
        verb = "create" if deed.before is None else "delete" if deed.after is None else "update"
    return replace(deed, action=f"{kind}.{verb}")


def _of_configuration(one: Configuration | None) -> str | None:
    return None if one is None or one.tombstone else audit.digest(to_builtins(one))
