"""`affinage job export` and `import`: the registry into a file that the hub may write, and back."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import show_document
from affinage.apps.cli.reach import ask
from affinage.apps.cli.stopping import stop_event
from affinage.apps.cli.waiting import ended, has_ended
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Invalid
from affinage.domain.transfers import DEVICES, Kind, Status
from affinage.domain.values import JsonObject

STDIN: Final = "-"

PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="A folder or container that the hub's settings allow; - reads it from stdin, for"
        " one with a signature is a secret.",
    ),
]
NameOption = Annotated[str, typer.Option("--name", metavar="FILE", help="The file's name there.")]
ConfigurationsOption = Annotated[
    bool, typer.Option("--configurations", help="The configurations, too, in a file of their own.")
]


def export_registry(
    place: PlaceArgument,
    name: NameOption = DEVICES,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the devices' keys out: they are secrets.")
    ] = False,
    configurations: ConfigurationsOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the hub write all identities with their twins into a file, and wait for it.

    Example: `affinage job export file:///var/backups/affinage --without-keys`
    """
    transfer: JsonObject = {
        "type": Kind.EXPORT,
        "outputBlobContainerUri": _url(place),
        "outputBlobName": name,
        "excludeKeysInExport": without_keys,
        "includeConfigurations": configurations,
    }
    _carry_out(data, transfer, as_json=as_json)


def import_registry(
    place: PlaceArgument,
    name: NameOption = DEVICES,
    configurations: ConfigurationsOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the hub read what an export has written, and wait for it.

    What it could not take is told beside the file, in importErrors.log; the rest it has taken.

    Example: `affinage job import file:///var/backups/affinage`
    """
    url = _url(place)
    transfer: JsonObject = {
        "type": Kind.IMPORT,
        "inputBlobContainerUri": url,
        "inputBlobName": name,
        "outputBlobContainerUri": url,
        "includeConfigurations": configurations,
    }
    _carry_out(data, transfer, as_json=as_json)


def insist(transfer: JsonObject) -> None:
    """Raise Invalid unless the export or import is completed."""
    what = f"{transfer['type']} {transfer['jobId']}"
    if not has_ended(transfer):
        raise Invalid(f"stopped before {what} has ended: it goes on")
    if transfer["status"] != Status.COMPLETED:
        reason = transfer.get("failureReason")
        raise Invalid(f"{what} is {transfer['status']}{f': {reason}' if reason else ''}")


def _carry_out(data: Path | None, transfer: JsonObject, *, as_json: bool) -> None:
    """Progress on stderr, so that the answer is alone on stdout."""
    board = Board(Console(stderr=True, highlight=False, quiet=as_json))

    async def carried_out(hub: ServiceClient) -> JsonObject:
        begun = str((await hub.create_transfer(transfer))["jobId"])
        return await ended(lambda: hub.get_transfer(begun), _bars_of, board, stop_event())

    found = ask(data, carried_out)
    show_document(found, as_json=as_json)
    insist(found)


def _bars_of(transfer: JsonObject) -> dict[str, Bar]:
    progress = transfer.get("progress")
    return {str(transfer["type"]): Bar(progress if isinstance(progress, int) else 0, 100)}


def _url(place: str) -> str:
    return sys.stdin.readline().strip() if place == STDIN else place
