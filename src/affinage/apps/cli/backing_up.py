"""`affinage backup` and `affinage restore`: a hub in one file, and a hub made of it."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from affinage.adapters.system.clock import SystemClock
from affinage.apps.backup import Manifest, make
from affinage.apps.backup import restore as restored
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import say, show_document
from affinage.apps.settings import DEFAULT_DATA
from affinage.domain.values import JsonObject


def add_to(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    data: DataOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Back up a hub into one file, while it runs or not.

    Every write that was acknowledged before the backup began is in it. So are all keys: whoever
    has the file can be the hub.

    Example: `affinage backup hub.backup --data cave`
    """
    created = SystemClock().now().astimezone(UTC).isoformat(timespec="seconds")
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("copying the store", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        manifest = make(data or DEFAULT_DATA, file, created, replaces=force, tell=tell)
    show_document(_document(manifest, file), as_json=as_json)
    say("The file holds every key of the hub: keep it as you keep keys.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that backup wrote.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="The folder to make, affinage-data if not named."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the data folder of a hub from a backup: all of it or nothing.

    The folder must be new or empty. The backup is verified first: a file that is torn, changed or
    from a newer release is refused.

    Example: `affinage restore hub.backup --data cave-again`
    """
    folder = data or DEFAULT_DATA
    show_document(_document(restored(file, folder), file), as_json=as_json)
    say(f"Start the hub with `affinage serve --data {folder}`.")


def _document(manifest: Manifest, file: Path) -> JsonObject:
    return {
        "file": str(file),
        "created": manifest.created,
        "schema": manifest.schema,
        "sizeBytes": manifest.size,
        "parts": [part.name for part in manifest.parts],
    }
