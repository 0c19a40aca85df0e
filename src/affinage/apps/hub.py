"""The hub: builds the parts from settings, runs them until told to stop."""

import asyncio
import functools
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog
from OpenSSL import SSL
from starlette.types import ASGIApp

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.files.folder import DataFolder
from affinage.adapters.files.vault import FileVault
from affinage.adapters.prometheus.exposition import PrometheusExposition
from affinage.adapters.sqlite.events import SqliteEvents
from affinage.adapters.sqlite.store import SqliteStore
from affinage.adapters.system.collections import Collections
from affinage.adapters.system.descriptors import raised
from affinage.adapters.system.ids import SystemIds
from affinage.apps.examining import Body, machine
from affinage.apps.openapi import documents
from affinage.apps.place import Place
from affinage.apps.settings import HubSettings
from affinage.apps.tasks import Tasks
from affinage.apps.times import Times, system_times
from affinage.domain.errors import Unavailable
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.prefixes import ByPrefix
from affinage.frontends.http.server import HttpServer
from affinage.frontends.monitoring import app as monitoring
from affinage.frontends.mqtt.connection import MqttConnection
from affinage.frontends.mqtt.figures import MqttFigures
from affinage.frontends.mqtt.needs import Needs
from affinage.frontends.native_api import app as native_api
from affinage.frontends.native_api.calls import Services as NativeServices
from affinage.frontends.native_api.described import PREFIX
from affinage.frontends.service_api.app import create_app
from affinage.frontends.service_api.calls import Services
from affinage.frontends.tls.capacity import Capacity
from affinage.frontends.tls.context import server_context
from affinage.frontends.tls.transport import serve_tls
from affinage.ports.exposition import Source
from affinage.services.access import Access
from affinage.services.audit import Audit
from affinage.services.bulk import Bulk
from affinage.services.configurations import Configurations
from affinage.services.contents import Contents
from affinage.services.counts import Counts
from affinage.services.digital_twins import DigitalTwins
from affinage.services.doctor import Doctor
from affinage.services.events import Events
from affinage.services.feedback import FeedbackShelf
from affinage.services.fleet.fleet import Fleet
from affinage.services.groups import Groups
from affinage.services.jobs.book import Book
from affinage.services.jobs.ground import Ground
from affinage.services.jobs.jobs import Jobs
from affinage.services.jobs.runner import Runner
from affinage.services.keys import Keys
from affinage.services.limits import Limits, rates
from affinage.services.messages import Messages
from affinage.services.methods import Methods
from affinage.services.metrics import Engine, Metrics
from affinage.services.outranking import Warnings
from affinage.services.policies import Policies
from affinage.services.pulse import Pulse
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, Registry, makings
from affinage.services.replacing import Replacing
from affinage.services.sessions import Sessions
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Tending
from affinage.services.told import Detail
from affinage.services.twins import Twins

RESERVED: Final = 256
"""Descriptors that are kept for the store, the log, and what the hub itself opens."""

_log = structlog.get_logger(__name__)


class Parts:
    """Every service of one hub, over one data folder."""

    def __init__(self, settings: HubSettings, times: Times | None = None) -> None:
        """Open the folder and the store; nothing runs yet. ``times`` are the machine's, if None.

        Raises:
            Unavailable: the folder is in use, or cannot be.
            Invalid: what it holds is none of ours, or a newer release's.
        """
        self.folder = DataFolder(settings.data)
        self.times = times or system_times()
        self.clock = self.times.clock
        self.ids = SystemIds(self.clock)
        vault = FileVault(settings.data / "vault.key")
        self.store = SqliteStore(settings.data / "hub.db")
        parts = makings(vault, self.ids)
        made_of = FreshModules(parts)
        self.fleet = Fleet(self.store, self.clock, made_of, settings.allowance)
        self.book = Book(self.fleet)
        self.limits = Limits(self.clock, rates(settings.throttle, settings.throttle_units))
        self.audit = Audit(
            self.fleet,
            self.clock,
            max_entries=settings.audit_entries,
            max_days=settings.audit_days,
        )
        self.events = Events(
            self.fleet,
            SqliteEvents(settings.data / "events.db"),
            self.clock,
            detail=Detail(settings.twin_events),
            max_bytes=settings.events_bytes,
            max_days=settings.events_days,
        )
        self.policies = Policies(self.fleet, vault, self.ids, self.limits)
        self.access = Access(self.fleet, self.policies, vault, self.times.doors, settings.certified)
        self.registry = Registry(self.fleet, vault, self.clock, self.ids, self.limits)
        self.bulk = Bulk(Registry(self.fleet, vault, self.clock, self.ids), self.limits)
        self.keys = Keys(self.fleet, vault, parts, self.limits)
        self.contents = Contents(self.fleet, made_of, self.limits)
        self.twins = Twins(self.fleet, self.limits)
        self.sessions = Sessions(self.fleet, self.clock, self.limits)
        self.methods = Methods(self.fleet, self.sessions, self.clock, self.ids, self.limits)
        self.digital_twins = DigitalTwins(self.fleet, self.methods, self.limits)
        self.jobs = Jobs(self.fleet, self.book, self.clock, self.limits, settings.max_jobs)
        self.runner = self._runner(settings.max_jobs)
        self.shelf = FeedbackShelf(self.fleet, self.clock, self.ids, self.limits)
        self.messages = Messages(
            self.fleet, self.sessions, self.shelf, self.clock, self.ids, limits=self.limits
        )
        self.queries = Queries(self.fleet, self.limits, self.book.rows)
        self.sweeps = Sweeps(self.fleet, self.clock)
        self.tending = Tending(self.fleet, self.clock)
        self.counts = Counts(self.fleet, self.queries, self.clock)
        self.configurations = Configurations(
            self.fleet,
            self.queries,
            self.counts,
            self.clock,
            settings.max_configurations,
            limits=self.limits,
        )
        self.replacing = Replacing(self.fleet, made_of, self.limits)
        self.groups = Groups(self.fleet, self.queries, self.counts, self.clock, self.limits)
        examined = Body(
            fleet=self.fleet,
            counts=self.counts,
            sweeps=self.sweeps,
            tending=self.tending,
            identities=made_of,
            machine=machine(settings.data, settings.certificate),
            figures=self.store.figures,
            clock=self.clock,
        )
        self.doctor = Doctor(examined.checks(), self.clock)
        self.capacity = Capacity(settings.max_connections or max(1, raised() - RESERVED))
        self.http, self.mqtt = HttpFigures(), MqttFigures()
        self.pulse, self.collections = Pulse(self.clock), Collections()

    def _runner(self, max_jobs: int) -> Runner:
        ground = Ground(self.fleet, self.clock, self.limits)
        return Runner(ground, self.book, self.jobs, self.methods.invoke, max_jobs)

    async def open(self) -> None:
        """Read the store; the fleet must be running.

        Raises:
            Unavailable: the vault's key is not the one that sealed what the store holds.
            Invalid: no policy is left that may manage the hub.
        """
        await self.events.open()
        await self.audit.open()
        await self.policies.open()
        self.policies.check()  # to be told now, and not to each who then wants in
        await self.sweeps.open()
        await self.configurations.open()
        await self.sessions.open()
        await self.messages.open()
        self.book.open()
        await self.runner.open()

    async def close(self) -> None:
        self.collections.leave()
        await self.events.close()
        await self.store.close()
        self.folder.close()

    def services(self) -> Services:
        return Services(
            access=self.access,
            registry=self.registry,
            bulk=self.bulk,
            keys=self.keys,
            contents=self.contents,
            digital_twins=self.digital_twins,
            twins=self.twins,
            methods=self.methods,
            jobs=self.jobs,
            messages=self.messages,
            shelf=self.shelf,
            queries=self.queries,
            configurations=self.configurations,
            clock=self.clock,
            ids=self.ids,
        )

    def sources(self) -> list[Source]:
        """What `/metrics` tells."""
        engine = Engine(self.fleet, self.store, self.tending, self.sweeps, self.sessions)
        doors = (self.capacity, self.http, self.mqtt, self.limits, self.methods, self.messages)
        others = (*doors, self.pulse, self.collections)
        return [engine.families, *(one.families for one in others)]

    def native_services(self) -> NativeServices:
        return NativeServices(
            access=self.access,
            configurations=self.configurations,
            warnings=Warnings(self.fleet, self.counts),
            replacing=self.replacing,
            doctor=self.doctor,
            groups=self.groups,
            messages=self.messages,
            audit=self.audit,
            events=self.events,
            policies=self.policies,
            documents=documents(),
            clock=self.clock,
            ids=self.ids,
        )


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
        return Place(self.settings.hostnames[0], reached, https, mqtt)

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Return once ``stop`` is set.

        Raises:
            ExceptionGroup: a loop of the hub has failed; the store is as of the last commit.
        """
        await self._tasks.wait_or(stop)

    async def _start(self) -> None:
        parts = self.parts
        certificates = self._certificates()
        await parts.fleet.open()
        self._tasks = Tasks()
        group = await self._tasks.start()
        parts.collections.watch()
        group.create_task(parts.pulse.run())
        group.create_task(parts.counts.run())
        group.create_task(parts.doctor.run())
        group.create_task(parts.messages.run())
        for endless in (parts.audit.run, parts.events.run, parts.events.tend):
            group.create_task(endless())
        for loop in (parts.fleet.run, parts.sweeps.run, parts.tending.run, parts.sessions.run):
            group.create_task(loop())
        try:
            await parts.open()
            group.create_task(parts.runner.run())
            self._doors = await self._open_doors(certificates, group)
            self.place.write(self.settings.data)
        except BaseException:
            await self._tasks.stop()
            raise

    def _certificates(self) -> tuple[Path, Path]:
        settings = self.settings
        if settings.certificate and settings.key:
            return settings.certificate, settings.key
        made = Certificates(settings.data / "tls")
        made.ensure(settings.certified, self.parts.times.doors.now())
        return made.server, made.server_key

    async def _open_doors(self, certificates: tuple[Path, Path], group: asyncio.TaskGroup) -> Doors:
        parts, settings = self.parts, self.settings
        context = server_context(*certificates)
        needs = Needs(
            access=parts.access,
            sessions=parts.sessions,
            twins=parts.twins,
            methods=parts.methods,
            telemetry=parts.events,
            messages=parts.messages,
            clock=parts.times.doors,
            ids=parts.ids,
            timer=parts.times.timer(),
            tasks=group,
            figures=parts.mqtt,
        )
        http = HttpServer(https_doors(parts))
        mqtt_connection = functools.partial(MqttConnection, needs)
        mqtt = await self._listen(mqtt_connection, context, settings.mqtt_port)
        try:
            https = await self._listen(http.connection, context, settings.https_port)
        except Unavailable:
            mqtt.close()
            raise
        return Doors(https, mqtt, http)

    async def _listen(
        self, connection: Callable[[], asyncio.Protocol], context: SSL.Context, port: int
    ) -> asyncio.Server:
        host = self.settings.host
        try:
            return await serve_tls(connection, context, host, port, capacity=self.parts.capacity)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise Unavailable(f"{host}:{port} cannot be listened on: {why.lower()}") from None


def https_doors(parts: Parts) -> ByPrefix:
    """What the HTTPS port serves."""
    figures = parts.http
    metrics = Metrics(PrometheusExposition(parts.sources()))
    watched = monitoring.Services(parts.access, metrics, parts.clock, parts.ids)
    special: dict[str, ASGIApp] = {
        PREFIX: native_api.create_app(parts.native_services(), figures),
        monitoring.PATH: monitoring.create_app(watched, figures),
    }
    return ByPrefix(special, create_app(parts.services(), figures))
