"""What a fleet of simulated devices can be told."""

import ssl
from dataclasses import dataclass, field

from affinage.apps.simulator.faults import Risk
from affinage.apps.simulator.profile import FACTORY_VERSION, REVISIONS, Timings
from affinage.clients.device import MQTT_PORT
from affinage.clients.service import HTTPS_PORT
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    hub: ConnectionString
    """Of a policy that may write the registry, such as iothubowner."""
    context: ssl.SSLContext
    """Whom to believe to be the hub, from `clients.trust`."""
    count: int = 10
    prefix: str = "sim"
    """Of the ids: ``sim-00000`` and on."""
    tags: JsonObject = field(default_factory=dict)
    """Of devices that are made; the twins of devices that exist are left alone."""
    seed: int = 0
    """The same seed and ids give the same fleet: profiles, faults, pauses between attempts."""
    timings: Timings = field(default_factory=Timings)
    risks: tuple[Risk, ...] = ()
    revisions: tuple[str, ...] = REVISIONS
    firmware: str = FACTORY_VERSION
    """The version that a device holds which has never reported one."""
    address: str | None = None
    """Where the hub is; None for the host of the connection string."""
    https_port: int = HTTPS_PORT
    mqtt_port: int = MQTT_PORT
    at_once: int = 50
    """Connections that are being made at one time."""
    keep_alive_s: int = 240
    timeout_s: float = 60.0
    telemetry_every_s: float | None = None
    """Between two messages of a device; None where they send none."""
