"""Asking the fleet: a query's text to a page of rows."""

import asyncio
import base64
import binascii
import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from affinage.domain.errors import Invalid, Missing
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.query.evaluate import Row, matches
from affinage.domain.query.parse import parse_query
from affinage.domain.query.select import aggregate, names, project
from affinage.domain.query.syntax import Aggregate, Collection, Query
from affinage.domain.row import TwinRow
from affinage.domain.values import JsonObject
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.search import SLICE
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import DEFAULT_PAGE, Page, page_size


class Continuation(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins; says of which query, so that it is taken for no other."""

    digest: str
    device: str
    module: str | None
    given: int
    """Rows on the pages before, for TOP."""


class JobRow(Row, Protocol):
    """A row of `devices.jobs`."""

    @property
    def place(self) -> TwinKey:
        """Where it stands among all: the job's id, and the target's number as text."""
        ...

    def document(self) -> JsonObject: ...


JobRows = Callable[[tuple[str, int] | None], Iterable[JobRow]]
"""Rows of `devices.jobs` behind a job's id and a number, in this order."""


def no_jobs(_: tuple[str, int] | None) -> Iterable[JobRow]:
    """For who has none."""
    return ()


class Queries:
    def __init__(
        self, fleet: Fleet, limits: Limits = UNLIMITED, job_rows: JobRows = no_jobs
    ) -> None:
        self._fleet, self._limits, self._job_rows = fleet, limits, job_rows

    async def run(
        self,
        text: str,
        *,
        continuation: str | None = None,
        max_rows: int = DEFAULT_PAGE,
        by: Principal,
    ) -> Page:
        """One page of a query's answer, ordered by device id, then module id; of jobs by job first.

        Paging is by key: rows that come or go meanwhile neither shift a page nor repeat a row.

        Args:
            continuation: from the page before, of the same text; None for the first page.
            max_rows: of this page; more than MAX_PAGE counts as MAX_PAGE.

        Raises:
            Missing: there is no text.
            QuerySyntaxError: it is not a query.
            UnknownGroup, TooLarge: it names groups as they cannot be asked.
            Invalid: the continuation is not one of this query, or ``max_rows`` is under 1.

        Source: QUERY-45 to QUERY-49.
        """
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.QUERY, by)
        if not text:
            raise Missing("the query is missing")
        size = page_size(max_rows)
        query = parse_query(text)
        self._fleet.groups.check(query)
        after = _continued(continuation, query, text)
        if query.is_aggregate:
            return Page("Raw", await self._aggregate(query), None)
        return await self._page(query, text, after, size)

    async def count(self, query: Query, *, by: Principal) -> int:
        """How many rows a query has; what a configuration's metric counts."""
        by.require(Right.REGISTRY_READ | Right.SERVICE_CONNECT)
        if (found := self.tally(query)) is not None:
            return found
        if query.is_aggregate:
            return len(await self._aggregate(query))
        if query.collection is Collection.JOBS:
            found = len([row async for row in self._rows(query, None)])
        else:
            found = await self._fleet.count(query.collection, query.condition)
        return found if query.top is None else min(found, query.top)

    def tally(self, query: Query) -> int | None:
        """How many rows a query has, without looking at one; None if that takes looking."""
        if query.collection is Collection.JOBS:
            return None
        if query.is_aggregate:
            return None if query.group_by else 1
        found = self._fleet.tally(query.collection, query.condition)
        return found if found is None or query.top is None else min(found, query.top)

    async def _page(self, query: Query, text: str, after: Continuation | None, size: int) -> Page:
        given = after.given if after else 0
        left = size if query.top is None else min(size, query.top - given)
        found: list[TwinRow | JobRow] = []
        async for row in self._rows(query, after):
            if len(found) == left:
                # one more exists: only then is there another page
                token = _token(text, found[-1].place, given + left) if found else None
                is_last = query.top is not None and given + left >= query.top
                return _shown(query, found, None if is_last else token)
            found.append(row)
        return _shown(query, found, None)

    async def _rows(
        self, query: Query, after: Continuation | None
    ) -> AsyncIterator[TwinRow | JobRow]:
        if query.collection is not Collection.JOBS:
            behind = TwinKey(after.device, after.module) if after else None
            async for row in self._fleet.rows(query.collection, query.condition, behind):
                yield row
            return
        last = (after.device, int(after.module or 0)) if after else None
        for looked_at, job_row in enumerate(self._job_rows(last)):
            if matches(query.condition, job_row):
                yield job_row
            if looked_at % SLICE == 0:
                await asyncio.sleep(0)

    async def _aggregate(self, query: Query) -> list[JsonObject]:
        if _counts_rows(query):
            counted = await self._fleet.count(query.collection, query.condition)
            return [dict.fromkeys(names(query), counted)]
        rows = self._fleet.rows(query.collection, query.condition)
        return aggregate(query, [row async for row in rows])


def _counts_rows(query: Query) -> bool:
    """Whether it asks only how many there are, which no row need be read for."""
    return not query.group_by and all(
        column.what == Aggregate("COUNT", None) for column in query.columns
    )


def _shown(query: Query, rows: Sequence[TwinRow | JobRow], continuation: str | None) -> Page:
    if query.is_star:
        item_type = "DeviceJob" if query.collection is Collection.JOBS else "Twin"
        return Page(item_type, [row.document() for row in rows], continuation)
    return Page("Raw", [project(query, row) for row in rows], continuation)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(text: str, key: TwinKey, given: int) -> str:
    body = msgspec.msgpack.encode(Continuation(_digest(text), key.device, key.module, given))
    return base64.urlsafe_b64encode(body).decode()


def _continued(token: str | None, query: Query, text: str) -> Continuation | None:
    if not token:
        return None
    try:
        body = base64.b64decode(token, altchars=b"-_", validate=True)
        continuation = msgspec.msgpack.decode(body, type=Continuation)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid("the continuation token is none of this hub's") from None
    is_of_jobs = query.collection is Collection.JOBS
    if continuation.digest != _digest(text) or (
        is_of_jobs and not (continuation.module or "").isdecimal()
    ):
        raise Invalid("the continuation token belongs to another query")
    if query.is_aggregate or continuation.given >= (query.top or sys.maxsize):
        raise Invalid("the continuation token was never given out: there is no such page")
    return continuation
