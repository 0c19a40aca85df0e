"""`affinage device rotate` and `affinage module rotate`: new keys for identities that have keys.

One key at a time, a device never needs a pause: give it the key that stays, make the other anew,
and then the other way round.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer

from affinage.apps.cli.identities import HIDDEN, refusal
from affinage.apps.cli.options import (
    DataOption,
    DeviceArgument,
    JsonOption,
    ModuleArgument,
    ShowKeysOption,
)
from affinage.apps.cli.output import Columns, say, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.service import MAX_ROTATED, ServiceClient, ServiceError
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject, is_object

COLUMNS: Final[Columns] = {
    "device": lambda row: row.get("id"),
    "module": lambda row: row.get("moduleId"),
    "primary": lambda row: row.get("primaryKey"),
    "secondary": lambda row: row.get("secondaryKey"),
}

_KEYS: Final = ("primaryKey", "secondaryKey")


class Which(StrEnum):
    PRIMARY = "primary"
    SECONDARY = "secondary"
    BOTH = "both"


_WIRE: Final = {
    Which.PRIMARY: "primaryKey",
    Which.SECONDARY: "secondaryKey",
    Which.BOTH: "both",
}

WhichOption = Annotated[
    Which,
    typer.Option(
        "--key",
        metavar="WHICH",
        help="primary, secondary or both; whoever is connected by it is cut off at once.",
    ),
]


def rotate_devices(
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE", help="Their ids.")],
    key: WhichOption,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Make new keys for devices; the key that is not named stays.

    Example: `affinage device rotate chiller-00017 chiller-00018 --key secondary`
    """
    names: list[JsonObject] = [{"id": device} for device in devices]
    _rotate(names, key, data, as_json=as_json, show_keys=show_keys)


def rotate_module(
    device: DeviceArgument,
    module: ModuleArgument,
    key: WhichOption,
    data: DataOption = None,
    as_json: JsonOption = False,
    show_keys: ShowKeysOption = False,
) -> None:
    """Make new keys for a module; the key that is not named stays.

    Example: `affinage module rotate chiller-00017 logger --key secondary`
    """
    names: list[JsonObject] = [{"id": device, "moduleId": module}]
    _rotate(names, key, data, as_json=as_json, show_keys=show_keys)


def _rotate(
    names: Sequence[JsonObject],
    which: Which,
    data: DataOption,
    *,
    as_json: bool,
    show_keys: bool,
) -> None:
    rows, refusals = ask(data, lambda hub: _rotated(hub, names, which))
    show_rows([_shown(row, show_keys=show_keys) for row in rows], COLUMNS, as_json=as_json)
    say(f"{len(rows)} of {len(names)} have new keys")
    if refusals:
        raise Invalid(f"{len(refusals)} keep theirs; the first: {refusals[0].message}")


async def _rotated(
    hub: ServiceClient, names: Sequence[JsonObject], which: Which
) -> tuple[list[JsonObject], list[ServiceError]]:
    """In requests of MAX_ROTATED, one after the other; what was made, and what was not."""
    rows: list[JsonObject] = []
    refusals: list[ServiceError] = []
    for start in range(0, len(names), MAX_ROTATED):
        some = names[start : start + MAX_ROTATED]
        result = await hub.regenerate_keys(_WIRE[which], some)
        done, kept = result.get("rotatedKeys"), result.get("errors")
        rows += [row for row in done if is_object(row)] if isinstance(done, list) else []
        refusals += [refusal(error) for error in kept] if isinstance(kept, list) else []
    return rows, refusals


def _shown(row: JsonObject, *, show_keys: bool) -> JsonObject:
    if show_keys:
        return row
    hidden: JsonObject = {name: row.get(name) and HIDDEN for name in _KEYS}
    return {**row, **hidden}
