"""`affinage monitor`: what happens in the fleet, as it happens."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Annotated, Final

import typer

from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import cell, line, member, printable, say
from affinage.apps.cli.reach import ask
from affinage.apps.cli.stopping import stop_event
from affinage.clients.feed import Told
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Unavailable
from affinage.domain.happening import Kind
from affinage.domain.values import JsonObject

RETRY_S: Final = 0.5
"""Before a hub is asked again that has ended the stream, or does not answer."""

_LATEST: Final = "latest"

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
    ] = _LATEST,
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
        client, stop = NativeClient(hub), stop_event()
        after = since if since != _LATEST else str((await client.events(_LATEST))["next"])
        showing = asyncio.ensure_future(
            _show(lambda after: client.follow(after, **asked), after, count, as_json=as_json)
        )
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((showing, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        showing.cancel()  # nothing happens to it if it has ended
        with suppress(asyncio.CancelledError):
            await showing

    ask(data, followed)


def told(event: JsonObject) -> str:
    """An event in one line: offset, time, kind, whose, and what it has to say."""
    whose = event.get("deviceId", "")
    if "moduleId" in event:
        whose = f"{whose}/{event['moduleId']}"
    said = {**event, "by": member(event, "by", "name")}
    more = [f"{name}={cell(said[name])}" for name in _SHOWN if said.get(name) not in (None, {})]
    head = f"{event['offset']:>8}  {event['at']:<24}  {event['kind']:<10}  {whose!s:<20}"
    return printable(f"{head}  {' '.join(more)}".rstrip())


async def follow(
    stream_after: Callable[[str], AsyncGenerator[Told, None]], after: str
) -> AsyncGenerator[JsonObject, None]:
    """The events of one stream after the other, without end; while nobody asks, none is read."""
    while True:
        with suppress(Unavailable):  # it may be starting again
            async with aclosing(stream_after(after)) as stream:
                async for kind, document in stream:
                    if kind == "lost":
                        say(f"{document['lost']} events were lost: they are not kept any more")
                    else:
                        after = str(document["offset"])
                        yield document
        await asyncio.sleep(RETRY_S)


async def _show(
    stream_after: Callable[[str], AsyncGenerator[Told, None]],
    after: str,
    count: int | None,
    *,
    as_json: bool,
) -> None:
    """One line for each event, until there were ``count`` of them."""
    left = count
    async with aclosing(follow(stream_after, after)) as events:
        async for event in events:
            line(json.dumps(event, ensure_ascii=False) if as_json else told(event))
            left = left and left - 1
            if left == 0:
                return
