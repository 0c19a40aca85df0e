"""`affinage config`: what shall be so on all twins that meet a condition."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.apps.cli import watching
from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.documents import read_rule
from affinage.apps.cli.options import (
    DataOption,
    GroupByOption,
    IdArgument,
    IdsArgument,
    JsonOption,
    LabelOption,
    MetricOption,
    PriorityOption,
    TargetOption,
    WithLabelOption,
)
from affinage.apps.cli.output import Columns, member, say, show_document, show_rows
from affinage.apps.cli.reach import ask
from affinage.apps.cli.rules import Wishes, changed, described, new_rule
from affinage.apps.cli.warned import warnings_of
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.labels import grouped, wanted
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "id": lambda row: row.get("id"),
    "priority": lambda row: row.get("priority"),
    "target condition": lambda row: row.get("targetCondition"),
    "targeted": lambda row: member(row, "systemMetrics", "results", "targetedCount"),
    "applied": lambda row: member(row, "systemMetrics", "results", "appliedCount"),
    "metrics": lambda row: member(row, "metrics", "results") or None,
}


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Configurations: what shall be so on all twins that meet a condition.",
        no_args_is_help=True,
    )
    group.command("list")(list_configurations)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("watch")(watching.watch)
    app.add_typer(group, name="config")


def list_configurations(
    label: WithLabelOption = None,
    group_by: GroupByOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the configurations with their counts, the oldest first.

    Example: `affinage config list --label wave=pilot`
    """
    show_list(ask(data, lambda hub: labelled(hub, label)), group_by, as_json=as_json)


async def labelled(hub: ServiceClient, labels: Sequence[str] | None) -> list[JsonObject]:
    """Those with all of the labels, the oldest first."""
    wanted([*(labels or ())])  # refused here already, where it is spelled wrongly
    if not labels:
        return await hub.list_configurations()
    found = [one async for one in NativeClient(hub).configurations(labels)]
    return sorted(found, key=created)


def created(one: JsonObject) -> str:
    """When a configuration was created, as text that sorts: zeros of a fraction are dropped."""
    return str(one.get("createdTimeUtc")).removesuffix("Z")


def show_list(rows: Sequence[JsonObject], group_by: str | None, *, as_json: bool) -> None:
    """All of them, or by the texts of a label."""
    if group_by is None:
        show_rows(rows, COLUMNS, as_json=as_json)
        return
    groups = grouped(rows, group_by)
    if as_json:
        of_label: list[JsonObject] = [
            {"label": group_by, "value": value, "configurations": [*some]} for value, some in groups
        ]
        show_rows(of_label, {}, as_json=True)
        return
    named = [{**one, group_by: value} for value, some in groups for one in some]
    show_rows(named, {group_by: lambda row: row.get(group_by), **COLUMNS}, as_json=False)


def show(name: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show a configuration: condition, priority, content, counts and when they were made.

    Example: `affinage config show firmware-2`
    """
    rule, metrics = ask(data, lambda hub: _with_metrics(hub, name))
    if as_json:
        show_document(rule, as_json=True)
    else:
        show_document({**_readable(rule), "counted": counted(metrics)}, as_json=False)


def counted(metrics: Sequence[JsonObject]) -> str | None:
    """Since when the counts are what they are, and which are missing; None if nobody knows."""
    moments = {str(one.get("name")): one.get("countedAt") for one in metrics}
    known = sorted(str(moment) for moment in moments.values() if moment)
    missing = [name for name, moment in moments.items() if not moment]
    also = f"not yet: {', '.join(missing)}" if missing else ""
    return "; ".join(filter(None, [known[0] if known else "", also])) or None


def create(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A configuration as Azure spells it, its content alone, or one as"
            " `affinage apply` takes it; in JSON or YAML, - is stdin.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id, if the file has none.")
    ] = None,
    target: TargetOption = None,
    priority: PriorityOption = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=JSON", help="What it sets, as in properties.desired.fan.speed=3."
        ),
    ] = None,
    metric: MetricOption = None,
    label: LabelOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a configuration, from a file, from options, or from a file with options over it.

    Example: `affinage config create --id fan-3 --target "tags.ring = 'canary'" --priority 10
    --set properties.desired.fan.speed=3`
    """
    given = {} if file is None else read_rule(file, "FILE")
    rule = new_rule(given, name, Wishes.read(target, priority, metric, label), setting)
    made, told = ask(data, lambda hub: _created(hub, rule))
    _show(made, told, as_json=as_json)


def update(
    name: IdArgument,
    target: TargetOption = None,
    priority: PriorityOption = None,
    metric: MetricOption = None,
    label: LabelOption = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A configuration in JSON or YAML that takes the old one's place; - is stdin.",
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a configuration's target, priority, metrics and labels; the content never changes.

    A metric or label with nothing after its = goes. Another content takes a configuration with a
    new id and a higher priority.

    Example: `affinage config update fan-3 --target "tags.ring IN ['canary', 'early']"`
    """
    wishes = Wishes.read(target, priority, metric, label)
    if file is None and wishes.is_empty:
        raise typer.BadParameter("name what shall change, as in --priority 20")
    given = None if file is None else described(read_rule(file, "--file"))
    if given is not None and given.setdefault("id", name) != name:
        raise typer.BadParameter(f"it is of {given['id']!r}, not of {name!r}", param_hint="--file")
    result, told = ask(data, lambda hub: _update(hub, name, given, wishes))
    _show(result, told, as_json=as_json)


def delete(names: IdsArgument, data: DataOption = None) -> None:
    """Delete configurations: what they set leaves the devices, and the next priority takes over.

    Example: `affinage config delete fan-3`
    """
    delete_each(data, "configuration", names, ServiceClient.delete_configuration)


async def _with_metrics(hub: ServiceClient, name: str) -> tuple[JsonObject, Sequence[JsonObject]]:
    """The configuration, and its metrics if the hub has a native door."""
    rule = await hub.get_configuration(name)
    try:
        return rule, await NativeClient(hub).metrics(name)
    except ServiceError:
        return rule, ()


async def _created(hub: ServiceClient, rule: JsonObject) -> tuple[JsonObject, list[str]]:
    made = await hub.create_configuration(rule)
    return made, await warnings_of(hub, made)


async def _update(
    hub: ServiceClient, name: str, given: JsonObject | None, wishes: Wishes
) -> tuple[JsonObject, list[str]]:
    """On the condition that nobody changes it in between."""
    current = await hub.get_configuration(name)
    rule = changed(current if given is None else given, wishes)
    written = await hub.update_configuration(rule, if_match=str(current["etag"]))
    return written, await warnings_of(hub, written)


def _show(rule: JsonObject, told: Sequence[str], *, as_json: bool) -> None:
    """The configuration, and on stderr what its author should know."""
    show_document(rule if as_json else _readable(rule), as_json=as_json)
    for text in told:
        say(f"warning: {text}")


def _readable(rule: JsonObject) -> JsonObject:
    """Without the texts of the hub's own metrics, and with the counts side by side."""
    return {
        "id": rule.get("id"),
        "target condition": rule.get("targetCondition"),
        "priority": rule.get("priority"),
        "labels": rule.get("labels"),
        "content": rule.get("content"),
        "metrics": member(rule, "metrics", "queries"),
        "counts": {**watching.counts_of(rule)},
        "changed": rule.get("lastUpdatedTimeUtc"),
    }
