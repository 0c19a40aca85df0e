"""`affinage config watch`: a configuration's counts, until they are as wanted."""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import typer
from rich.console import Console

from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.options import DataOption, IdArgument, JsonOption
from affinage.apps.cli.output import member, show_json, terminal
from affinage.apps.cli.reach import ask
from affinage.apps.cli.stopping import stop_event
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.values import JsonObject, is_object

POLL_S: Final = 0.5
"""Between two looks."""

KINDS: Final = ("systemMetrics", "metrics")

UntilOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME=N", help="End once this count is N or more.")
]

_WANTED: Final = re.compile(r"(.+?)=(\d+)")


def watch(
    name: IdArgument,
    until: UntilOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a configuration's counts, until Ctrl-C or until they are as wanted.

    Counts are the custom metrics by name, and targeted, applied. With --json only the last ones
    are shown. Stopped before --until was reached, it exits 1.

    Example: `affinage config watch firmware-2 --until current=50`
    """
    wanted = dict(map(_read, until or ()))
    console = Console(stderr=True, quiet=True) if as_json else terminal()

    async def seen(hub: ServiceClient) -> dict[str, int]:
        return await watched(hub, name, wanted, Board(console), stop_event())

    counts = ask(data, seen)
    if as_json:
        show_json({**counts})
    insist(name, counts, wanted)


def counts_of(rule: JsonObject) -> dict[str, int]:
    """The hub's own metrics by short names (`targeted`, `applied`), and the custom ones."""
    system = {_short(name): count for name, count in _results(rule, "systemMetrics").items()}
    return {**system, **_results(rule, "metrics")}


def reached(counts: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether every wanted count is there, or more; one that the hub has not made is not."""
    return all(counts.get(name, -1) >= least for name, least in wanted.items())


def check_names(rule: JsonObject, wanted: Iterable[str]) -> None:
    """Raise Invalid unless the configuration has metrics of all these names."""
    names = [_short(name) for kind in KINDS for name in _members(rule, kind, "queries")]
    if unknown := sorted({*wanted} - {*names}):
        raise Invalid(f"there is no count {unknown[0]!r}: there are {', '.join(names)}")


def bars_of(counts: Mapping[str, int]) -> dict[str, Bar]:
    """Each count beside what is targeted."""
    targeted = counts.get("targeted", 0)
    return {name: Bar(count, max(count, targeted)) for name, count in counts.items()}


def insist(name: str, counts: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Invalid unless the counts of the configuration are as wanted."""
    if not reached(counts, wanted):
        missing = ", ".join(f"{one}={least}" for one, least in wanted.items())
        raise Invalid(f"stopped before {name} had {missing}")


async def watched(
    hub: ServiceClient, name: str, wanted: Mapping[str, int], board: Board, stop: asyncio.Event
) -> dict[str, int]:
    """The last counts that were seen: once they are as wanted, if anything is, or at the stop."""
    rule = await hub.get_configuration(name)
    check_names(rule, wanted)
    counts = counts_of(rule)
    with board:
        board.show(bars_of(counts))
        while not (stop.is_set() or (wanted and reached(counts, wanted))):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)
            with contextlib.suppress(Unavailable):  # it may be starting again
                counts = counts_of(await hub.get_configuration(name))
            board.show(bars_of(counts))
    return counts


def _read(text: str) -> tuple[str, int]:
    if (found := _WANTED.fullmatch(text)) is None:
        raise typer.BadParameter(f"{text!r} is not NAME=N, as in current=50", param_hint="--until")
    return found[1], int(found[2])


def _results(rule: JsonObject, kind: str) -> dict[str, int]:
    named = _members(rule, kind, "results")
    return {name: count for name, count in named.items() if isinstance(count, int)}


def _members(rule: JsonObject, kind: str, part: str) -> JsonObject:
    found = member(rule, kind, part)
    return found if is_object(found) else {}


def _short(name: str) -> str:
    return name.removesuffix("Count")
