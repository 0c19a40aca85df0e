"""The parts of a hub: every service over one data folder, built from settings, not running."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from affinage.adapters.files.blobs import FolderBlobs
from affinage.adapters.files.folder import DataFolder
from affinage.adapters.files.uploads import FolderUploads
from affinage.adapters.files.vault import FileVault
from affinage.adapters.http.blobs import HttpBlobs
from affinage.adapters.sqlite.events import SqliteEvents
from affinage.adapters.sqlite.store import SqliteStore
from affinage.adapters.system.collections import Collections
from affinage.adapters.system.descriptors import raised
from affinage.adapters.system.ids import SystemIds
from affinage.apps.examining import Body, machine
from affinage.apps.provisioning import provisioning
from affinage.apps.settings import HubSettings
from affinage.apps.sinks import sinks
from affinage.apps.times import Times, system_times
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.problems import code
from affinage.frontends.mqtt.figures import MqttFigures
from affinage.frontends.tls.capacity import Capacity
from affinage.ports.blobs import Blobs
from affinage.ports.exposition import Source
from affinage.services.access import Access
from affinage.services.audit import Audit
from affinage.services.authorities import Authorities
from affinage.services.bulk import Bulk
from affinage.services.checks.uploaded import Uploaded
from affinage.services.checks.vouching import Vouching
from affinage.services.configurations import Configurations
from affinage.services.counts import Counts
from affinage.services.doctor import Doctor
from affinage.services.events import Events
from affinage.services.feedback import FeedbackShelf
from affinage.services.files import Files
from affinage.services.fleet.fleet import Fleet
from affinage.services.forwarding.forwarding import Forwarding
from affinage.services.groups import Groups
from affinage.services.jobs.book import Book
from affinage.services.jobs.ground import Ground
from affinage.services.jobs.jobs import Jobs
from affinage.services.jobs.runner import Runner
from affinage.services.limits import Limits, rates
from affinage.services.messages import Messages
from affinage.services.methods import Methods
from affinage.services.metrics import Engine
from affinage.services.notices import NoticeShelf
from affinage.services.policies import Policies
from affinage.services.pulse import Pulse
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, Registry, makings
from affinage.services.room import Room
from affinage.services.sessions import Sessions
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Tending
from affinage.services.told import Detail
from affinage.services.transfers.exporting import Exporting
from affinage.services.transfers.importing import Importing
from affinage.services.transfers.places import Allowed
from affinage.services.transfers.transfers import Transfers
from affinage.services.twins import Twins
from affinage.services.uploads import Uploads
from affinage.services.visits import Visits

Loop: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
"""What runs until it is cancelled."""

RESERVED: Final = 256
"""Descriptors that are kept for the store, the log, and what the hub itself opens."""


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
        self.vault = FileVault(settings.data / "vault.key")
        self.store = SqliteStore(settings.data / "hub.db")
        self.makings = makings(self.vault, self.ids)
        self.fresh = FreshModules(self.makings)
        self.fleet = Fleet(self.store, self.clock, self.fresh, settings.allowance)
        self.book = Book(self.fleet)
        self.limits = Limits(self.clock, rates(settings.throttle, settings.throttle_units))
        self.audit = Audit(
            self.fleet,
            self.clock,
            max_entries=settings.audit_entries,
            max_days=settings.audit_days,
        )
        self.events, self.forwarding = self._feed(settings)
        self.policies = Policies(self.fleet, self.vault, self.ids, self.limits)
        self.access = self._access(settings)
        self.provisioning = provisioning(
            settings.hostnames[0],
            settings.webhook_urls,
            self.fleet,
            self.access.authorities,
            vault=self.vault,
            clock=self.clock,
            doors=self.times.doors,
            ids=self.ids,
            limits=self.limits,
        )
        self.registry = Registry(self.fleet, self.vault, self.clock, self.ids, self.limits)
        self.bulk = Bulk(Registry(self.fleet, self.vault, self.clock, self.ids), self.limits)
        self.twins = Twins(self.fleet, self.limits)
        self.sessions = Sessions(self.fleet, self.clock, self.limits)
        self.visits = Visits(self.fleet, self.clock)
        self.methods = Methods(self.fleet, self.sessions, self.clock, self.ids, self.limits)
        self.jobs, self.runner = self._jobs(settings.max_jobs)
        self.shelf, self.messages = self._messages()
        self.notices, self.uploads, self.files = self._uploads(settings)
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
        self.transfers = self._transfers(settings)
        self.groups = Groups(self.fleet, self.queries, self.counts, self.clock, self.limits)
        self.doctor = self._doctor(settings)
        self.capacity = Capacity(settings.max_connections or max(1, raised() - RESERVED))
        self.http, self.mqtt = HttpFigures(), MqttFigures()
        self.pulse, self.collections = Pulse(self.clock), Collections()

    def _access(self, settings: HubSettings) -> Access:
        now = self.times.doors
        authorities = Authorities(self.fleet, now, self.ids, self.limits)
        return Access(
            self.fleet, self.policies, authorities, self.vault, clock=now, hosts=settings.certified
        )

    def _doctor(self, settings: HubSettings) -> Doctor:
        examined = Body(
            fleet=self.fleet,
            counts=self.counts,
            sweeps=self.sweeps,
            tending=self.tending,
            identities=self.fresh,
            machine=machine(settings.data, settings.certificate),
            figures=self.store.figures,
            clock=self.clock,
        )
        vouching = Vouching(self.access.authorities, self.times.doors)
        uploaded = Uploaded(self.files.room)
        others = [vouching.check, self.forwarding.check, uploaded.check]
        return Doctor([*examined.checks(), *others], self.clock)

    def _feed(self, settings: HubSettings) -> tuple[Events, Forwarding]:
        """What tells of events, here and elsewhere."""
        events = Events(
            self.fleet,
            SqliteEvents(settings.data / "events.db"),
            self.clock,
            detail=Detail(settings.twin_events),
            max_bytes=settings.events_bytes,
            max_days=settings.events_days,
            limits=self.limits,
        )
        places = sinks(settings.forward, settings.hostnames[0])
        return events, Forwarding(places, events, self.fleet, self.clock)

    def _jobs(self, max_jobs: int) -> tuple[Jobs, Runner]:
        """What is asked for jobs, and what carries them out."""
        jobs = Jobs(self.fleet, self.book, self.clock, self.limits, max_jobs)
        ground = Ground(self.fleet, self.clock, self.limits)
        return jobs, Runner(ground, self.book, jobs, self.methods.invoke, max_jobs)

    def _messages(self) -> tuple[FeedbackShelf, Messages]:
        shelf = FeedbackShelf(self.fleet, self.clock, self.ids, self.limits)
        around = (self.fleet, self.sessions, shelf, self.clock, self.ids)
        return shelf, Messages(*around, limits=self.limits)

    def _uploads(self, settings: HubSettings) -> tuple[NoticeShelf, Uploads, Files]:
        """Without a folder none can be begun."""
        folder = settings.upload_folder
        store = None if folder is None else FolderUploads(folder)
        room = Room(settings.upload_blob_bytes, settings.upload_bytes)
        notices = NoticeShelf(self.fleet, self.clock, self.ids, self.limits)
        uploads = Uploads(
            self.fleet,
            store,
            notices,
            room,
            clock=self.clock,
            ids=self.ids,
            limits=self.limits,
        )
        return notices, uploads, Files(self.fleet, store, room)

    def _transfers(self, settings: HubSettings) -> Transfers:
        folder = settings.transfer_folder
        places: list[Blobs] = [HttpBlobs(settings.transfer_urls)]
        if folder is not None:
            places.append(FolderBlobs(folder))
        return Transfers(
            self.fleet,
            Allowed(places),
            Exporting(self.fleet, self.vault),
            Importing(self.bulk, self.configurations, lambda error: code(error).number),
            vault=self.vault,
            clock=self.clock,
            ids=self.ids,
            limits=self.limits,
        )

    async def open(self) -> None:
        """Read the store; the fleet must be running.

        Raises:
            Unavailable: the vault's key is not the one that sealed what the store holds.
            Invalid: no policy is left that may manage the hub.
        """
        await self.events.open()
        await self.audit.open()
        await self.policies.open()
        await self.access.authorities.open()
        self.policies.check()  # to be told now, and not to each who then wants in
        await self.sweeps.open()
        await self.configurations.open()
        await self.sessions.open()
        await self.visits.open()
        await self.messages.open()
        await self.uploads.open()
        self.book.open()
        await self.runner.open()
        await self.transfers.open()
        await self.provisioning.open()
        await self.forwarding.open()

    @property
    def loops(self) -> tuple[Loop, ...]:
        """What runs from before the store is read until the hub stops."""
        return (
            *(self.fleet.run, self.audit.run, self.events.run, self.events.tend),
            *(self.sessions.run, self.visits.run, self.messages.run, self.uploads.run),
            *(self.sweeps.run, self.tending.run, self.counts.run),
            *(self.doctor.run, self.pulse.run),
        )

    @property
    def workers(self) -> tuple[Loop, ...]:
        """What takes up, once all is open, what was under way."""
        return self.runner.run, self.transfers.run, self.provisioning.run, self.forwarding.run

    async def close(self) -> None:
        self.collections.leave()
        await self.forwarding.close()
        await self.provisioning.close()
        await self.events.close()
        await self.store.close()
        self.folder.close()

    def sources(self) -> list[Source]:
        """What `/metrics` tells."""
        engine = Engine(self.fleet, self.store, self.tending, self.sweeps, self.sessions)
        doors = (self.capacity, self.http, self.mqtt, self.limits, self.methods, self.messages)
        telling = (self.events, self.forwarding, self.uploads)
        others = (*doors, *telling, self.pulse, self.collections)
        return [engine.families, *(one.families for one in others)]
