"""`affinage twin`: tags and desired properties, and what a device reports."""

from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.apps.cli.assignments import merged, nested, read_object
from affinage.apps.cli.options import (
    DataOption,
    DesiredOption,
    DeviceArgument,
    IfMatchOption,
    JsonOption,
    ModuleOption,
    TagOption,
    WhereOption,
)
from affinage.apps.cli.output import member, show_document, show_rows
from affinage.apps.cli.querying import MODULE_TWIN, PAGE, TWIN
from affinage.apps.cli.reach import ask, ask_all
from affinage.domain.values import JsonObject, is_object

PatchOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help='A patch in JSON, {"tags": …, "properties": {"desired": …}}; - is stdin.',
    ),
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Twins: tags, desired and reported properties.", no_args_is_help=True)
    group.command("list")(list_twins)
    group.command("show")(show)
    group.command("update")(update)
    group.command("replace")(replace)
    app.add_typer(group, name="twin")


def list_twins(
    where: WhereOption = None,
    modules: Annotated[
        bool, typer.Option("--modules", help="The twins of modules, not those of devices.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List twins, by the ids of their devices; in JSON as a whole.

    Example: `affinage twin list --modules --where "moduleId = 'logger'"`
    """
    text = f"SELECT * FROM {'devices.modules' if modules else 'devices'}"  # noqa: S608
    if where is not None:
        text = f"{text} WHERE {where}"
    found = ask_all(data, lambda hub: hub.query(text, page_size=PAGE))
    show_rows(found, MODULE_TWIN if modules else TWIN, as_json=as_json)


def show(
    device: DeviceArgument,
    module: ModuleOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a whole twin; without --json its bookkeeping ($metadata) is left out.

    Example: `affinage twin show chiller-00017 --json`
    """
    _show(ask(data, lambda hub: hub.get_twin(device, module)), as_json=as_json)


def update(
    device: DeviceArgument,
    tag: TagOption = None,
    desired: DesiredOption = None,
    patch: PatchOption = None,
    module: ModuleOption = None,
    if_match: IfMatchOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge into tags and desired properties: null deletes, what is not named stays.

    Example: `affinage twin update chiller-00017 --tag ring=canary --desired fan.speed=null`
    """
    change = change_of(tag, desired, patch)
    if not change:
        raise typer.BadParameter("name what shall change: --tag, --desired or --patch")
    _show(
        ask(data, lambda hub: hub.patch_twin(device, change, module=module, if_match=if_match)),
        as_json=as_json,
    )


def replace(
    device: DeviceArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='JSON, {"tags": …, "properties": {"desired": …}}; - is stdin.',
        ),
    ],
    module: ModuleOption = None,
    if_match: IfMatchOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write over the tags, the desired properties or both: those that the file has.

    Example: `affinage twin replace chiller-00017 twin.json`
    """
    twin = sections(read_object(file, "FILE"), "FILE")
    _show(
        ask(data, lambda hub: hub.replace_twin(device, twin, module=module, if_match=if_match)),
        as_json=as_json,
    )


def change_of(tag: list[str] | None, desired: list[str] | None, patch: Path | None) -> JsonObject:
    """The patch in a file, with what is named on the command line over it; maybe nothing."""
    given = {} if patch is None else sections(read_object(patch, "--patch"), "--patch")
    return merged(given, _named(tag, desired))


def sections(document: JsonObject, option: str) -> JsonObject:
    """What may be written of a twin: all else that it shows is the hub's or the device's.

    Raises:
        BadParameter: there is nothing of the kind.
    """
    found = {"tags": document["tags"]} if "tags" in document else {}
    properties = document.get("properties")
    if is_object(properties) and "desired" in properties:
        found["properties"] = {"desired": properties["desired"]}
    if not found:
        raise typer.BadParameter("there are neither tags nor properties.desired", param_hint=option)
    return found


def _named(tag: list[str] | None, desired: list[str] | None) -> JsonObject:
    named: JsonObject = {}
    if tag:
        named["tags"] = nested(tag, "--tag")
    if desired:
        named["properties"] = {"desired": nested(desired, "--desired")}
    return named


def _show(twin: JsonObject, *, as_json: bool) -> None:
    show_document(twin if as_json else _readable(twin), as_json=as_json)


def _readable(twin: JsonObject) -> JsonObject:
    """What people look for in a twin."""
    rest = {name: value for name, value in twin.items() if name not in _APART}
    return {
        **rest,
        "tags": twin.get("tags"),
        "desired": _plain(member(twin, "properties", "desired")),
        "reported": _plain(member(twin, "properties", "reported")),
    }


_APART: Final = frozenset({"tags", "properties", "x509Thumbprint", "cloudToDeviceMessageCount"})


def _plain(section: object) -> JsonObject:
    named = section if is_object(section) else {}
    return {name: value for name, value in named.items() if name != "$metadata"}
