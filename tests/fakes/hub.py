"""A hub without sockets and disk: the real services over the memory store, and their HTTPS door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from affinage.adapters.files.uploads import FolderUploads
from affinage.adapters.http.hubs import Dialling
from affinage.adapters.memory.blobs import MemoryBlobs
from affinage.adapters.memory.events import MemoryEvents
from affinage.adapters.memory.store import MemoryStore
from affinage.adapters.prometheus.exposition import PrometheusExposition
from affinage.apps.examining import Body
from affinage.apps.openapi import documents
from affinage.frontends.blob_api.app import PATH as BLOBS
from affinage.frontends.blob_api.app import Services as BlobServices
from affinage.frontends.blob_api.app import create_app as blob_app
from affinage.frontends.device_api.app import create_app as device_app
from affinage.frontends.device_api.calls import Services as DeviceServices
from affinage.frontends.device_api.proofs import ByProof
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.prefixes import ByPattern, ByPrefix
from affinage.frontends.http.problems import code
from affinage.frontends.monitoring.app import PATH
from affinage.frontends.monitoring.app import Services as Monitoring
from affinage.frontends.monitoring.app import create_app as monitoring_app
from affinage.frontends.native_api.app import create_app as native_app
from affinage.frontends.native_api.calls import Services as NativeServices
from affinage.frontends.native_api.described import PREFIX
from affinage.frontends.provisioning_api.app import PREFIXES
from affinage.frontends.registration_api.app import PATHS as REGISTRATIONS
from affinage.frontends.registration_api.app import create_app as registration_app
from affinage.frontends.registration_api.calls import Services as RegistrationServices
from affinage.frontends.service_api.app import create_app
from affinage.frontends.service_api.calls import Services
from affinage.protocol.tokens import make_token
from affinage.services.access import Access
from affinage.services.audit import Audit
from affinage.services.authorities import Authorities
from affinage.services.bulk import Bulk
from affinage.services.configurations import Configurations
from affinage.services.contents import Contents
from affinage.services.counts import Counts
from affinage.services.digital_twins import DigitalTwins
from affinage.services.doctor import Doctor
from affinage.services.edge_scopes import EdgeScopes
from affinage.services.events import Events
from affinage.services.feedback import FeedbackShelf
from affinage.services.files import Files
from affinage.services.fleet.fleet import Fleet
from affinage.services.groups import Groups
from affinage.services.jobs.book import Book
from affinage.services.jobs.ground import Ground
from affinage.services.jobs.jobs import Jobs
from affinage.services.jobs.runner import Runner
from affinage.services.keys import Keys
from affinage.services.limits import UNLIMITED
from affinage.services.messages import Messages
from affinage.services.methods import Methods
from affinage.services.metrics import Engine, Metrics
from affinage.services.notices import NoticeShelf
from affinage.services.outranking import Warnings
from affinage.services.own_modules import OwnModules
from affinage.services.policies import Policies
from affinage.services.provisioning.links import Links
from affinage.services.provisioning.own_hub import OwnHub
from affinage.services.provisioning.provisioning import Provisioning
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, Registry, makings
from affinage.services.replacing import Replacing
from affinage.services.room import Room
from affinage.services.sessions import Sessions
from affinage.services.sweeps import Sweeps
from affinage.services.telemetry import Telemetry
from affinage.services.tending import Tending
from affinage.services.transfers.exporting import Exporting
from affinage.services.transfers.importing import Importing
from affinage.services.transfers.places import Allowed
from affinage.services.transfers.transfers import Transfers
from affinage.services.twins import Twins
from affinage.services.uploads import Uploads
from affinage.services.visits import Visits
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.machine import FixedMachine
from fakes.provisioning_hub import door as provisioning_door
from fakes.provisioning_hub import opened as opened_provisioning
from fakes.vault import OpenVault

HOST: Final = "hub.test"
API_VERSION: Final = "2021-04-12"
OWNER: Final = "iothubowner"
LIFE_S: Final = 3600


@dataclass(frozen=True)
class Hub:
    """One hub that runs; `ask` is how a back end asks it."""

    clock: FixedClock
    fleet: Fleet
    sessions: Sessions
    sweeps: Sweeps
    services: Services
    native: NativeServices
    client: httpx.AsyncClient
    provisioning: Provisioning

    def token(self, policy: str = OWNER, resource: str = HOST, life_s: float = LIFE_S) -> str:
        """A policy's token, valid for so long from now."""
        key, _ = self.services.access.keys(policy)
        expiry = int(self.clock.now().timestamp() + life_s)
        return make_token(resource, key, expiry, policy)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        policy: str = OWNER,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
    ) -> httpx.Response:
        """Send a request with a good token and api-version; ``etag`` goes into If-Match."""
        sent = {"Authorization": self.token(policy), **(headers or {})}
        if etag is not None:
            sent["If-Match"] = etag
        return await self.client.request(
            method,
            path,
            params={"api-version": API_VERSION, **(params or {})},
            headers=sent,
            json=body,
        )

    async def get(self, path: str, **asked: Any) -> Any:
        """What is there."""
        return _body(await self.ask("GET", path, **asked))

    async def put(self, path: str, body: object, **asked: Any) -> Any:
        return _body(await self.ask("PUT", path, body, **asked))

    async def patch(self, path: str, body: object, **asked: Any) -> Any:
        return _body(await self.ask("PATCH", path, body, **asked))

    async def device(self, name: str = "pump-1", **body: Any) -> Any:
        """A new device."""
        return await self.put(f"/devices/{name}", {"deviceId": name, **body})

    async def query(self, text: str, **headers: str) -> httpx.Response:
        """A page; a header's name is spelled with ``_`` for ``-``."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", "/devices/query", {"query": text}, headers=spelled)


def _body(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


@asynccontextmanager
async def running_hub(
    sync: Callable[[], Awaitable[None]] | None = None,
    *,
    counting: bool = True,
    files: Path | None = None,
    room: Room | None = None,
) -> AsyncIterator[Hub]:
    """A new hub, for as long as the context lasts; ``sync`` stands where a disk would.

    One that is not ``counting`` never comes to it. ``files`` is where uploads go, None for nowhere.
    """
    store = MemoryStore() if sync is None else MemoryStore(sync)
    clock, ids, vault = FixedClock(), CountingIds(), OpenVault()
    identities = FreshModules(makings(vault, ids))
    fleet = Fleet(store, clock, identities)
    await fleet.open()
    sweeps = Sweeps(fleet, clock)
    await sweeps.open()
    async with asyncio.TaskGroup() as tasks:
        counts = Counts(fleet, Queries(fleet), clock)
        tending, machine = Tending(fleet, clock), FixedMachine()
        body = Body(fleet, counts, sweeps, tending, identities, machine, store.figures, clock)
        doctor = Doctor(body.checks(), clock)
        loops = (fleet.run, sweeps.run, doctor.run, *((counts.run,) if counting else ()))
        running = [tasks.create_task(loop()) for loop in loops]
        sessions = Sessions(fleet, clock)
        await sessions.open()
        book = Book(fleet)
        book.open()
        services = await _services(sessions, counts, fleet=fleet, clock=clock, ids=ids, book=book)
        ground, invoke = Ground(fleet, clock, UNLIMITED), services.methods.invoke
        running.append(tasks.create_task(services.transfers.run()))
        running.append(tasks.create_task(Runner(ground, book, services.jobs, invoke).run()))
        running.append(tasks.create_task(services.messages.run()))
        uploads, kept = await _uploads(services, fleet, files, room or Room())
        native, figures = _native(services, doctor, counts, fleet, kept), HttpFigures()
        await native.events.open()
        running.append(tasks.create_task(native.events.run()))
        engine = Engine(fleet, store, tending, sweeps, sessions)
        metrics = Metrics(PrometheusExposition([engine.families, figures.families]))
        provisioning = await opened_provisioning(fleet, HOST, clock, ids)
        running.append(tasks.create_task(provisioning.run()))
        of_devices = await _of_devices(services, native.events, uploads, fleet)
        doors = _doors(services, native, provisioning, of_devices, (figures, metrics))
        transport = httpx.ASGITransport(doors, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
            yield Hub(clock, fleet, sessions, sweeps, services, native, client, provisioning)
        for task in running:
            task.cancel()


def _doors(
    services: Services,
    native: NativeServices,
    provisioning: Provisioning,
    of_devices: DeviceServices,
    told: tuple[HttpFigures, Metrics],
) -> ByProof:
    """All that the HTTPS port serves."""
    (figures, metrics), clock, ids = told, services.clock, services.ids
    watched = Monitoring(services.access, metrics, clock, ids)
    enrolling = provisioning_door(provisioning, services.access, clock, figures)
    registering = RegistrationServices(provisioning.registrations, clock, ids)
    special = {
        PREFIX: native_app(native, figures),
        PATH: monitoring_app(watched, figures),
        BLOBS: blob_app(BlobServices(of_devices.uploads, clock, ids), figures),
        **dict.fromkeys(PREFIXES, enrolling),
    }
    back_ends = ByPattern(
        REGISTRATIONS,
        registration_app(registering, figures),
        ByPrefix(special, create_app(services, figures)),
    )
    return ByProof(device_app(of_devices, figures), back_ends)


async def _uploads(
    services: Services, fleet: Fleet, folder: Path | None, room: Room
) -> tuple[Uploads, Files]:
    store = None if folder is None else FolderUploads(folder)
    clock, ids = services.clock, services.ids
    made = Uploads(fleet, store, services.notices, room, clock=clock, ids=ids)
    await made.open()
    return made, Files(fleet, store, room)


async def _of_devices(
    services: Services, events: Events, uploads: Uploads, fleet: Fleet
) -> DeviceServices:
    """The same services, as the device API needs them."""
    visits = Visits(fleet, services.clock)
    await visits.open()
    return DeviceServices(
        access=services.access,
        visits=visits,
        telemetry=Telemetry(events),
        messages=services.messages,
        own_modules=OwnModules(services.registry, services.methods),
        scopes=EdgeScopes(fleet, OpenVault()),
        uploads=uploads,
        clock=services.clock,
        ids=services.ids,
    )


def _native(
    services: Services, doctor: Doctor, counts: Counts, fleet: Fleet, files: Files
) -> NativeServices:
    """The same services, as the native door needs them."""
    return NativeServices(
        access=services.access,
        configurations=services.configurations,
        warnings=Warnings(fleet, counts),
        replacing=Replacing(fleet, FreshModules(makings(OpenVault(), services.ids))),
        doctor=doctor,
        files=files,
        audit=Audit(fleet, services.clock),
        events=Events(fleet, MemoryEvents(), services.clock),
        authorities=services.access.authorities,
        policies=services.access.policies,
        links=_links(services, fleet),
        groups=Groups(fleet, services.queries, counts, services.clock),
        messages=services.messages,
        documents=documents(),
        clock=services.clock,
        ids=services.ids,
    )


def _links(services: Services, fleet: Fleet) -> Links:
    """Hubs that are linked; none of them is asked for anything."""
    vault, clock, ids = OpenVault(), services.clock, services.ids
    own = OwnHub(HOST, fleet, makings(vault, ids), clock)
    links = Links(fleet, own, Dialling(clock), vault=vault, ids=ids)
    links.open()
    return links


async def _services(
    sessions: Sessions,
    counts: Counts,
    *,
    fleet: Fleet,
    clock: FixedClock,
    ids: CountingIds,
    book: Book,
) -> Services:
    vault = OpenVault()
    policies = Policies(fleet, vault, ids)
    await policies.open()
    authorities = Authorities(fleet, clock, ids)
    await authorities.open()
    access = Access(fleet, policies, authorities, vault, clock=clock, hosts=[HOST])
    registry, queries = Registry(fleet, vault, clock, ids), Queries(fleet, job_rows=book.rows)
    configurations = Configurations(fleet, queries, counts, clock)
    await configurations.open()
    shelf = FeedbackShelf(fleet, clock, ids)
    notices = NoticeShelf(fleet, clock, ids)
    messages = Messages(fleet, sessions, shelf, clock, ids)
    await messages.open()
    methods = Methods(fleet, sessions, clock, ids)
    return Services(
        access=access,
        registry=registry,
        bulk=Bulk(registry),
        keys=Keys(fleet, vault, makings(vault, ids)),
        contents=Contents(fleet, FreshModules(makings(vault, ids))),
        twins=Twins(fleet),
        methods=methods,
        jobs=Jobs(fleet, book, clock),
        transfers=Transfers(
            fleet,
            Allowed([MemoryBlobs()]),
            Exporting(fleet, vault),
            Importing(Bulk(registry), configurations, lambda error: code(error).number),
            vault=vault,
            clock=clock,
            ids=ids,
        ),
        digital_twins=DigitalTwins(fleet, methods),
        messages=messages,
        shelf=shelf,
        notices=notices,
        queries=queries,
        configurations=configurations,
        clock=clock,
        ids=ids,
    )
