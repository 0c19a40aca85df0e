"""`affinage doctor`: is all well, and what to do if not."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import typer
import uvloop
from rich.console import Console

from affinage.adapters.files.folder import is_in_use
from affinage.apps.cli.board import bars
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_json, show_table
from affinage.apps.cli.reach import CONNECTION_STRING, ask
from affinage.apps.examining import examine
from affinage.apps.settings import DEFAULT_DATA
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, JsonValue
from affinage.frontends.native_api.doctor import document

POLL_S: Final = 0.25
"""Between two looks at how far the hub is."""

WELL: Final = "ok"
PROBLEM: Final = "problem"

COLUMNS: Final[Columns] = {
    "check": lambda row: row.get("check"),
    "": lambda row: row.get("severity"),
    "found": lambda row: row.get("what"),
    "next step": lambda row: row.get("nextStep"),
}

Tell = Callable[[JsonObject], None]


def add_to(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Examine a hub: recount, verify, and say what to do; exits 1 if there is a problem.

    A hub that runs is asked. If none runs over the data folder, the folder itself is examined, and
    nothing is written to it. Recounting a million twins takes minutes; devices do not notice.

    Example: `affinage doctor --data cave`
    """
    with Bar(is_quiet=as_json) as bar:
        found = _examined(data, bar.show)
    if as_json:
        show_json(found)
    else:
        show_table([*lines(found)], COLUMNS)
        say(conclusion(found))
    if found["severity"] == PROBLEM:
        raise typer.Exit(1)


def lines(examination: JsonObject) -> Iterator[JsonObject]:
    """A line for each finding, and below it one for each detail."""
    for finding in _findings(examination):
        yield finding
        details = finding.get("details")
        for detail in details if isinstance(details, list) else ():
            yield {"what": f"  {detail}"}


def conclusion(examination: JsonObject) -> str:
    """All of it in a sentence."""
    severities = [finding["severity"] for finding in _findings(examination)]
    bad = [severity for severity in severities if severity != WELL]
    if not bad:
        return f"all is well: {len(severities)} findings"
    problems = bad.count(PROBLEM)
    return f"{problems} problems and {len(bad) - problems} warnings in {len(severities)} findings"


async def asked(hub: ServiceClient, tell: Tell) -> JsonObject:
    """An examination by the hub, once it has ended."""
    native = NativeClient(hub)
    examination = await native.begin_examination()
    while examination["endedAt"] is None:
        tell(examination)
        await asyncio.sleep(POLL_S)
        examination = await native.examination()
    tell(examination)
    return examination


class Bar:
    """A context in which a bar shows how far an examination is; on a terminal only."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._progress = bars(Console(stderr=True, quiet=is_quiet), is_transient=True)

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("twins", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, examination: JsonObject) -> None:
        done, total = examination["done"], examination["total"]
        assert isinstance(done, int)
        assert isinstance(total, int)
        self._progress.update(self._task, completed=done, total=total)


def _examined(data: Path | None, tell: Tell) -> JsonObject:
    if (folder := idle(data)) is None:
        return ask(data, lambda hub: asked(hub, tell))
    return document(uvloop.run(examine(folder, lambda one: tell(document(one)))))


def idle(data: Path | None) -> Path | None:
    """The folder to look into oneself; None if a hub is to be asked."""
    if data is None and os.environ.get(CONNECTION_STRING):
        return None
    folder = data or DEFAULT_DATA
    return folder if (folder / "hub.db").exists() and not is_in_use(folder) else None


def _findings(examination: JsonObject) -> list[JsonObject]:
    found: JsonValue = examination.get("findings")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
