"""What the hub keeps: rows of bytes in a few tables, written together or not at all.

The fleet in memory decides and remembers; a store only makes durable, and is read once, at the
start; of what no memory holds, as the audit log, it gives pages. Each adapter passes
tests/contract/test_store.py.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

Key: TypeAlias = int | str


class Table(StrEnum):
    """What there are rows of, and what their key is."""

    DEVICES = "devices"
    """Its number (an integer): the device, its twin, its modules and theirs."""
    CONFIGURATIONS = "configurations"
    """Its id."""
    SWEEPS = "sweeps"
    """The configuration's id: how far a change of it has been carried out."""
    PRESENCE = "presence"
    """``device`` or ``device/module``: whether it is connected."""
    SUBSCRIPTIONS = "subscriptions"
    """``device`` or ``device/module``: its MQTT filters."""
    POLICIES = "policies"
    """Its name."""
    MARKS = "marks"
    """What is marked: a number that only grows."""
    JOBS = "jobs"
    """The job's id."""
    TRANSFERS = "transfers"
    """The transfer's id: itself and its addresses, sealed."""
    OUTCOMES = "outcomes"
    """The job's id, a slash, the number of the device or module: what became of it there."""
    MESSAGES = "messages"
    """``device`` or ``device/module``: what waits to be delivered to it. ``/`` and a number: what
    became of a message, until its sender has taken notice."""
    UPLOADS = "uploads"
    """The correlation id: an upload that is open. ``/`` and a number: what back ends are to be told
    of one."""
    GROUPS = "groups"
    """The group's name."""
    AUTHORITIES = "authorities"
    """The name of the certificate authority."""
    PROVISIONING = "provisioning"
    """``idScope``: what tells it from others. ``hub/`` and a host: a hub that is linked."""
    ENROLLMENTS = "enrollments"
    """The registration id, or ``group/`` and the id of the enrollment group; in lower case."""
    REGISTRATIONS = "registrations"
    """The registration id, in lower case."""
    AUDIT = "audit"
    """The entry's number, in a width that sorts."""


class Row(NamedTuple):
    """One row to write; a body of None deletes it, and deleting what is not there is fine."""

    table: Table
    key: Key
    body: bytes | None


class StoreFigures(NamedTuple):
    """What a store has done since it was opened, and what it has left to do."""

    commits: int = 0
    rows: int = 0
    """Rows that were committed."""
    journal_rows: int = 0
    """Rows that are durable and not folded into their tables yet; 0 where there is no journal."""
    folded_rows: int = 0
    """Rows written to their tables; fewer than were committed, as the newest of a key wins."""
    failed_folds: int = 0
    """Folds given up, as of a full disk; the journal keeps what they were about."""
    checkpoints: int = 0


class Store(Protocol):
    def read(self, table: Table) -> Iterator[tuple[Key, bytes]]:
        """Every row of a table, in the order of its keys. Blocks; call it before serving.

        Raises:
            Unavailable: it cannot be read, or no further than what has been given.
        """
        ...

    def page(self, table: Table, *, before: Key | None, limit: int) -> list[tuple[Key, bytes]]:
        """The last rows of a table, the greatest key first: of the keys below ``before``, None
        for all. Not for DEVICES. Blocks; also a store that serves may be asked, in a thread.
        Unavailable as of `read`.
        """
        ...

    async def commit(self, rows: Sequence[Row]) -> None:
        """Write all the rows durably, in their order, or none.

        Raises:
            Unavailable: nothing was written, unless the store is across a network and was lost
                while it answered.
        """
        ...

    def figures(self) -> StoreFigures:
        """How it is; cheap, and never waits."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let the store go; nothing may be committed after."""
        ...
