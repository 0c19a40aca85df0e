"""`affinage file`: what devices have uploaded."""

from pathlib import Path
from typing import IO, Annotated, Final

import typer

from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient

COLUMNS: Final[Columns] = {
    "name": lambda row: row.get("name"),
    "bytes": lambda row: row.get("size"),
    "updated": lambda row: row.get("updatedAt"),
}


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Files that devices have uploaded.", no_args_is_help=True)
    group.command("list")(list_files)
    group.command("fetch")(fetch)
    group.command("delete")(delete)
    app.add_typer(group, name="file")


def list_files(
    device: Annotated[
        str | None, typer.Option(metavar="ID", help="Those of this device alone.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the files, by their names: each begins with its device.

    Example: `affinage file list --device chiller-017`
    """
    found = ask_all(data, lambda hub: NativeClient(hub).files(device))
    show_rows(found, COLUMNS, as_json=as_json)


def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file, as it is listed.")],
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes; a new file.")],
    data: DataOption = None,
) -> None:
    """Fetch a file.

    Example: `affinage file fetch chiller-017/logs/monday.txt monday.txt`
    """
    with _new(target) as written:

        async def fetched(hub: ServiceClient) -> None:
            async for piece in NativeClient(hub).file(name):
                written.write(piece)

        try:
            ask(data, fetched)
        except BaseException:
            target.unlink()
            raise
    say(f"{name} is in {target}")


def _new(target: Path) -> IO[bytes]:
    """A file that there was not; BadParameter."""
    try:
        return target.open("xb")
    except OSError as error:
        raise typer.BadParameter(f"{target}: {error.strerror}", param_hint="FILE") from None


def delete(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="The files, as listed.")],
    data: DataOption = None,
) -> None:
    """Delete files, for good; their room is free at once.

    Example: `affinage file delete chiller-017/logs/monday.txt`
    """
    delete_each(data, "file", names, lambda hub, name: NativeClient(hub).delete_file(name))
