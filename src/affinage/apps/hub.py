"""The hub: builds the parts from settings, runs them until told to stop."""

import asyncio
import errno
import functools
import ipaddress
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.clock import SystemClock
from affinage.apps.doors import https_doors
from affinage.apps.parts import Parts
from affinage.apps.place import Place
from affinage.apps.settings import HubSettings
from affinage.apps.tasks import Tasks
from affinage.apps.times import Times
from affinage.domain.errors import Unavailable
from affinage.frontends.http.server import HttpServer
from affinage.frontends.mqtt.connection import MqttConnection
from affinage.frontends.mqtt.needs import Needs
from affinage.frontends.tls.presented import Presented
from affinage.frontends.tls.transport import serve_tls

_log = structlog.get_logger(__name__)

WEBSOCKET: Final = "/$iothub/websocket"
"""Where devices that only get out through the HTTPS port ask for MQTT. WEBSOCKET-1."""

WAYS_OUT: Final[Mapping[int, str]] = {
    errno.EACCES: (
        "below 1024 it takes root, or CAP_NET_BIND_SERVICE as in docs/howto/run-a-hub.md;"
        " --https-port and --mqtt-port name other ports"
    ),
    errno.EADDRINUSE: "another program has it: --https-port and --mqtt-port name other ports",
    errno.EADDRNOTAVAIL: "--host must be an address of this machine, or 0.0.0.0 for all of them",
}
"""What to do if a port cannot be listened on."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What listens, and where."""

    https: asyncio.Server
    mqtt: asyncio.Server
    http: HttpServer

    @property
    def ports(self) -> tuple[int, int]:
        """Of HTTPS and of MQTT."""
        https, mqtt = (server.sockets[0].getsockname()[1] for server in (self.https, self.mqtt))
        return https, mqtt

    async def close(self) -> None:
        """Listen no more, and let the requests under way finish."""
        self.https.close()
        self.mqtt.close()
        await self.http.drain()


class Hub:
    """A running hub: ``async with Hub(settings) as hub`` serves until the block ends."""

    def __init__(self, settings: HubSettings, times: Times | None = None) -> None:
        self.settings, self.times = settings, times

    async def __aenter__(self) -> Self:
        """Serve.

        Raises:
            Unavailable, Invalid: see `Parts`, or a port cannot be listened on. Nothing is left
                open.
        """
        self.parts = Parts(self.settings, self.times)
        try:
            await self._start()
        except BaseException:
            await self.parts.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.parts.methods.close()
        self.parts.events.end()
        await self._doors.close()
        self.parts.sessions.close_all("the hub stops")
        if error is None:  # else nobody may be left to write it
            with suppress(Unavailable):
                await self.parts.visits.flush()
        await self._tasks.stop()
        await self.parts.close()
        _log.info("stopped")

    @property
    def ready_line(self) -> str:
        """What `serve` prints once devices and back ends may come."""
        at = self.place
        return f"ready https://{at.hostname}:{at.https_port} mqtts://{at.hostname}:{at.mqtt_port}"

    @property
    def place(self) -> Place:
        """Where it can be reached; on this machine, if it listens on every address."""
        https, mqtt = self._doors.ports
        address = ipaddress.ip_address(self.settings.host)
        reached = "127.0.0.1" if address.is_unspecified else self.settings.host
        given = self.settings.certificate
        certificate = str(given.absolute()) if given else None
        return Place(self.settings.hostnames[0], reached, https, mqtt, certificate)

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Return once ``stop`` is set.

        Raises:
            ExceptionGroup: a loop of the hub has failed; the store is as of the last commit.
        """
        await self._tasks.wait_or(stop)

    async def _start(self) -> None:
        parts = self.parts
        presented = self._presented()
        await parts.fleet.open()
        self._tasks = Tasks()
        group = await self._tasks.start()
        parts.collections.watch()
        parts.doctor.look_at(presented.check)
        for run in (presented.run, *parts.loops):
            group.create_task(run())
        try:
            await parts.open()
            for run in parts.workers:
                group.create_task(run())
            self._doors = await self._open_doors(presented, group)
            self.place.write(self.settings.data)
        except BaseException:
            await self._tasks.stop()
            raise

    def _presented(self) -> Presented:
        """By the machine's time, whatever the hub's: it is clients who judge the certificate."""
        settings, clock = self.settings, SystemClock()
        if settings.certificate and settings.key:
            return Presented(settings.certificate, settings.key, clock)
        made = Certificates(settings.data / "tls")
        made.ensure(settings.certified, clock.now())
        renew = functools.partial(made.renew, settings.certified)
        return Presented(made.server, made.server_key, clock, renew)

    async def _open_doors(self, presented: Presented, group: asyncio.TaskGroup) -> Doors:
        parts, settings = self.parts, self.settings
        needs = Needs(
            access=parts.access,
            sessions=parts.sessions,
            twins=parts.twins,
            methods=parts.methods,
            telemetry=parts.events,
            registrations=parts.provisioning.registrations,
            messages=parts.messages,
            clock=parts.times.doors,
            ids=parts.ids,
            timer=parts.times.timer(),
            tasks=group,
            figures=parts.mqtt,
        )
        mqtt_connection = functools.partial(MqttConnection, needs)
        http = HttpServer(https_doors(parts), tunnels={WEBSOCKET: mqtt_connection})
        mqtt = await self._listen(mqtt_connection, presented, settings.mqtt_port)
        try:
            https = await self._listen(http.connection, presented, settings.https_port)
        except Unavailable:
            mqtt.close()
            raise
        return Doors(https, mqtt, http)

    async def _listen(
        self, connection: Callable[[], asyncio.Protocol], presented: Presented, port: int
    ) -> asyncio.Server:
        host, capacity = self.settings.host, self.parts.capacity
        try:
            return await serve_tls(connection, presented.context, host, port, capacity=capacity)
        except OSError as error:
            raise Unavailable(f"{host}:{port} cannot be listened on: {_why(error)}") from None


def _why(error: OSError) -> str:
    if error.errno is None:
        return str(error)
    step = WAYS_OUT.get(error.errno)
    return os.strerror(error.errno).lower() + (f"\n  {step}" if step else "")
