"""`affinage deployment`: which modules edge devices run. Configurations, but for their content."""

from pathlib import Path
from typing import Annotated

import typer

from affinage.apps.cli import configurations, watching
from affinage.apps.cli.configurations import labelled, show_list
from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.options import (
    DataOption,
    GroupByOption,
    IdsArgument,
    JsonOption,
    LabelOption,
    MetricOption,
    PriorityOption,
    TargetOption,
    WithLabelOption,
)
from affinage.apps.cli.output import member
from affinage.apps.cli.reach import ask
from affinage.apps.cli.watching import UntilOption
from affinage.clients.service import ServiceClient

DeploymentArgument = Annotated[str, typer.Argument(metavar="ID", help="The deployment's id.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Edge deployments: which modules the edge devices run that meet a condition.",
        no_args_is_help=True,
    )
    group.command("list")(list_deployments)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("watch")(watch)
    app.add_typer(group, name="deployment")


def list_deployments(
    label: WithLabelOption = None,
    group_by: GroupByOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the edge deployments with their counts, the oldest first.

    Example: `affinage deployment list --group-by wave`
    """
    found = ask(data, lambda hub: labelled(hub, label))
    rows = [one for one in found if member(one, "content", "modulesContent")]
    show_list(rows, group_by, as_json=as_json)


def show(name: DeploymentArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show an edge deployment: condition, priority, content, counts and when they were made.

    Example: `affinage deployment show base-2`
    """
    configurations.show(name, data, as_json)


def create(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A deployment as Azure spells it, its content alone, or one as"
            " `affinage apply` takes it; in JSON or YAML, - is stdin.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id, if the file has none.")
    ] = None,
    target: TargetOption = None,
    priority: PriorityOption = None,
    metric: MetricOption = None,
    label: LabelOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an edge deployment from a file, with options over it.

    Example: `affinage deployment create base.json --id base-2 --target "tags.site = 'lyon'"`
    """
    configurations.create(file, name, target, priority, None, metric, label, data, as_json)


def update(
    name: DeploymentArgument,
    target: TargetOption = None,
    priority: PriorityOption = None,
    metric: MetricOption = None,
    label: LabelOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a deployment's target, priority, metrics and labels; the content never changes.

    Example: `affinage deployment update base-2 --priority 20`
    """
    configurations.update(name, target, priority, metric, label, None, data, as_json)


def delete(names: IdsArgument, data: DataOption = None) -> None:
    """Delete edge deployments: the next priority takes over; without one all stays as it is.

    Example: `affinage deployment delete base-2`
    """
    delete_each(data, "deployment", names, ServiceClient.delete_configuration)


def watch(
    name: DeploymentArgument,
    until: UntilOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch an edge deployment's counts, until Ctrl-C or until they are as wanted.

    Counts are the custom metrics by name, and targeted, applied, reportedSuccessful and
    reportedFailed. With --json only the last ones are shown. Stopped before --until was reached,
    it exits 1.

    Example: `affinage deployment watch base-2 --until reportedSuccessful=50`
    """
    watching.watch(name, until, data, as_json)
