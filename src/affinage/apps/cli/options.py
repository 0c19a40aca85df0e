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
AuthorityOption = Annotated[
    bool,
    typer.Option(
        "--by-authority", help="Admit by a certificate that a verified authority has signed."
    ),
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
WhereOption = Annotated[
    str | None, typer.Option("--where", metavar="CONDITION", help="Only those that meet it.")
]
ModuleOption = Annotated[
    str | None, typer.Option(metavar="MODULE", help="The twin of this module of the device.")
]
IfMatchOption = Annotated[
    str | None, typer.Option(metavar="ETAG", help="Only if this is the twin's etag.")
]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID", help="Their ids.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The configuration's id.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="CONDITION", help="The target condition.")
]
PriorityOption = Annotated[int | None, typer.Option(metavar="N", help="The highest wins a device.")]
MetricOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=QUERY", help="A metric: how many rows the query has."),
]
LabelOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME=TEXT", help="A label, for people.")
]
WithLabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME[=TEXT]", help="Only those with this label."),
]
GroupByOption = Annotated[
    str | None, typer.Option(metavar="LABEL", help="By the texts of this label.")
]
