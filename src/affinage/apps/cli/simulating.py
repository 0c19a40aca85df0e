"""`affinage simulate`: a fleet of simulated devices against a running hub."""

import asyncio
from typing import Annotated, Final

import typer
import uvloop

from affinage.adapters.system.clock import SystemClock
from affinage.apps.cli.assignments import nested
from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.options import DataOption, TagOption
from affinage.apps.cli.output import say, terminal
from affinage.apps.cli.reach import own_id_scope, reach
from affinage.apps.cli.stopping import stop_event
from affinage.apps.simulator.factory import Factory
from affinage.apps.simulator.faults import Risk, parse_risk
from affinage.apps.simulator.firmware import AT_REST
from affinage.apps.simulator.fleet import simulate as live
from affinage.apps.simulator.profile import Timings
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.apps.simulator.tally import Tally
from affinage.domain.errors import Invalid

REFRESH_S: Final = 0.25


def add_to(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    count: Annotated[int, typer.Option(min=1, metavar="N", help="Devices.")] = 10,
    prefix: Annotated[
        str, typer.Option(metavar="PREFIX", help="Of their ids: PREFIX-00000 and on.")
    ] = "sim",
    tag: TagOption = None,
    risk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RISK",
            help="What goes wrong, as in power-old-slot=0.02; may be given several times.",
        ),
    ] = None,
    pace: Annotated[
        float,
        typer.Option(min=0.001, metavar="F", help="1 is a real update's pace, 110 seconds each."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same fleet.")] = 0,
    at_once: Annotated[
        int, typer.Option(min=1, metavar="N", help="Connections made at one time.")
    ] = 50,
    telemetry: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="SECONDS", help="Between two messages of a device."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="GROUP", help="Of enrollments: they register, by keys derived of it."),
    ] = None,
    id_scope: Annotated[
        str | None,
        typer.Option(metavar="SCOPE", help="With --group, where there is no data folder."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Run simulated devices over real MQTT and TLS, until Ctrl-C.

    Devices that the hub lacks are created, with the tags; those it has are used as they are, and
    go on with the firmware that they last reported. They answer every method, acknowledge every
    message, and send telemetry if they are told how often.

    With --group they come as machines do from the factory: each registers, and has the tags that
    its enrollment group gives it.

    A risk is written `KIND[=SHARE][:VERSION][@LABEL=VALUE]`, of the kinds hardware, connection,
    power-old-slot, power-new-slot, operator and silence.

    Example: `affinage simulate --count 50 --tag ring=canary --risk hardware:2.0.0@revision=B`
    """
    if group and tag:
        raise typer.BadParameter("the tags of devices that register are their group's")
    found = reach(data)
    factory = Factory(group, id_scope or own_id_scope(data)) if group else None
    settings = SimulatorSettings(
        found.hub,
        found.context,
        count=count,
        prefix=prefix,
        tags=nested(tag, "--tag"),
        seed=seed,
        timings=Timings().scaled(pace),
        risks=tuple(map(_risk, risk or ())),
        address=found.address,
        https_port=found.https_port,
        mqtt_port=found.mqtt_port,
        at_once=at_once,
        telemetry_every_s=telemetry,
    )
    uvloop.run(_simulated(settings, factory))


def bars_of(tally: Tally, count: int, ready: int) -> dict[str, Bar]:
    """How the fleet stands; versions in the order of their names."""
    at_rest = sum(tally.by_status[status] for status in AT_REST)
    bars = {"identities": ready, "connected": tally.online}
    bars["updating"] = len(tally.latest) - at_rest
    versions = {f"on {name}": devices for name, devices in sorted(tally.by_version.items()) if name}
    trouble = {"in trouble": tally.troubled} if tally.troubled else {}
    silent = {"silent": tally.dead} if tally.dead else {}
    return {name: Bar(n, count) for name, n in {**bars, **versions, **silent, **trouble}.items()}


async def _simulated(settings: SimulatorSettings, factory: Factory | None) -> None:
    stop, tally, ready = stop_event(), Tally(), _Ready()
    async with asyncio.TaskGroup() as tasks:
        fleet = tasks.create_task(
            live(
                settings,
                clock=SystemClock(),
                stop=stop,
                factory=factory,
                watch=tally.take,
                on_identities=ready.add,
            )
        )
        with Board(terminal()) as board:
            while not fleet.done():
                board.show(bars_of(tally, settings.count, ready.count))
                await asyncio.wait([fleet], timeout=REFRESH_S)
            board.show(bars_of(tally, settings.count, ready.count))
    _tell_trouble(tally)


class _Ready:
    """Identities that are there."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int) -> None:
        self.count += more


def _tell_trouble(tally: Tally) -> None:
    """One device's, for all."""
    for sighting in tally.latest.values():
        if sighting.trouble:
            say(f"{tally.troubled} devices are in trouble; {sighting.device}: {sighting.trouble}")
            return


def _risk(text: str) -> Risk:
    try:
        return parse_risk(text)
    except Invalid as error:
        raise typer.BadParameter(str(error), param_hint="--risk") from None
