"""`affinage group`: conditions that have a name."""

from typing import Annotated, Final

import typer

from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, member, show_document, show_rows
from affinage.apps.cli.querying import TWIN
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "name": lambda row: row.get("name"),
    "condition": lambda row: row.get("condition"),
    "devices": lambda row: row.get("count"),
    "named by": lambda row: _named_by(row) or None,
    "description": lambda row: row.get("description"),
}

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The group's name.")]
DescriptionOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What it is for, for people.")
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Groups: conditions that have a name, for use in others as GROUP('name').",
        no_args_is_help=True,
    )
    group.command("list")(list_groups)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("members")(members)
    app.add_typer(group, name="group")


def list_groups(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the groups, by their names, with how many devices are in them.

    Example: `affinage group list`
    """
    found = ask_all(data, lambda hub: NativeClient(hub).groups())
    show_rows(found, COLUMNS, as_json=as_json)


def show(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show a group: its condition, who names it, and how many devices are in it.

    Example: `affinage group show canaries`
    """
    show_document(ask(data, lambda hub: NativeClient(hub).get_group(name)), as_json=as_json)


def create(
    name: NameArgument,
    condition: Annotated[
        str, typer.Option("--where", metavar="CONDITION", help="Which devices are in it.")
    ],
    description: DescriptionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a group, for configurations, queries and other groups to name.

    Example: `affinage group create canaries --where "tags.ring = 'canary'"`
    """
    body: JsonObject = {"name": name, "condition": condition, "description": description or ""}
    show_document(ask(data, lambda hub: NativeClient(hub).put_group(body)), as_json=as_json)


def update(
    name: NameArgument,
    condition: Annotated[
        str | None, typer.Option("--where", metavar="CONDITION", help="Which devices are in it.")
    ] = None,
    description: DescriptionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a group: what is not named stays. Every configuration that names it follows at once.

    Example: `affinage group update canaries --where "tags.ring IN ['canary', 'early']"`
    """
    change: JsonObject = {}
    if condition is not None:
        change["condition"] = condition
    if description is not None:
        change["description"] = description
    if not change:
        raise typer.BadParameter("name what shall change, as in --where")
    show_document(ask(data, lambda hub: _update(hub, name, change)), as_json=as_json)


def delete(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Their names.")],
    data: DataOption = None,
) -> None:
    """Delete groups that nothing names any more.

    Example: `affinage group delete canaries`
    """
    delete_each(data, "group", names, lambda hub, name: NativeClient(hub).delete_group(name))


def members(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the devices that are in a group now; in JSON with their whole twins.

    Example: `affinage group members canaries`
    """
    found = ask_all(data, lambda hub: NativeClient(hub).members(name))
    show_rows(found, TWIN, as_json=as_json)


async def _update(hub: ServiceClient, name: str, change: JsonObject) -> JsonObject:
    """On the condition that nobody changes it in between."""
    native = NativeClient(hub)
    current = await native.get_group(name)
    kept: JsonObject = {key: current[key] for key in ("name", "condition", "description")}
    return await native.put_group({**kept, **change}, if_match=str(current["etag"]))


def _named_by(row: JsonObject) -> str:
    found = (member(row, "namedBy", kind) for kind in ("configurations", "groups"))
    return ", ".join(str(name) for names in found if isinstance(names, list) for name in names)
