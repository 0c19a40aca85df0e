"""`affinage job`: one twin update, or one method, for all twins that meet a condition, once."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from affinage.apps.cli import transfers
from affinage.apps.cli.board import Board
from affinage.apps.cli.options import DataOption, DesiredOption, JsonOption, TagOption
from affinage.apps.cli.output import Columns, member, say, show_document, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.apps.cli.reaching import (
    ConnectOption,
    PayloadOption,
    TimeoutOption,
    method_request,
)
from affinage.apps.cli.stopping import stop_event
from affinage.apps.cli.twins import PatchOption, change_of
from affinage.apps.cli.waiting import bars_of, ended, insist
from affinage.clients.service import ServiceClient
from affinage.domain.etags import ANY
from affinage.domain.jobs import EVERYTHING, EXECUTION_S, Kind, Status
from affinage.domain.values import JsonObject, is_object

COLUMNS: Final[Columns] = {
    "id": lambda row: row.get("jobId"),
    "type": lambda row: row.get("type"),
    "status": lambda row: row.get("status"),
    "condition": lambda row: row.get("queryCondition"),
    "starts": lambda row: row.get("startTime"),
    "targets": lambda row: member(row, "deviceJobStatistics", "deviceCount"),
    "succeeded": lambda row: member(row, "deviceJobStatistics", "succeededCount"),
    "failed": lambda row: member(row, "deviceJobStatistics", "failedCount"),
}

JobArgument = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]
WaitOption = Annotated[
    bool,
    typer.Option("--wait", help="Wait for its end, and exit 1 unless all targets succeeded."),
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Jobs: one twin update, or one method, for all twins that meet a condition.",
        no_args_is_help=True,
    )
    group.command("list")(list_jobs)
    group.command("show")(show)
    group.command("create")(create)
    group.command("cancel")(cancel)
    group.command("export")(transfers.export_registry)
    group.command("import")(transfers.import_registry)
    app.add_typer(group, name="job")


def list_jobs(
    kind: Annotated[
        Kind | None, typer.Option("--type", metavar="TYPE", help=f"Only {' or '.join(Kind)}.")
    ] = None,
    status: Annotated[
        Status | None,
        typer.Option(metavar="STATUS", help=f"Only those: {', '.join(Status)}."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the jobs by their ids, those of the last 30 days too.

    Example: `affinage job list --status running`
    """
    found = ask_all(data, lambda hub: hub.list_jobs(kind=kind or "", status=status or ""))
    show_rows(found, COLUMNS, as_json=as_json)


def show(
    name: JobArgument,
    wait: WaitOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a job: what was asked, and how far it is.

    Example: `affinage job show set-rate --wait`
    """
    if wait:
        _show_end(data, name, as_json=as_json)
    else:
        _show(ask(data, lambda hub: hub.get_job(name)), as_json=as_json)


def create(
    name: JobArgument,
    condition: Annotated[
        str, typer.Option("--where", metavar="CONDITION", help="For which twins; * is all.")
    ],
    tag: TagOption = None,
    desired: DesiredOption = None,
    patch: PatchOption = None,
    method: Annotated[
        str | None, typer.Option(metavar="METHOD", help="The method that they shall run.")
    ] = None,
    payload: PayloadOption = None,
    timeout: TimeoutOption = 30,
    connect_timeout: ConnectOption = 0,
    modules: Annotated[
        bool, typer.Option("--modules", help="For modules, not for devices.")
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When, as in 2030-01-01T02:00:00Z; at once if not."),
    ] = None,
    within: Annotated[
        int, typer.Option(metavar="SECONDS", help="How long it may take: 1 to 2592000.")
    ] = EXECUTION_S,
    wait: WaitOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a twin update or a method done once, for each twin that meets a condition.

    Its targets are those that meet the condition when it begins. A job is made once: what it does
    is not changed, it is cancelled.

    Example: `affinage job create set-rate --where "tags.site = 'lyon'" --desired rate=6 --wait`
    """
    change = change_of(tag, desired, patch)
    if bool(change) == (method is not None):
        raise typer.BadParameter("name --method, or what shall change: --tag, --desired, --patch")
    if method is None and payload is not None:
        raise typer.BadParameter("it is for a --method", param_hint="--payload")
    job: JsonObject = {
        "jobId": name,
        "queryCondition": _of_modules(condition) if modules else condition,
        "maxExecutionTimeInSeconds": within,
    }
    if start is not None:
        job["startTime"] = start
    if method is None:
        job |= {"type": Kind.UPDATE_TWIN, "updateTwin": {"etag": ANY, **change}}
    else:
        request = method_request(method, payload, timeout, connect_timeout)
        job |= {"type": Kind.METHOD, "cloudToDeviceMethod": request}
    made = ask(data, lambda hub: hub.create_job(job))
    if wait:
        _show_end(data, name, as_json=as_json)
    else:
        _show(made, as_json=as_json)


def cancel(
    names: Annotated[list[str], typer.Argument(metavar="ID", help="Their ids.")],
    data: DataOption = None,
) -> None:
    """Have jobs begin no further target; what is done stays, and who was asked is waited for.

    Example: `affinage job cancel set-rate`
    """

    async def cancelled(hub: ServiceClient) -> None:
        for name in names:
            job = await hub.cancel_job(name)
            say(f"job {name} is {job['status']}")

    ask(data, cancelled)


def _show_end(data: Path | None, name: str, *, as_json: bool) -> None:
    """Progress on stderr, so that the answer is alone on stdout."""
    board = Board(Console(stderr=True, highlight=False, quiet=as_json))
    job = ask(data, lambda hub: _ended(hub, name, board))
    _show(job, as_json=as_json)
    insist(job)


async def _ended(hub: ServiceClient, name: str, board: Board) -> JsonObject:
    return await ended(lambda: hub.get_job(name), bars_of, board, stop_event())


def _of_modules(condition: str) -> str:
    """The same over modules; for all of them, what is so of every one."""
    meant = "IS_DEFINED(moduleId)" if condition.strip() in ("", EVERYTHING) else condition
    return f"FROM devices.modules WHERE {meant}"


def _show(job: JsonObject, *, as_json: bool) -> None:
    show_document(job if as_json else _readable(job), as_json=as_json)


def _readable(job: JsonObject) -> JsonObject:
    """What people look for in a job, its counts side by side."""
    counts = job.get("deviceJobStatistics")
    of_targets = counts if is_object(counts) else {}
    return {
        "id": job.get("jobId"),
        "type": job.get("type"),
        "status": job.get("status"),
        "condition": job.get("queryCondition"),
        "does": job.get("updateTwin") or job.get("cloudToDeviceMethod"),
        "starts": job.get("startTime"),
        **({"ended": job["endTime"]} if job.get("endTime") else {}),
        **{_COUNTS.get(name, name): count for name, count in of_targets.items()},
        **({"reason": job["failureReason"]} if job.get("failureReason") else {}),
    }


_COUNTS: Final = {
    "deviceCount": "targets",
    "succeededCount": "succeeded",
    "failedCount": "failed",
    "runningCount": "under way",
    "pendingCount": "waiting",
}
