"""`affinage module`: the modules of a device, each with an identity and a twin of its own."""

from typing import Annotated, Final

import typer

from affinage.apps.cli import reaching, rotating
from affinage.apps.cli.identities import authentication, shown, write_one
from affinage.apps.cli.options import (
    AuthorityOption,
    DataOption,
    DeviceArgument,
    JsonOption,
    KeysOption,
    ModuleArgument,
    NewKeysOption,
    ShowKeysOption,
    ThumbprintOption,
)
from affinage.apps.cli.output import Columns, member, say, show_document, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "module": lambda row: row.get("moduleId"),
    "connection": lambda row: row.get("connectionState"),
    "managed by": lambda row: row.get("managedBy"),
    "proof": lambda row: member(row, "authentication", "type"),
}


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Modules of a device.", no_args_is_help=True)
    group.command("list")(list_modules)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("rotate")(rotating.rotate_module)
    group.command("invoke")(reaching.invoke_module)
    app.add_typer(group, name="module")


def list_modules(
    device: DeviceArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """List a device's modules.

    Example: `affinage module list chiller-00017`
    """
    found = ask(data, lambda hub: hub.list_modules(device))
    rows = [shown(one, show_keys=show_keys) for one in found]
    show_rows(rows, COLUMNS, as_json=as_json)


def show(
    device: DeviceArgument,
    module: ModuleArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Show a module's identity; `affinage twin show --module` has its twin.

    Example: `affinage module show chiller-00017 logger`
    """
    found = ask(data, lambda hub: hub.get_module(device, module))
    show_document(shown(found, show_keys=show_keys), as_json=as_json)


def create(
    device: DeviceArgument,
    module: ModuleArgument,
    managed_by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who looks after it.")
    ] = None,
    keys: KeysOption = None,
    thumbprint: ThumbprintOption = None,
    by_authority: AuthorityOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Create a module on a device; the hub makes its keys.

    Example: `affinage module create chiller-00017 logger`
    """
    body = _body(
        device, module, authentication(keys, thumbprint, by_authority=by_authority), managed_by
    )
    made = ask(data, lambda hub: hub.create_module(body))
    show_document(shown(made, show_keys=show_keys), as_json=as_json)


def update(
    device: DeviceArgument,
    module: ModuleArgument,
    managed_by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who looks after it.")
    ] = None,
    keys: KeysOption = None,
    new_keys: NewKeysOption = False,
    thumbprint: ThumbprintOption = None,
    by_authority: AuthorityOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Change a module's identity: what is not named stays.

    Example: `affinage module update chiller-00017 logger --new-keys`
    """
    means = authentication(keys, thumbprint, new_keys=new_keys, by_authority=by_authority)
    change = _body(device, module, means, managed_by)
    if means is None and managed_by is None:
        raise typer.BadParameter("name what shall change, as in --new-keys")
    written = ask(data, lambda hub: _update(hub, device, module, change))
    show_document(shown(written, show_keys=show_keys), as_json=as_json)


def delete(
    device: DeviceArgument,
    modules: Annotated[list[str], typer.Argument(metavar="MODULE", help="Their ids.")],
    data: DataOption = None,
) -> None:
    """Delete modules of a device with their twins, at once and for good.

    Example: `affinage module delete chiller-00017 logger`
    """

    async def gone(hub: ServiceClient) -> None:
        for module in modules:
            await hub.delete_module(device, module)
            say(f"module {device}/{module} is deleted")

    ask(data, gone)


def _body(device: str, module: str, means: JsonObject | None, managed_by: str | None) -> JsonObject:
    body: JsonObject = {"deviceId": device, "moduleId": module}
    if means is not None:
        body["authentication"] = means
    if managed_by is not None:
        body["managedBy"] = managed_by
    return body


async def _update(hub: ServiceClient, device: str, module: str, change: JsonObject) -> JsonObject:
    """On the condition that nobody changes it in between."""
    identity = await hub.get_module(device, module)
    entry: JsonObject = {"id": device, "importMode": "updateIfMatchETag", "eTag": identity["etag"]}
    await write_one(hub, {**identity, **change, **entry})
    return await hub.get_module(device, module)
