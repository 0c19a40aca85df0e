"""Every enrollment and every registration, as of the last commit.

Read from the store at the start, moved by each commit that has rows of them in it. There may be a
million of each: they are kept as bytes, but for the groups, which are tried one after another.
"""

import asyncio
from collections.abc import Iterator
from weakref import WeakValueDictionary

from sortedcontainers import SortedDict, SortedSet

from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.names import is_group_key
from affinage.domain.provisioning.registration import Registration
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay


class Book:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._enrollments, self._registrations = SortedDict(), SortedDict()
        self._groups: dict[str, Enrollment] = {}
        self._members: dict[str, SortedSet] = {}
        """By the key of their group: the ids of registrations."""
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

    def open(self) -> None:
        """Read the store, and follow what is committed."""
        for table in (Table.ENROLLMENTS, Table.REGISTRATIONS):
            for key, body in self._fleet.saved(table):
                self._follow(Row(table, key, body))
        self._fleet.listen(self._committed)

    def lock(self, key: str) -> asyncio.Lock:
        """Held by whoever changes what has that key: it stays as it is read until that is done.

        The key of an individual enrollment is that of its registration, too.
        """
        return self._locks.setdefault(key, asyncio.Lock())

    def enrollment(self, key: str) -> Enrollment | None:
        """By `enrollment_key`."""
        if key in self._groups:
            return self._groups[key]
        body = self._enrollments.get(key)
        return None if body is None else codec.decode(body, Enrollment)

    def groups(self) -> list[Enrollment]:
        """Every enrollment group, by id."""
        return [self._groups[key] for key in sorted(self._groups)]

    def enrollments(self, after: str = "", *, groups: bool) -> Iterator[Enrollment]:
        """Those whose key comes after that one, by key: either groups or individual ones."""
        if groups:
            yield from (one for one in self.groups() if one.key > after)
            return
        for key in self._enrollments.irange(minimum=after, inclusive=(False, True)):
            if not is_group_key(key):
                yield codec.decode(self._enrollments[key], Enrollment)

    def counted(self, *, groups: bool) -> int:
        """How many groups there are, or individual enrollments."""
        return len(self._groups) if groups else len(self._enrollments) - len(self._groups)

    def registration(self, registration_id: str) -> Registration | None:
        """By its id, in lower case."""
        body = self._registrations.get(registration_id)
        return None if body is None else codec.decode(body, Registration)

    def registrations(self) -> Iterator[Registration]:
        """All of them, by id."""
        for body in self._registrations.values():
            yield codec.decode(body, Registration)

    def members(self, group: str, after: str = "") -> Iterator[Registration]:
        """Registrations by the group with that key, those whose id comes after that one, by id."""
        known = self._members.get(group, SortedSet())
        for key in known.irange(minimum=after, inclusive=(False, True)):
            yield codec.decode(self._registrations[key], Registration)

    @property
    def registration_count(self) -> int:
        return len(self._registrations)

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            if row.table in (Table.ENROLLMENTS, Table.REGISTRATIONS):
                self._follow(row)

    def _follow(self, row: Row) -> None:
        key, is_enrollment = str(row.key), row.table is Table.ENROLLMENTS
        if is_enrollment:
            self._follow_group(key, row.body)
        else:
            self._follow_member(key, row.body)
        rows = self._enrollments if is_enrollment else self._registrations
        if row.body is None:
            rows.pop(key, None)
        else:
            rows[key] = row.body

    def _follow_group(self, key: str, body: bytes | None) -> None:
        if is_group_key(key):
            self._groups.pop(key, None)
            if body is not None:
                self._groups[key] = codec.decode(body, Enrollment)

    def _follow_member(self, key: str, body: bytes | None) -> None:
        """So that the registrations of one group are found without looking at all others."""
        before = self.registration(key)
        after = None if body is None else codec.decode(body, Registration)
        if before is not None and before.is_group:
            self._members[before.enrollment_key].discard(key)
        if after is not None and after.is_group:
            self._members.setdefault(after.enrollment_key, SortedSet()).add(key)


def enrollment_row(enrollment: Enrollment) -> Row:
    return Row(Table.ENROLLMENTS, enrollment.key, codec.encode(enrollment))


def registration_row(registration: Registration) -> Row:
    return Row(Table.REGISTRATIONS, registration.id, codec.encode(registration))
