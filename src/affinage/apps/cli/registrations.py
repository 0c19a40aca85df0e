"""`affinage registration`: what became of devices that came."""

from typing import Annotated, Final

import typer

from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_document, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.enrollments import EnrollmentClient

COLUMNS: Final[Columns] = {
    "id": lambda row: row.get("registrationId"),
    "status": lambda row: row.get("status"),
    "hub": lambda row: row.get("assignedHub"),
    "device": lambda row: row.get("deviceId"),
    "error": lambda row: row.get("errorMessage"),
}

NameArgument = Annotated[str, typer.Argument(metavar="ID", help="A registration id.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Registrations: devices that came.", no_args_is_help=True)
    group.command("list")(list_registrations)
    group.command("show")(show)
    group.command("delete")(delete)
    app.add_typer(group, name="registration")


def list_registrations(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="An enrollment group.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the devices that came by an enrollment group.

    Example: `affinage registration list presses`
    """
    found = ask_all(data, lambda hub: EnrollmentClient(hub).registrations(group))
    show_rows(found, COLUMNS, as_json=as_json)


def show(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what became of a device that came, and why if it failed.

    Example: `affinage registration show press-7`
    """
    found = ask(data, lambda hub: EnrollmentClient(hub).registration(name))
    show_document(found, as_json=as_json)


def delete(name: NameArgument, data: DataOption = None) -> None:
    """Forget a registration. The device stays at its hub, and may register anew.

    Example: `affinage registration delete press-7`
    """
    ask(data, lambda hub: EnrollmentClient(hub).forget(name))
    say(f"registration {name} is forgotten")
