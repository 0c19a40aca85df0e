"""`affinage device retire` and `replace`: a machine leaves for good, another takes its place."""

from typing import Annotated, Final

import typer

from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, show_document, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "device": lambda row: row.get("deviceId"),
    "status": lambda row: row.get("status"),
    "reason": lambda row: row.get("statusReason"),
    "retired": lambda row: row.get("retiredAt"),
    "tags": lambda row: row.get("tags"),
}


def retire(
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE", help="Their ids.")],
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, for people; `retired` if not given.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take them into service again, enabled.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take devices out of service for good: disabled, in no target set, and not forgotten.

    Example: `affinage device retire chiller-00017 --reason "scrapped in May"`
    """
    if undo and reason is not None:
        raise typer.BadParameter("name one of --reason and --undo")

    async def retired(hub: ServiceClient) -> list[JsonObject]:
        native = NativeClient(hub)
        return [await native.retire(one, reason=reason or "", undo=undo) for one in devices]

    show_rows(ask(data, retired), COLUMNS, as_json=as_json)


def replace(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The device that leaves.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The one that takes its place.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a new device take an old one's tags, desired properties, modules and parent.

    The old one is retired. The new one must be fresh: without tags and desired properties.

    Example: `affinage device replace chiller-00017 chiller-00042`
    """
    done = ask(data, lambda hub: NativeClient(hub).replace(old, new))
    if as_json:
        show_document(done, as_json=True)
    else:
        rows = [row for row in (done.get("old"), done.get("new")) if isinstance(row, dict)]
        show_rows(rows, COLUMNS, as_json=False)


def list_retired(data: DataOption, *, as_json: bool) -> None:
    """The devices that were taken out of service for good."""
    found = ask_all(data, lambda hub: NativeClient(hub).retired())
    show_rows(found, COLUMNS, as_json=as_json)
