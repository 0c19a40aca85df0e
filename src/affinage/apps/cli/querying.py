"""`affinage query`: rows as a table, as JSON or as CSV, page by page."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Annotated, Final, TypeAlias

import typer

from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, line, member, show_csv, show_table
from affinage.apps.cli.reach import ask
from affinage.clients.service import ServiceClient
from affinage.domain.errors import AffinageError
from affinage.domain.query.parse import parse_query
from affinage.domain.query.select import names
from affinage.domain.query.syntax import Collection
from affinage.domain.row import MEMBERS
from affinage.domain.values import JsonObject, JsonValue

PAGE: Final = 1000
"""Rows that are fetched, and shown, at a time."""

TWIN: Final[Columns] = {
    "deviceId": lambda row: row.get("deviceId"),
    "status": lambda row: row.get("status"),
    "connectionState": lambda row: row.get("connectionState"),
    "firmware": lambda row: member(row, "properties", "reported", "firmware", "currentFwVersion"),
    "tags": lambda row: row.get("tags"),
}
"""What a table shows of a whole twin; JSON and CSV have all of it."""


MODULE_TWIN: Final[Columns] = {
    "deviceId": lambda row: row.get("deviceId"),
    "moduleId": lambda row: row.get("moduleId"),
    **TWIN,
}

_ROW_OF_JOB: Final = (
    "deviceId",
    "moduleId",
    "jobId",
    "jobType",
    "status",
    "startTimeUtc",
    "endTimeUtc",
    "createdDateTimeUtc",
    "lastUpdatedDateTimeUtc",
    "outcome",
    "error",
)
"""Its members, as JOB-20 has them."""

OUTCOME: Final[Columns] = {
    "deviceId": lambda row: row.get("deviceId"),
    "moduleId": lambda row: row.get("moduleId"),
    "jobId": lambda row: row.get("jobId"),
    "status": lambda row: row.get("status"),
    "ended": lambda row: row.get("endTimeUtc"),
    "answer": lambda row: member(row, "outcome", "deviceMethodResponse"),
    "error": lambda row: member(row, "error", "description"),
}
"""What a table shows of a row of a job."""

Pages: TypeAlias = AsyncIterator[list[JsonObject]]
Whole: TypeAlias = Mapping[Collection, Columns]
"""The columns of `SELECT *`."""


def add_to(app: typer.Typer) -> None:
    app.command("query")(query)


def query(
    text: Annotated[str, typer.Argument(metavar="QUERY", help="SELECT … FROM … WHERE …")],
    data: DataOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV, with a header.")] = False,
) -> None:
    """Ask for twins, their parts, or counts of them.

    Example: `affinage query "SELECT deviceId, tags.site FROM devices WHERE tags.ring = 'canary'"`
    """
    if as_json and as_csv:
        raise typer.BadParameter("name one of --json and --csv")

    async def answered(hub: ServiceClient) -> None:
        pages = in_pages(hub.query(text, page_size=PAGE))
        if as_json:
            await _write_json(pages)
        elif as_csv:
            await _write_csv(pages, columns_of(text, _ALL))
        else:
            await _write_tables(pages, columns_of(text, _SOME))

    ask(data, answered)


def columns_of(text: str, whole: Whole) -> Columns:
    """The columns that a query names; those given for whole rows, or if the hub must judge."""
    try:
        query = parse_query(text)
    except AffinageError:
        return whole[Collection.DEVICES]
    if query.is_star:
        return whole[query.collection]
    return picked(names(query))


def picked(wanted: Iterable[str]) -> Columns:
    """The members of those names, each a column."""
    return {name: _reader(name) for name in wanted}


async def in_pages(rows: AsyncIterator[JsonObject]) -> Pages:
    """The same rows, up to PAGE at a time."""
    page: list[JsonObject] = []
    async for row in rows:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


async def _write_json(pages: Pages) -> None:
    """One array, a row in a line."""
    opening = "["
    async for page in pages:
        for row in page:
            line(f"{opening}{json.dumps(row, ensure_ascii=False)}")
            opening = ","
    line("[]" if opening == "[" else "]")


async def _write_csv(pages: Pages, columns: Columns) -> None:
    """A header and the rows; nothing if the hub refuses."""
    is_empty = True
    async for page in pages:
        show_csv(page, columns, with_header=is_empty)
        is_empty = False
    if is_empty:
        show_csv([], columns, with_header=True)


async def _write_tables(pages: Pages, columns: Columns) -> None:
    """A table for each page; of no rows at all, its head."""
    is_empty = True
    async for page in pages:
        show_table(page, columns)
        is_empty = False
    if is_empty:
        show_table([], columns)


def _reader(name: str) -> Callable[[JsonObject], JsonValue]:
    return lambda row: row.get(name)


_SOME: Final[Whole] = {
    Collection.DEVICES: TWIN,
    Collection.MODULES: MODULE_TWIN,
    Collection.JOBS: OUTCOME,
}
_ALL: Final[Whole] = {
    Collection.DEVICES: picked(MEMBERS),
    Collection.MODULES: picked(MEMBERS),
    Collection.JOBS: picked(_ROW_OF_JOB),
}
