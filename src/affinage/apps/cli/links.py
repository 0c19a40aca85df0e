"""`affinage provisioning hub`: the hubs that devices are given to."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.apps.cli.assignments import read_text
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_document, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.provisioning.link import HTTPS_PORT, MAX_PORT, MAX_WEIGHT
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError

COLUMNS: Final[Columns] = {
    "host": lambda row: row.get("host"),
    "weight": lambda row: row.get("weight"),
    "policy": lambda row: "(this hub)" if row.get("isOwn") else row.get("policy"),
    "port": lambda row: row.get("port"),
}

LINK_STRING: Final = "AFFINAGE_LINK"
"""The variable that may hold the connection string: arguments can be read by others."""

HostArgument = Annotated[str, typer.Argument(metavar="HOST", help="The hub's host name.")]
StringOption = Annotated[
    Path | None,
    typer.Option(
        "--string",
        metavar="FILE",
        help=f"The connection string of a policy of that hub; - is stdin, else {LINK_STRING}.",
    ),
]
WeightOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, max=MAX_WEIGHT, help="How many devices it gets, against the others."
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        metavar="PORT", min=1, max=MAX_PORT, help=f"Of its HTTPS; {HTTPS_PORT} if not said."
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="The authority of its certificate, in PEM."),
]


def add_to(app: typer.Typer) -> None:
    hubs = typer.Typer(help="The hubs that devices are given to.", no_args_is_help=True)
    hubs.command("list")(list_hubs)
    hubs.command("add")(add)
    hubs.command("update")(update)
    hubs.command("remove")(remove)
    group = typer.Typer(help="Where devices that register are sent.", no_args_is_help=True)
    group.add_typer(hubs, name="hub")
    app.add_typer(group, name="provisioning")


def list_hubs(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the hubs that devices are given to, this one among them.

    Example: `affinage provisioning hub list`
    """
    found = ask(data, lambda hub: NativeClient(hub).linked_hubs())
    show_rows(found, COLUMNS, as_json=as_json)


def add(
    string: StringOption = None,
    weight: WeightOption = None,
    port: PortOption = None,
    ca_file: CaOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Link a hub: give devices to it, too.

    Example: `affinage provisioning hub add --string north.txt --weight 3`
    """
    text = _string(string)
    body = {"connectionString": text, **_body(weight, port, ca_file)}
    made = ask(data, lambda hub: _put(hub, _host(text), body, None))
    say(f"devices are given to {made['host']}, too")
    show_document(made, as_json=as_json)


def update(
    host: HostArgument,
    weight: WeightOption = None,
    port: PortOption = None,
    ca_file: CaOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change how a hub is linked; what is not named stays. Of this hub only its weight can be.

    Example: `affinage provisioning hub update north.example.com --weight 1`
    """
    body = _body(weight, port, ca_file)
    if not body:
        raise typer.BadParameter("nothing is to be changed: name --weight, --port or --ca-file")
    changed = ask(data, lambda hub: _put(hub, host, body, "*"))
    say(f"changed hub {host}")
    show_document(changed, as_json=as_json)


def remove(host: HostArgument, data: DataOption = None) -> None:
    """Give no more devices to a hub; those that it has, it keeps.

    Example: `affinage provisioning hub remove north.example.com`
    """
    ask(data, lambda hub: NativeClient(hub).unlink_hub(host))
    say(f"devices are given to {host} no more")


async def _put(hub: ServiceClient, host: str, body: JsonObject, if_match: str | None) -> JsonObject:
    return await NativeClient(hub).link_hub(host, body, if_match=if_match)


def _string(file: Path | None) -> str:
    if file is not None:
        return read_text(file, "--string").strip()
    if LINK_STRING in os.environ:
        return os.environ[LINK_STRING]
    raise typer.BadParameter(
        f"name the file with the connection string, or set {LINK_STRING}", param_hint="--string"
    )


def _host(text: str) -> str:
    try:
        return ConnectionString.parse(text).host
    except ProtocolError as error:
        raise typer.BadParameter(str(error), param_hint="--string") from None


def _body(weight: int | None, port: int | None, ca_file: Path | None) -> JsonObject:
    certificate = None if ca_file is None else read_text(ca_file, "--ca-file")
    given = {"weight": weight, "port": port, "certificate": certificate}
    return {name: value for name, value in given.items() if value is not None}
