"""Provisioning as one: its services, wired over a fleet, with the hub itself as the first hub."""

from affinage.ports.clock import Clock
from affinage.ports.hubs import Dial, LinkedHubs
from affinage.ports.ids import Ids
from affinage.ports.vault import Vault
from affinage.ports.webhooks import Webhooks
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits
from affinage.services.provisioning.assigning import Assigning
from affinage.services.provisioning.book import Book
from affinage.services.provisioning.choosing import Choosing
from affinage.services.provisioning.credentials import Given
from affinage.services.provisioning.enrollments import Enrollments
from affinage.services.provisioning.evidence import Authorities, Evidence
from affinage.services.provisioning.links import Links
from affinage.services.provisioning.own_hub import OwnHub
from affinage.services.provisioning.registrations import Registrations
from affinage.services.provisioning.scope import open_scope
from affinage.services.provisioning.states import States
from affinage.services.provisioning.tpms import Challenges
from affinage.services.registry import makings


class Provisioning:
    def __init__(
        self,
        fleet: Fleet,
        host: str,
        *,
        authorities: Authorities,
        webhooks: Webhooks,
        dial: Dial,
        vault: Vault,
        clock: Clock,
        doors: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
        hubs: LinkedHubs | None = None,
    ) -> None:
        """Wire it.

        Args:
            host: the name that devices connect to.
            doors: whoever comes is judged by it: his token, his certificate.
            hubs: those of `links`, if None.
        """
        self._fleet, self._ids = fleet, ids
        self.own = OwnHub(host, fleet, makings(vault, ids), clock)
        self.links = Links(fleet, self.own, dial, vault=vault, ids=ids, limits=limits)
        linked = hubs or self.links
        self.book = Book(fleet)
        self._challenges = Challenges(fleet, vault, doors, ids)
        evidence = Evidence(self.book, vault, doors, authorities, self._challenges)
        given = Given(vault, ids, self._challenges)
        assigning = Assigning(
            self.own.host, linked, Choosing(webhooks), given, self.book.enrollment
        )
        self.enrollments = Enrollments(
            fleet, self.book, linked, webhooks, vault=vault, clock=clock, ids=ids, limits=limits
        )
        self.states = States(fleet, self.book, limits)
        self.registrations = Registrations(
            fleet, self.book, evidence, assigning, clock=clock, ids=ids, limits=limits
        )

    @property
    def id_scope(self) -> str:
        """Empty until it is open."""
        return self.registrations.id_scope

    async def open(self) -> None:
        """Read the store, and take up what was being assigned; the fleet must be running."""
        self.book.open()
        self.links.open()
        await self._challenges.open()
        self.registrations.open(await open_scope(self._fleet, self._ids))

    async def run(self) -> None:
        """Assign devices, until cancelled."""
        await self.registrations.run()

    async def close(self) -> None:
        """Hang up on linked hubs."""
        await self.links.close()
