"""Whether every row of the store can be read as what it should be, before a fleet is made of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from affinage.domain.audit import Entry
from affinage.domain.authorities import Authority
from affinage.domain.configuration import Configuration
from affinage.domain.device import Presence
from affinage.domain.feedback import Feedback
from affinage.domain.messages import Queue
from affinage.domain.policy import Policy
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.registration import Registration
from affinage.domain.uploads import Notice, Upload
from affinage.ports.store import Store, Table
from affinage.services.checks.finding import Finding, Progress, Severity, some
from affinage.services.fleet import codec
from affinage.services.generations import Mark
from affinage.services.sessions import Subscriptions
from affinage.services.sweeps import Sweep

CHECK: Final = "store"

_RESTORE: Final = "restore the last backup: `affinage restore FILE`"


def _waiting(body: bytes) -> Queue | Feedback:
    """What waits for an identity, or for whoever sent something to one."""
    try:
        return codec.decode(body, Queue)
    except msgspec.ValidationError:
        return codec.decode(body, Feedback)


def _uploaded(body: bytes) -> Upload | Notice:
    """An upload that is open, or what back ends are told of one."""
    try:
        return codec.decode(body, Upload)
    except msgspec.ValidationError:
        return codec.decode(body, Notice)


_READ: Final[Mapping[Table, Callable[[bytes], Any]]] = {
    Table.DEVICES: codec.device,
    Table.CONFIGURATIONS: partial(codec.decode, shape=Configuration),
    Table.SWEEPS: partial(codec.decode, shape=Sweep),
    Table.PRESENCE: partial(codec.decode, shape=Presence),
    Table.SUBSCRIPTIONS: partial(codec.decode, shape=Subscriptions),
    Table.MESSAGES: _waiting,
    Table.POLICIES: partial(codec.decode, shape=Policy),
    Table.AUTHORITIES: partial(codec.decode, shape=Authority),
    Table.ENROLLMENTS: partial(codec.decode, shape=Enrollment),
    Table.REGISTRATIONS: partial(codec.decode, shape=Registration),
    Table.MARKS: partial(codec.decode, shape=Mark),
    Table.UPLOADS: _uploaded,
    Table.AUDIT: partial(codec.decode, shape=Entry),
}


class Rows:
    def __init__(self, store: Store, faults: Callable[[], Sequence[str]]) -> None:
        """``faults`` are what the store itself finds wrong with its file."""
        self._store, self._faults = store, faults

    async def check(self, _: Progress) -> Sequence[Finding]:
        """Read everything once. Blocks: for a store that nobody serves from."""
        wrong, rows = [*self._faults()], 0
        for table in _READ:
            for problem in self._problems(table):
                rows += not problem
                wrong += [problem] if problem else []
        if wrong:
            what = f"{len(wrong)} faults are in the store"
            return [Finding(CHECK, Severity.PROBLEM, what, _RESTORE, some(wrong))]
        return [Finding(CHECK, Severity.OK, f"all {rows} rows of the store can be read")]

    def _problems(self, table: Table) -> Iterator[str]:
        """For each row what is wrong with it; empty for nothing."""
        try:
            for key, body in self._store.read(table):
                yield _problem(table, key, body)
        except Exception as error:  # noqa: BLE001  # a torn file breaks where it will
            yield f"{table} cannot be read to the end: {error}"


def _problem(table: Table, key: object, body: bytes) -> str:
    try:
        _READ[table](body)
    except Exception as error:  # noqa: BLE001  # whatever a torn row makes of a decoder
        return f"row {key} of {table} cannot be read: {error}"
    return ""
