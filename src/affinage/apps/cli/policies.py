"""`affinage policy`: who may do what in the hub, by which keys."""

from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.apps.cli.identities import HIDDEN, key_lines
from affinage.apps.cli.options import DataOption, JsonOption, KeysOption, ShowKeysOption
from affinage.apps.cli.output import Columns, say, show_document, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.native import NativeClient
from affinage.domain.policy import RIGHTS, Which
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "name": lambda row: row.get("name"),
    "rights": lambda row: ", ".join(map(str, rights)) if (rights := _list(row)) else None,
}

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")]
RightOption = Annotated[
    list[str] | None,
    typer.Option("--right", metavar="RIGHT", help=f"A right: {', '.join(RIGHTS)}."),
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Shared-access policies: who may do what, by which keys.", no_args_is_help=True
    )
    group.command("list")(list_policies)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("rotate")(rotate)
    app.add_typer(group, name="policy")


def list_policies(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the policies and what each may do.

    Example: `affinage policy list`
    """
    found = ask(data, lambda hub: NativeClient(hub).policies())
    show_rows(found, COLUMNS, as_json=as_json)


def show(
    name: NameArgument,
    show_keys: ShowKeysOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a policy.

    Example: `affinage policy show service`
    """
    found = ask(data, lambda hub: NativeClient(hub).policy(name, with_keys=show_keys))
    show_document(_shown(found), as_json=as_json)


def create(
    name: NameArgument,
    right: RightOption = None,
    keys: KeysOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a policy, with new keys unless it is given some.

    Example: `affinage policy create dashboard --right RegistryRead --right ServiceConnect`
    """
    if not right:
        raise typer.BadParameter("name one right at least", param_hint="--right")
    body = _body(right, keys)
    made = ask(data, lambda hub: NativeClient(hub).put_policy(name, body, if_match=None))
    say(f"created policy {name}; `affinage connection-string --policy {name}` has its key")
    show_document(_shown(made), as_json=as_json)


def update(
    name: NameArgument,
    right: RightOption = None,
    keys: KeysOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a policy other rights, or keys of your own; what is not named stays.

    Example: `affinage policy update dashboard --right RegistryRead`
    """
    body = _body(right, keys)
    if not body:
        raise typer.BadParameter("nothing is to be changed: name --right or --keys")
    changed = ask(data, lambda hub: NativeClient(hub).put_policy(name, body, if_match="*"))
    say(f"changed policy {name}")
    show_document(_shown(changed), as_json=as_json)


def delete(name: NameArgument, data: DataOption = None) -> None:
    """Delete a policy; its tokens are refused from now on, and connections by them end.

    Example: `affinage policy delete dashboard`
    """
    ask(data, lambda hub: NativeClient(hub).delete_policy(name))
    say(f"deleted policy {name}")


def rotate(
    name: NameArgument,
    key: Annotated[
        Which,
        typer.Option(
            metavar="WHICH",
            help="primary or secondary: that key is made anew; swap: the two change places.",
        ),
    ],
    show_keys: ShowKeysOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one key of a policy anew; whoever uses the other goes on.

    Example: `affinage policy rotate service --key secondary`
    """
    found = ask(
        data, lambda hub: NativeClient(hub).regenerate(name, key.value, with_keys=show_keys)
    )
    done = "swapped the keys" if key is Which.SWAP else f"made the {key} key anew"
    say(f"{done} of policy {name}")
    show_document(_shown(found), as_json=as_json)


def _shown(document: JsonObject) -> JsonObject:
    """The policy, with a word where its keys are not shown."""
    return {
        **document,
        **{key: document.get(key, HIDDEN) for key in ("primaryKey", "secondaryKey")},
    }


def _body(right: list[str] | None, keys: Path | None) -> JsonObject:
    body: JsonObject = {"rights": [*right]} if right else {}
    if keys is not None:
        body["primaryKey"], body["secondaryKey"] = key_lines(keys)
    return body


def _list(row: JsonObject) -> list[object]:
    rights = row.get("rights")
    return [*rights] if isinstance(rights, list) else []
