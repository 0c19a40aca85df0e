"""`affinage monitor`: what happens in the fleet, as it happens."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

import typer

from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import cell, line, printable, say
from affinage.apps.cli.reach import ask
from affinage.apps.cli.stopping import stop_event
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Unavailable
from affinage.domain.happening import Kind
from affinage.domain.values import JsonObject, is_object

POLL_S: Final = 0.5
"""Between two looks, when nothing comes."""

_SHOWN: Final = ("change", "by", "patch", "version", "lost", "properties", "body")
"""Members that a line shows, in this order."""


def add_to(app: typer.Typer) -> None:
    app.command("monitor")(monitor)


def monitor(
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="Only of this device and its modules.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help=f"Only of this kind: {', '.join(Kind)}.")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="OFFSET", help="Behind which offset; 0 is all that is kept.")
    ] = "latest",
    count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many events.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show telemetry and what happens to twins, devices and connections, until Ctrl-C.

    With --json an event is a line of JSON, with the offset to go on after (--since).

    Example: `affinage monitor chiller-00017 --kind telemetry`
    """
    wanted = {"kind": kind, "device": device}
    asked = {name: value for name, value in wanted.items() if value is not None}

    async def followed(hub: ServiceClient) -> None:
        stop, left = stop_event(), count
        client = NativeClient(hub)
        async for event in follow(lambda after: client.events(after, **asked), since, stop):
            line(json.dumps(event, ensure_ascii=False) if as_json else told(event))
            left = left and left - 1
            if left == 0:
                return

    ask(data, followed)


def told(event: JsonObject) -> str:
    """An event in one line: offset, time, kind, whose, and what it has to say."""
    whose = event.get("deviceId", "")
    if "moduleId" in event:
        whose = f"{whose}/{event['moduleId']}"
    more = [f"{name}={cell(event[name])}" for name in _SHOWN if event.get(name) not in (None, {})]
    head = f"{event['offset']:>8}  {event['at']:<24}  {event['kind']:<10}  {whose!s:<20}"
    return printable(f"{head}  {' '.join(more)}".rstrip())


async def follow(
    page_after: Callable[[str], Awaitable[JsonObject]], after: str, stop: asyncio.Event
) -> AsyncIterator[JsonObject]:
    """The events of one page after the other, as they come, until it shall stop."""
    while not stop.is_set():
        page = None
        with contextlib.suppress(Unavailable):  # it may be starting again
            page = await page_after(after)
        events = page["events"] if page else []
        if page and page["lost"]:
            say(f"{page['lost']} events were lost: they are not kept any more")
        for event in events if isinstance(events, list) else ():
            if is_object(event):
                yield event
        is_at_rest = not page or str(page["next"]) == after
        after = str(page["next"]) if page else after
        if is_at_rest:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)
