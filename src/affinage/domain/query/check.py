"""What a collection admits: a text can be a query by its grammar, and still ask for nonsense."""

from collections.abc import Iterator
from typing import Final

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.members import JOB_MEMBERS, TWIN_MEMBERS
from affinage.domain.query.syntax import Collection, InGroup, Query, lookups, nodes

_TWINS_ALONE: Final = TWIN_MEMBERS - JOB_MEMBERS


def check(query: Query, source: str) -> None:
    """Raise QuerySyntaxError, with its place in ``source``, for what the collection cannot answer.

    Source: QUERY-36 to QUERY-38.
    """
    for problem, at in _problems(query):
        raise QuerySyntaxError(problem, source=source, at=at)


def _problems(query: Query) -> Iterator[tuple[str, int]]:
    if query.collection is Collection.JOBS:
        yield from _of_jobs(query)
    if query.is_star and query.group_by:
        yield "expected columns: SELECT * cannot be grouped", query.group_at
    if query.is_aggregate:
        for column in query.columns:
            if isinstance(column.what, tuple) and column.what not in query.group_by:
                yield "expected a column that GROUP BY names, or an aggregate", column.at


def _of_jobs(query: Query) -> Iterator[tuple[str, int]]:
    for column in query.columns:
        yield "expected *: devices.jobs gives whole rows only", column.at
    if query.group_by:
        yield "expected the end of the query: devices.jobs cannot be grouped", query.group_at
    for node in nodes(query.condition) if query.condition else ():
        if isinstance(node, InGroup):
            yield "expected no group: it selects twins, not jobs", node.at
    for lookup in lookups(query.condition) if query.condition else ():
        if lookup.path[0] in _TWINS_ALONE:
            yield f"expected a member of a job: {lookup.path[0]} is a twin's", lookup.at
