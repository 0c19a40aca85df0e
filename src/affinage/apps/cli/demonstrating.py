"""`affinage demo`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from affinage.apps.cli.stopping import stop_event
from affinage.apps.demo.show import Show
from affinage.apps.demo.story import DemoSettings, tell

FEWEST: Final = 4
"""Devices in a group, so that there is one whose hardware the bad firmware does not suit."""


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    devices: Annotated[
        int,
        typer.Option(
            min=FEWEST, max=5_000, metavar="N", help="Simulated devices in each of the two groups."
        ),
    ] = 50,
    pace: Annotated[
        float,
        typer.Option(min=0.005, metavar="F", help="1 is a real update's pace, 110 seconds each."),
    ] = 0.06,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the hub running at the end, to look around.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="An empty folder; without it, one that goes in the end."),
    ] = None,
) -> None:
    """The walk-through: firmware to a fleet in two stages, and a bad one taken back.

    Starts a hub, two groups of simulated chillers over real MQTT and TLS, and shows what an
    operator would see. Exits 0 if everything was as told.

    Example: `affinage demo --devices 200`
    """
    console = Console()
    with _folder(data) as folder:
        settings = DemoSettings(folder, devices, pace, keep)
        uvloop.run(_told(settings, Show(console)))
    console.print("\n[green]All as told.[/green]")
    console.print("The same by hand, in ten minutes: docs/tutorial.md")


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="affinage-demo-") as folder:
        yield Path(folder)


async def _told(settings: DemoSettings, show: Show) -> None:
    await tell(settings, show, stop_event())
