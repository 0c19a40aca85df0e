"""How answers are printed: tables for people, JSON and CSV for programs, nothing else on stdout.

Values come from the fleet: none of them is taken for markup, and none can move the cursor.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from affinage.domain.values import JsonObject, JsonValue, is_object

Columns: TypeAlias = Mapping[str, Callable[[JsonObject], JsonValue]]
"""What a table shows of each row, by the column's name."""

UNFOLDED: Final = 100_000
"""Characters in a line where no person reads: nothing is folded or cut."""


def terminal() -> Console:
    """Where people read. On no terminal, lines are as long as they must be."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=UNFOLDED)


def show_rows(rows: Sequence[JsonObject], columns: Columns, *, as_json: bool) -> None:
    """One array, or one table."""
    if as_json:
        show_json([*rows])
    else:
        show_table(rows, columns)


def show_document(document: JsonObject, *, as_json: bool) -> None:
    """One object: its members as a table with two columns, or all of it as JSON."""
    if as_json:
        show_json(document)
        return
    table = _table()
    table.show_header = False
    for name, value in document.items():
        table.add_row(Text(name, "cyan"), Text(_indented(value)))
    _print(table)


def show_json(value: JsonValue) -> None:
    line(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(rows: Iterable[JsonObject], columns: Columns) -> None:
    """A row for each; what a row does not have is left empty."""
    table = _table()
    for name in columns:
        table.add_column(Text(printable(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(read(row))) for read in columns.values()))
    _print(table)


def show_csv(rows: Iterable[JsonObject], columns: Columns, *, with_header: bool) -> None:
    """A line for each row; one with the names of the columns before them if asked for.

    Source: RFC 4180, but for its line ends.
    """
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if with_header:
        writer.writerow(columns)
    writer.writerows([_field(read(row)) for read in columns.values()] for row in rows)


def line(text: str) -> None:
    """One line, as it is."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Tell a person what was done: on stderr, so that answers are alone on stdout."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(printable(text)))


def member(document: JsonValue, *names: str) -> JsonValue:
    """What lies at a path, or None."""
    for name in names:
        document = document.get(name) if is_object(document) else None
    return document


def cell(value: JsonValue) -> str:
    """A value in one line; None is empty."""
    return printable(_field(value))


def printable(text: str) -> str:
    """The text with what is no visible character spelled out: it may be anybody's."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _field(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _indented(value: JsonValue) -> str:
    if is_object(value) and value:
        lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
        return "\n".join(map(printable, lines))
    return cell(value)


def _print(table: Table) -> None:
    """On no terminal without the spaces that fill the last column up."""
    console = terminal()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as told:
        console.print(table)
    for one in told.get().splitlines():
        line(one.rstrip())


def _table() -> Table:
    return Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
