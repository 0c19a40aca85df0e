"""The command line as a person uses it, beside a real hub on loopback in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.testing import CliRunner

from affinage.apps.cli.failures import EXPECTED, told
from affinage.apps.cli.program import app
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Of its table, without the spaces at their ends."""
        return [line.rstrip() for line in self.out.splitlines()]


def run(*words: str, stdin: str = "") -> Answer:
    """Run one command, as `main` does; what nobody raises on purpose comes up."""
    result = CliRunner().invoke(app, words, input=stdin, env={"COLUMNS": "200"})
    match result.exception:
        case None | SystemExit():
            return Answer(result.exit_code, result.stdout, result.stderr)
        case error if isinstance(error, EXPECTED):
            return Answer(1, result.stdout, result.stderr + told(error))
        case error:
            raise error


@dataclass(frozen=True)
class CommandLine:
    """Commands to the hub over one data folder; `ok` insists that they succeed."""

    folder: Path

    def __call__(self, *words: str, stdin: str = "") -> Answer:
        return run(*words, "--data", str(self.folder), stdin=stdin)

    def ok(self, *words: str, stdin: str = "") -> Answer:
        answer = self(*words, stdin=stdin)
        assert answer.status == 0, answer
        return answer

    def json(self, *words: str, stdin: str = "") -> Any:
        return self.ok(*words, "--json", stdin=stdin).document


@contextmanager
def served_hub(
    folder: Path, *, transfer_folder: Path | None = None, upload_folder: Path | None = None
) -> Iterator[CommandLine]:
    """A hub over ``folder`` on free ports, for as long as the context lasts; it logs nothing."""
    stop, ready = asyncio.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        settings = HubSettings(
            data=folder,
            https_port=0,
            mqtt_port=0,
            transfer_folder=transfer_folder,
            upload_folder=upload_folder,
        )
        async with Hub(settings) as hub:
            loops.append(asyncio.get_running_loop())
            ready.set()
            await hub.serve_until(stop)

    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30), "the hub does not start"
    try:
        yield CommandLine(folder)
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
        structlog.configure(**before)
