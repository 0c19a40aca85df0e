"""A fleet of simulated devices against a running hub, over real MQTT and TLS, in one process.

`simulate` is all of it; `Fleet` is for who holds the keys already, or plays an operator at single
machines. Run it on uvloop where there are thousands: the standard library's loop takes ten times
the memory for each TLS connection.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from affinage.apps.simulator.driver import Driver, Sighting, Surroundings
from affinage.apps.simulator.factory import Factory, Group, Registering, group_of
from affinage.apps.simulator.identities import ensure_identities
from affinage.apps.simulator.members import Member, members_of
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.apps.simulator.signals import Event
from affinage.clients.device import DeviceOptions
from affinage.clients.service import ServiceClient
from affinage.domain.errors import DeviceNotFound
from affinage.ports.clock import Clock
from affinage.protocol.connection_strings import ConnectionString


async def simulate(
    settings: SimulatorSettings,
    *,
    clock: Clock,
    stop: asyncio.Event,
    factory: Factory | None = None,
    watch: Callable[[Sighting], None] = lambda _: None,
    on_identities: Callable[[int], None] = lambda _: None,
) -> None:
    """Make the identities that are missing, and let the fleet live until ``stop`` is set.

    Args:
        settings: the hub, the devices, and what goes wrong with them.
        factory: where the devices come from; they then register, and their group says which tags
            they have. None to make their identities.
        clock: the moments that devices report, and the tokens' expiry.
        stop: ends it all: each device says goodbye to the hub first.
        watch: told each change of each device; must not wait. `Tally.take` is one.
        on_identities: told now and then how many more identities are ready.

    Raises:
        Invalid, ServiceError, Unavailable: the identities cannot be had; no device has connected.
            Of devices that register, they come in an ExceptionGroup.
        ssl.SSLError: the hub cannot prove that it is the host of the connection string.
    """
    async with service_client(settings, clock) as service:
        if factory is None:
            members = members_of(settings)
            keys = await ensure_identities(service, members, on_ready=on_identities)
        else:
            group = await group_of(service, factory.group)
            members = members_of(_from_factory(settings, group))
            line = _line(settings, factory, clock)
            keys = await line.keys(group, members, on_identities)
    await Fleet(settings, members, keys, clock=clock, watch=watch).run(stop)


def service_client(settings: SimulatorSettings, clock: Clock) -> ServiceClient:
    """A client of the hub's service API, for who simulates a fleet."""
    return ServiceClient(
        settings.hub,
        context=settings.context,
        clock=lambda: clock.now().timestamp(),
        port=settings.https_port,
        address=settings.address,
        timeout_s=settings.timeout_s,
    )


class Fleet:
    """Devices whose keys are known.

    Args:
        settings: of these the hub's place, the seed and the limits count here.
        members: the devices, as `members_of` gives them.
        keys: by id; there must be one for each member.
        clock: see `simulate`.
        watch: see `simulate`.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        members: Iterable[Member],
        keys: Mapping[str, str],
        *,
        clock: Clock,
        watch: Callable[[Sighting], None],
    ) -> None:
        around = Surroundings(
            options=_options(settings),
            clock=clock,
            gate=asyncio.Semaphore(settings.at_once),
            watch=watch,
            seed=settings.seed,
            telemetry_every_s=settings.telemetry_every_s,
        )
        self._drivers = {
            member.id: Driver(
                ConnectionString(settings.hub.host, device=member.id, key=keys[member.id]),
                member.device,
                around,
            )
            for member in members
        }

    def tell(self, device: str, event: Event) -> None:
        """Let something happen to one device, such as OperatorHolds.

        Raises:
            DeviceNotFound: it is no member of this fleet.
        """
        try:
            driver = self._drivers[device]
        except KeyError:
            raise DeviceNotFound(f"{device} is not in this fleet") from None
        driver.tell(event)

    async def run(self, stop: asyncio.Event) -> None:
        """Let all of them live until ``stop`` is set; each then says goodbye to the hub."""
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(driver.live()) for driver in self._drivers.values()]
            await stop.wait()
            for life in lives:
                life.cancel()


def _from_factory(settings: SimulatorSettings, group: Group) -> SimulatorSettings:
    """As their group has them; what registers has a name in lower case. Source: PROV-1."""
    return replace(settings, tags=group.tags, prefix=settings.prefix.lower())


def _line(settings: SimulatorSettings, factory: Factory, clock: Clock) -> Registering:
    host, options = settings.hub.host, _options(settings)
    return Registering(host, factory.id_scope, options, clock, at_once=settings.at_once)


def _options(settings: SimulatorSettings) -> DeviceOptions:
    return DeviceOptions(
        context=settings.context,
        port=settings.mqtt_port,
        address=settings.address,
        keep_alive_s=settings.keep_alive_s,
        timeout_s=settings.timeout_s,
        agent="affinage-simulator",
    )
