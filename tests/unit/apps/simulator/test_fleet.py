"""A fleet of simulated devices against a hub whose doors are fakes; its time runs faster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from affinage.adapters.system.clock import SystemClock
from affinage.apps.cli.reach import own_id_scope, reach
from affinage.apps.simulator.driver import Sighting
from affinage.apps.simulator.factory import Factory
from affinage.apps.simulator.faults import Kind, Risk
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.fleet import Fleet, simulate
from affinage.apps.simulator.members import members_of
from affinage.apps.simulator.profile import Timings
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.apps.simulator.signals import OperatorHolds
from affinage.apps.simulator.tally import Tally
from affinage.clients.service import ServiceError
from affinage.clients.trust import trust
from affinage.domain.errors import DeviceNotFound
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.bench import wished
from fakes.command_line import served_hub
from fakes.https_server import playback
from fakes.looped import looped
from fakes.mqtt_hub import KEY, FakeHub, fake_hub

OWNER = ConnectionString(HOST, policy="iothubowner", key=KEY)
CLOCK = SystemClock()
SETTINGS = SimulatorSettings(
    OWNER,
    trust(authority().ca_file),
    count=20,
    timings=Timings().scaled(0.001),
    address="127.0.0.1",
    at_once=4,
)


class Run:
    """A fleet that lives, and its tally."""

    def __init__(self, hub: FakeHub, settings: SimulatorSettings) -> None:
        hub.now = CLOCK.now().timestamp()
        self.hub = hub
        self.tally = Tally()
        members = members_of(settings)
        keys = {member.id: KEY for member in members}
        self.fleet = Fleet(settings, members, keys, clock=CLOCK, watch=self.watch)

    def watch(self, sighting: Sighting) -> None:
        self.tally.take(sighting)
        self.hub.look()

    def desire(self, version: str) -> None:
        for device in [*self.tally.latest]:
            self.hub.desire(device, wished(version))


@asynccontextmanager
async def running(*risks: Risk) -> AsyncIterator[Run]:
    async with fake_hub() as hub:
        run = Run(hub, replace(SETTINGS, mqtt_port=hub.port, risks=risks))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(run.fleet.run(stop))
            await hub.until(lambda: run.tally.online == SETTINGS.count)
            yield run
            stop.set()


@looped
async def test_a_whole_fleet_is_updated_and_says_goodbye() -> None:
    async with running() as run:
        run.desire("2.0.0")
        await run.hub.until(lambda: run.tally.by_version["2.0.0"] == SETTINGS.count)
        await run.hub.until(lambda: run.tally.online == SETTINGS.count)
    assert run.hub.goodbyes == SETTINGS.count


@looped
async def test_no_more_connect_at_once_than_they_may() -> None:
    async with running() as run:
        assert run.hub.most_greeting <= SETTINGS.at_once


@looped
async def test_a_bad_firmware_is_refused_by_one_hardware_revision_only() -> None:
    """FIRMWARE-15"""
    bad = Risk(Kind.HARDWARE, where=(("revision", "B"),), version="2.0.0")
    victims = sum(member.device.profile.revision == "B" for member in members_of(SETTINGS))
    async with running(bad) as run:
        run.desire("2.0.0")
        await run.hub.until(
            lambda: (
                run.tally.by_status[Status.ROLLED_BACK] == victims
                and run.tally.by_version["2.0.0"] == SETTINGS.count - victims
            )
        )
        assert 0 < victims < SETTINGS.count


@looped
async def test_an_operator_may_be_at_a_single_machine() -> None:
    """FIRMWARE-18"""
    async with running() as run:
        run.fleet.tell("sim-00007", OperatorHolds("Berthe", CLOCK.now() + timedelta(hours=1)))
        run.desire("2.0.0")
        await run.hub.until(lambda: run.tally.by_version["2.0.0"] == SETTINGS.count - 1)
        assert run.tally.latest["sim-00007"].substatus.startswith("Held by Berthe")
        with pytest.raises(DeviceNotFound, match="sim-99999 is not in this fleet"):
            run.fleet.tell("sim-99999", OperatorHolds("Berthe", CLOCK.now()))


@looped
async def test_simulating_makes_the_identities_first() -> None:
    async with playback() as server, fake_hub() as hub:
        hub.now = CLOCK.now().timestamp()
        server.play({"isSuccessful": True, "errors": [], "warnings": []})
        settings = replace(SETTINGS, count=2, https_port=server.port, mqtt_port=hub.port)
        stop, ready = asyncio.Event(), list[int]()
        async with asyncio.TaskGroup() as group:
            group.create_task(
                simulate(settings, clock=CLOCK, stop=stop, on_identities=ready.append)
            )
            await hub.until(lambda: len(hub.connects) >= 2)
            stop.set()
        assert ready == [2]
        assert {connect.client_id for connect in hub.connects} == {"sim-00000", "sim-00001"}


@looped
async def test_without_identities_nobody_connects() -> None:
    async with playback() as server, fake_hub() as hub:
        server.play({"Message": "ErrorCode:IotHubUnauthorizedAccess;no"}, status=401)
        settings = replace(SETTINGS, https_port=server.port, mqtt_port=hub.port)
        with pytest.raises(ServiceError, match="401 IotHubUnauthorizedAccess: no"):
            await simulate(settings, clock=CLOCK, stop=asyncio.Event())
        assert not hub.connects


def test_a_fleet_from_the_factory_registers_and_has_the_tags_of_its_group(tmp_path: Path) -> None:
    """PROV-1"""
    with served_hub(tmp_path / "data") as line:
        line.ok("enrollment", "create", "line", "--group", "--tag", "ring=canary")
        found = reach(line.folder, {})
        settings = SimulatorSettings(
            found.hub,
            found.context,
            count=2,
            prefix="Press",
            address=found.address,
            https_port=found.https_port,
            mqtt_port=found.mqtt_port,
        )
        factory = Factory("line", own_id_scope(line.folder, {}))
        asyncio.run(until_connected(settings, factory))
        assert line.json("twin", "show", "press-00001")["tags"] == {"ring": "canary"}


async def until_connected(settings: SimulatorSettings, factory: Factory) -> None:
    stop, tally = asyncio.Event(), Tally()

    def watch(sighting: Sighting) -> None:
        tally.take(sighting)
        if tally.online == settings.count:
            stop.set()

    async with asyncio.timeout(30):
        await simulate(settings, clock=CLOCK, stop=stop, factory=factory, watch=watch)
