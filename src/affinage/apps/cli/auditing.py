"""`affinage audit`: who changed what, and whether the log is as it was written."""

from typing import Annotated, Final

import typer

from affinage.apps.auditing import Verification, verify_folder, verify_pages
from affinage.apps.cli.doctoring import idle
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, member, say, show_document, show_json, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, is_object

COLUMNS: Final[Columns] = {
    "number": lambda row: row.get("number"),
    "at": lambda row: row.get("at"),
    "who": lambda row: member(row, "actor", "name"),
    "door": lambda row: member(row, "actor", "door"),
    "action": lambda row: row.get("action"),
    "subject": lambda row: row.get("subject"),
}

MomentOption = Annotated[
    str | None, typer.Option(metavar="MOMENT", help="As 2025-01-31T00:00:00Z.")
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="The audit log: who changed what, when.", no_args_is_help=True)
    group.command("list")(list_entries)
    group.command("show")(show)
    group.command("verify")(verify)
    app.add_typer(group, name="audit")


def list_entries(
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="Who did it.")] = None,
    action: Annotated[
        str | None, typer.Option(metavar="ACTION", help="As twin.patch, or twin for all of them.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="To what: DEVICE, DEVICE/MODULE, an id.")
    ] = None,
    since: MomentOption = None,
    until: MomentOption = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="So many at most.")] = 100,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List changes, the newest first.

    Example: `affinage audit list --subject chiller-00017`
    """
    given = {
        "actor": actor,
        "action": action,
        "subject": subject,
        "since": since,
        "until": until,
    }
    wanted = {name: value for name, value in given.items() if value is not None}

    async def first(hub: ServiceClient) -> list[JsonObject]:
        found: list[JsonObject] = []
        async for page in NativeClient(hub).audit(**wanted):
            found += _entries(page)
            if len(found) >= limit:
                break
        return found[:limit]

    show_rows(ask(data, first), COLUMNS, as_json=as_json)


def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The entry's number.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an entry of the audit log.

    Example: `affinage audit show 1`
    """
    show_document(ask(data, lambda hub: NativeClient(hub).audited(number)), as_json=as_json)


def verify(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Recompute the chain of the whole log; exits 1 and names the entry if one is broken.

    A hub that runs is asked; if none runs over the data folder, the folder itself is read. Note the
    hash it shows somewhere else: whatever is changed before that entry is found by it.

    Example: `affinage audit verify`
    """
    found = _verified(data)
    if as_json:
        show_json(found.document)
    else:
        for fault in found.faults:
            say(fault)
        say(_conclusion(found))
    if found.faults:
        raise typer.Exit(1)


def _entries(page: JsonObject) -> list[JsonObject]:
    entries = page["entries"]
    return [one for one in entries if is_object(one)] if isinstance(entries, list) else []


def _verified(data: DataOption) -> Verification:
    if (folder := idle(data)) is not None:
        return verify_folder(folder)
    return ask(data, lambda hub: verify_pages(NativeClient(hub).audit()))


def _conclusion(found: Verification) -> str:
    state = f"{len(found.faults)} faults" if found.faults else "all as they were written"
    newest = f"; the newest is {found.tip.number}, {found.tip.hash}" if found.tip else ""
    return f"{found.entries} entries, {state}{newest}"
