"""The program `affinage`: its commands, and what becomes of their errors."""

import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from affinage.apps.cli import (
    applying,
    auditing,
    backing_up,
    certificates,
    configurations,
    demonstrating,
    deployments,
    devices,
    doctoring,
    enrollments,
    files,
    groups,
    jobs,
    links,
    logs,
    modules,
    monitoring,
    policies,
    querying,
    registrations,
    serving,
    simulating,
    twins,
)
from affinage.apps.cli.failures import EXPECTED, REFUSED, report

app = typer.Typer(
    name="affinage",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command, of the process's arguments if none are given, and end the process.

    This is the one place where errors become exit statuses: 0 is success, 1 a command that was
    refused or failed, told in a message on stderr, 2 one that was spelled wrongly. Commands
    raise; what nobody raises on purpose keeps its trace.
    """
    logs.configure(logging.WARNING)
    failed = False
    try:
        app(arguments)
    except* EXPECTED as errors:
        failed = True
        report(errors)
    sys.exit(REFUSED if failed else 0)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"affinage {version('affinage')}")
        raise typer.Exit


def _program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """A self-hosted hub for large groups of IoT devices.

    Commands find their hub by --data DIR, else by AFFINAGE_CONNECTION_STRING (with
    AFFINAGE_CA_FILE, AFFINAGE_HTTPS_PORT and AFFINAGE_MQTT_PORT), else in the folder
    affinage-data. They answer with a table, or with --json in JSON. They exit 0 if all is well,
    1 if refused, 2 if spelled wrongly.

    Example: `affinage demo`
    """


app.callback()(_program)
demonstrating.add_to(app)
serving.add_to(app)
for part in (backing_up, simulating, devices, modules, twins, configurations, querying, doctoring):
    part.add_to(app)
jobs.add_to(app)
policies.add_to(app)
links.add_to(app)
certificates.add_to(app)
enrollments.add_to(app)
registrations.add_to(app)
auditing.add_to(app)
monitoring.add_to(app)
for part in (deployments, groups, files, applying):
    part.add_to(app)
