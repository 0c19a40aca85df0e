"""`affinage serve`, `affinage connection-string` and `affinage token`."""

import gc
import logging
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from affinage.adapters.system.clock import SystemClock
from affinage.apps.cli import logs
from affinage.apps.cli.stopping import stop_event
from affinage.apps.hub import Hub
from affinage.apps.keys import Keys
from affinage.apps.settings import DEFAULT_DATA, HubSettings
from affinage.domain.names import TwinKey
from affinage.protocol.tokens import make_token
from affinage.services.policies import PROVISIONING

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help=f"The data folder, {DEFAULT_DATA} if not named."),
]


def add_to(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("connection-string")(connection_string)
    app.command("token")(token)


def serve(
    data: DataOption = None,
    hostname: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name that clients use; may be given several times."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = None,
    https_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", help="HTTPS: the public SDKs insist on 443; 0 is any free one."
        ),
    ] = None,
    mqtt_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", help="MQTT: the public SDKs insist on 8883; 0 is any free one."
        ),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="Log this and what is graver: debug … error."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with these settings.")
    ] = None,
) -> None:
    """Run a hub until it is told to stop.

    The first start makes the data folder: the store, the keys, a certificate authority
    (DIR/tls/ca.pem, for clients to trust), and the built-in shared-access policies.

    Example: `affinage serve --data cave --hostname cave.example --host 0.0.0.0`
    """
    settings = HubSettings.read(
        config,
        data=data,
        hostnames=hostname or None,
        host=host,
        https_port=https_port,
        mqtt_port=mqtt_port,
        log_level=log_level,
    )
    logs.configure(logging.getLevelNamesMapping()[settings.log_level.upper()])
    uvloop.run(_serve(settings))


def connection_string(
    data: DataOption = None,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="A shared-access policy.")
    ] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="A device.")] = None,
    module: Annotated[
        str | None, typer.Option(metavar="MODULE", help="A module of that device.")
    ] = None,
    dps: Annotated[
        bool, typer.Option("--dps", help="The policy provisioningserviceowner.")
    ] = False,
    id_scope: Annotated[
        bool, typer.Option("--id-scope", help="Not a connection string, but the id scope.")
    ] = False,
) -> None:
    """Print one connection string, of the policy iothubowner if nothing else is asked for.

    It has the key in it; the id scope, which devices that register name, is no secret. Works
    whether the hub over the data folder runs or not.

    Example: `affinage connection-string --device chiller-00017`
    """
    if sum(map(bool, (policy, device, dps, id_scope))) > 1 or (module and not device):
        raise typer.BadParameter(
            "ask for a --policy, --dps, --id-scope, a --device, or a --module of a --device"
        )
    keys = Keys(data or DEFAULT_DATA)
    if id_scope:
        typer.echo(keys.id_scope())
        return
    if device:
        found = keys.of_identity(TwinKey(device, module))
    else:
        found = keys.of_policy(PROVISIONING if dps else policy or "iothubowner")
    typer.echo(found.text)


def token(
    data: DataOption = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="A shared-access policy.")
    ] = "registryRead",
    days: Annotated[
        int, typer.Option(min=1, max=3650, metavar="N", help="How long it opens doors.")
    ] = 365,
) -> None:
    """Print a token of a policy, for programs that send one and cannot make it, as Prometheus.

    Whoever has it may do what the policy may, until its time is over: it cannot be taken back.

    Example: `affinage token --policy registryRead --days 30`
    """
    found = Keys(data or DEFAULT_DATA).of_policy(policy)
    assert found.key is not None  # a policy has keys
    ends_at = SystemClock().now() + timedelta(days=days)
    typer.echo(make_token(found.host, found.key, int(ends_at.timestamp()), found.policy))


async def _serve(settings: HubSettings) -> None:
    stop = stop_event()
    _spare_the_collector()
    async with Hub(settings) as hub:
        gc.freeze()  # what was loaded; nobody waits for it, as for a look through all of it
        typer.echo(hub.ready_line)
        await hub.serve_until(stop)


def _spare_the_collector() -> None:
    """Have the garbage collector pass over what is there by now, and look less often.

    A fleet is bytes, and what a commit decodes of it holds no cycles: looking through all of that
    every few hundred allocations took a third of the time. Cycles still go, only later. What is
    young is looked at in small numbers, and what has stayed only once more: a storm of connections
    makes a million objects that stay, and everybody waits while some of them are looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(30_000, 0, 10_000)
