"""The program `affinage`: its commands, and what becomes of their errors."""

import logging
import ssl
import sys

import typer
from rich.console import Console

from affinage.apps.cli import demonstrating, logs, serving
from affinage.clients.service import ServiceError
from affinage.domain.errors import AffinageError
from affinage.protocol.errors import ProtocolError

app = typer.Typer(
    name="affinage",
    help="A self-hosted hub for large groups of IoT devices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
demonstrating.add_to(app)
serving.add_to(app)


def main() -> None:
    """Run one command; an error is one message on stderr and exit status 1."""
    logs.configure(logging.WARNING)
    try:
        app()
    except (AffinageError, ServiceError, ProtocolError, OSError, ssl.SSLError) as error:
        Console(stderr=True, soft_wrap=True).print(
            f"[red]error:[/red] {_told(error)}", highlight=False
        )
        sys.exit(1)


def _told(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.replace("[", r"\[")
