"""The hub of a test, in a process of its own: ``python -m affinage.testing.serving ORDER``.

It prints its ready line, as `affinage serve` does. Then it reads moves on stdin, a JSON object a
line, and answers each with the time that it has come to. It ends with stdin: a test run that is
killed leaves no hub behind.
"""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from typing import Any

import uvloop

from affinage.adapters.system.clock import SystemClock
from affinage.apps.cli import logs
from affinage.apps.cli.failures import EXPECTED, report
from affinage.apps.cli.stopping import stop_event
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings
from affinage.testing.clocks import MovableTimes


def main(arguments: list[str]) -> None:
    """Serve as the one argument says: ``{"settings": {…}, "ahead": SECONDS, "aged": SECONDS}``."""
    try:
        order = json.loads(arguments[0])
        settings = HubSettings.read(None, **order["settings"])
        logs.configure(logging.getLevelNamesMapping()[settings.log_level.upper()])
        uvloop.run(_serve(settings, order))
    except* EXPECTED as errors:
        report(errors)
        sys.exit(1)


async def _serve(settings: HubSettings, order: Mapping[str, Any]) -> None:
    """Return when there are no more moves, or a signal says so."""
    moved = MovableTimes.of(SystemClock(), order["ahead"], order["aged"])
    stop = stop_event()
    async with Hub(settings, moved.times) as hub, asyncio.TaskGroup() as tasks:
        _say(hub.ready_line)
        moving = tasks.create_task(_follow(moved, stop))
        await hub.serve_until(stop)
        moving.cancel()


async def _follow(moved: MovableTimes, stop: asyncio.Event) -> None:
    async for move in _moves():
        moved.clock.advance(move["ahead"])
        moved.tokens.advance(move["aged"])
        _say(moved.clock.now().isoformat())
    stop.set()


async def _moves() -> AsyncIterator[dict[str, Any]]:
    """What stdin says, until its end."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with closing(pipe):
        async for line in reader:
            yield json.loads(line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
