"""`affinage device`: who may connect."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console

from affinage.apps.cli import reaching, retiring, rotating
from affinage.apps.cli.assignments import nested
from affinage.apps.cli.board import bars
from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.identities import authentication, shown, write, write_one
from affinage.apps.cli.options import (
    AuthorityOption,
    DataOption,
    DeviceArgument,
    JsonOption,
    KeysOption,
    NewKeysOption,
    ShowKeysOption,
    TagOption,
    ThumbprintOption,
    WhereOption,
)
from affinage.apps.cli.output import Columns, say, show_document, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.service import MAX_BULK, ServiceClient
from affinage.domain.errors import Invalid
from affinage.domain.moments import NEVER
from affinage.domain.values import JsonObject, JsonValue

COLUMNS: Final[Columns] = {
    "device": lambda row: row.get("deviceId"),
    "status": lambda row: row.get("status"),
    "connection": lambda row: row.get("connectionState"),
    "last activity": lambda row: _moment(row.get("lastActivityTime")),
    "tags": lambda row: row.get("tags"),
}

_PAGE: Final = 1000


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Devices: who may connect.", no_args_is_help=True)
    group.command("list")(list_devices)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("retire")(retiring.retire)
    group.command("replace")(retiring.replace)
    group.command("rotate")(rotating.rotate_devices)
    group.command("invoke")(reaching.invoke_device)
    group.command("send")(reaching.send)
    group.command("purge")(reaching.purge)
    app.add_typer(group, name="device")


def list_devices(
    where: WhereOption = None,
    retired: Annotated[
        bool, typer.Option("--retired", help="Those that were taken out of service for good.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List devices, by their ids; in JSON with their whole twins.

    Example: `affinage device list --where "tags.ring = 'canary'"`
    """
    if retired:
        if where is not None:
            raise typer.BadParameter("name one of --where and --retired")
        retiring.list_retired(data, as_json=as_json)
        return
    text = f"SELECT * FROM devices WHERE {where}" if where else "SELECT * FROM devices"  # noqa: S608
    found = ask_all(data, lambda hub: hub.query(text, page_size=_PAGE))
    show_rows(found, COLUMNS, as_json=as_json)


def show(
    device: DeviceArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Show a device's identity; `affinage twin show` has its twin.

    Example: `affinage device show chiller-00017`
    """
    found = ask(data, lambda hub: hub.get_device(device))
    show_document(shown(found, show_keys=show_keys), as_json=as_json)


def create(
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="The id, unless --count is given.")
    ] = None,
    tag: TagOption = None,
    edge: Annotated[bool, typer.Option("--edge", help="An edge device.")] = False,
    disabled: Annotated[bool, typer.Option("--disabled", help="It may not connect yet.")] = False,
    keys: KeysOption = None,
    thumbprint: ThumbprintOption = None,
    by_authority: AuthorityOption = False,
    count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Create so many: PREFIX-00000 and on.")
    ] = None,
    prefix: Annotated[
        str, typer.Option(metavar="PREFIX", help="Of the ids, with --count.")
    ] = "device",
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Create a device, or many alike; the hub makes their keys.

    Example: `affinage device create chiller-00017 --tag ring=canary --tag site.city=Lyon`
    """
    if (device is None) == (count is None):
        raise typer.BadParameter("name one device, or give --count")
    if count is not None and (keys or thumbprint):
        raise typer.BadParameter("devices cannot share keys or certificates: leave out --count")
    body = _body(nested(tag, "--tag"), edge=edge, disabled=disabled)
    means = authentication(keys, thumbprint, by_authority=by_authority)
    if means is not None:
        body["authentication"] = means
    if device is None:
        names = [f"{prefix}-{number:05}" for number in range(count or 0)]
        _show_created(ask(data, lambda hub: _create_all(hub, names, body)), as_json=as_json)
    else:
        made = ask(data, lambda hub: _create(hub, device, body))
        show_document(shown(made, show_keys=show_keys), as_json=as_json)


def update(
    device: DeviceArgument,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it may connect.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why it was enabled or disabled.")
    ] = None,
    edge: Annotated[bool | None, typer.Option(help="Whether it is an edge device.")] = None,
    keys: KeysOption = None,
    new_keys: NewKeysOption = False,
    thumbprint: ThumbprintOption = None,
    by_authority: AuthorityOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Change a device's identity: what is not named stays.

    Example: `affinage device update chiller-00017 --disable --reason "taken out of service"`
    """
    change: JsonObject = {}
    if enable is not None:
        change["status"] = _status(is_disabled=not enable)
    if reason is not None:
        change["statusReason"] = reason
    if edge is not None:
        change["capabilities"] = {"iotEdge": edge}
    means = authentication(keys, thumbprint, new_keys=new_keys, by_authority=by_authority)
    if means is not None:
        change["authentication"] = means
    if not change:
        raise typer.BadParameter("name what shall change, as in --disable")
    written = ask(data, lambda hub: _update(hub, device, change))
    show_document(shown(written, show_keys=show_keys), as_json=as_json)


def delete(
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE", help="Their ids.")],
    data: DataOption = None,
) -> None:
    """Delete devices with their twins and modules, at once and for good.

    Example: `affinage device delete chiller-00017`
    """
    delete_each(data, "device", devices, ServiceClient.delete_device)


def _body(tags: JsonObject, *, edge: bool, disabled: bool) -> JsonObject:
    return {
        "importMode": "create",
        "status": _status(is_disabled=disabled),
        "capabilities": {"iotEdge": edge},
        "tags": tags,
    }


def _moment(text: JsonValue) -> JsonValue:
    return None if text == NEVER else text


def _status(*, is_disabled: bool) -> str:
    return "disabled" if is_disabled else "enabled"


async def _create(hub: ServiceClient, device: str, body: JsonObject) -> JsonObject:
    await write_one(hub, {**body, "id": device})
    return await hub.get_device(device)


async def _update(hub: ServiceClient, device: str, change: JsonObject) -> JsonObject:
    """On the condition that nobody changes it in between."""
    identity = await hub.get_device(device)
    return await hub.update_device({**identity, **change}, if_match=str(identity["etag"]))


async def _create_all(hub: ServiceClient, names: Sequence[str], body: JsonObject) -> list[str]:
    """In bulk requests, one after the other; Invalid in the end if some were refused."""
    console, refusals = Console(stderr=True), []
    with bars(console, is_transient=True) as progress:
        task = progress.add_task("devices", total=len(names))
        for start in range(0, len(names), MAX_BULK):
            some = names[start : start + MAX_BULK]
            refusals += await write(hub, [{**body, "id": name} for name in some])
            progress.advance(task, len(some))
    if refusals:
        raise Invalid(
            f"{len(refusals)} of {len(names)} devices were refused, the others are created;"
            f" the first: {refusals[0].message}"
        )
    return [*names]


def _show_created(names: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_rows([{"deviceId": name} for name in names], {}, as_json=True)
    else:
        say(f"{len(names)} devices are created, {names[0]} to {names[-1]}")
