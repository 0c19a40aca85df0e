"""Options and arguments that several commands share, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder of a hub on this machine."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
ShowKeysOption = Annotated[
    bool, typer.Option("--show-keys", help="Show symmetric keys: they are secrets.")
]
DeviceArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's id.")]
ModuleArgument = Annotated[str, typer.Argument(metavar="MODULE", help="The module's id.")]
KeysOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Own keys: a file, or - for stdin, with two lines of base64: primary, secondary.",
    ),
]
ThumbprintOption = Annotated[
    list[str] | None,
    typer.Option(metavar="HEX", help="Admit by certificate: its thumbprint; once or twice."),
]
NewKeysOption = Annotated[bool, typer.Option("--new-keys", help="Have the hub make new keys.")]
TagOption = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="A tag, as in site.city=Lyon or floor=3."),
]
DesiredOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A desired property, as in fan.speed=3."),
]
