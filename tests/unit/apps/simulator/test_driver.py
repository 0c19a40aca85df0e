"""One simulated device's life on a real connection; its time runs a thousand times faster."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from affinage.adapters.system.clock import SystemClock
from affinage.apps.simulator.device import new_device
from affinage.apps.simulator.driver import Driver, Sighting, Surroundings
from affinage.apps.simulator.faults import Faults, Kind, Risk
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.profile import Profile, Timings
from affinage.apps.simulator.signals import OperatorHolds, OperatorReleases
from affinage.clients.device import DeviceOptions
from affinage.clients.trust import trust
from affinage.domain.values import JsonValue
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.topics import DeviceBound, MethodAnswer, MethodRequest
from fakes.authority import authority
from fakes.bench import wished
from fakes.looped import looped
from fakes.mqtt_hub import FakeHub, fake_hub

PUMP = "pump-1"


class Relenting(SystemClock):
    """While somebody sleeps, the hub becomes well again."""

    def __init__(self, hub: FakeHub) -> None:
        super().__init__()
        self._hub = hub

    async def sleep(self, seconds: float) -> None:
        self._hub.status = 0


class Life:
    """A driver that runs, and what was seen of it."""

    def __init__(
        self, hub: FakeHub, kinds: Iterable[Kind], telemetry_every_s: float | None = None
    ) -> None:
        self.clock = Relenting(hub)
        hub.now = self.clock.now().timestamp()
        self.hub = hub
        self.seen: list[Sighting] = []
        around = Surroundings(
            options=DeviceOptions(trust(authority().ca_file), hub.port, "127.0.0.1"),
            clock=self.clock,
            gate=asyncio.Semaphore(1),
            watch=self.watch,
            seed=7,
            telemetry_every_s=telemetry_every_s,
        )
        faults = Faults(tuple(map(Risk, kinds)))
        timings = Timings().scaled(0.001)
        device = new_device(Profile("CC-1", "42", "B"), timings=timings, faults=faults)
        self.driver = Driver(hub.string(PUMP), device, around)

    def watch(self, sighting: Sighting) -> None:
        self.seen.append(sighting)
        self.hub.look()

    def told(self, field: str) -> JsonValue:
        section = self.hub.twin(PUMP).reported.get("firmware", {})
        assert isinstance(section, dict)
        return section.get(field, "")

    async def until(self, status: str, version: str) -> None:
        await self.hub.until(
            lambda: (
                (self.told("fwUpdateStatus"), self.told("currentFwVersion")) == (status, version)
            )
        )


@asynccontextmanager
async def living(*kinds: Kind, telemetry_every_s: float | None = None) -> AsyncIterator[Life]:
    async with fake_hub() as hub:
        life = Life(hub, kinds, telemetry_every_s)
        task = asyncio.ensure_future(life.driver.live())
        await life.until("current", "1.0.0")
        yield life
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@looped
async def test_an_update_comes_back_over_a_new_connection() -> None:
    """FIRMWARE-8"""
    async with living() as life:
        life.hub.desire(PUMP, wished("2.0.0"))
        await life.until("current", "2.0.0")
        assert len(life.hub.connects) == 2
        assert len(life.hub.twin(PUMP).patches) == 1 + 10
        statuses = [*dict.fromkeys(seen.status for seen in life.seen)]
        assert statuses == [
            Status.CURRENT,
            Status.DOWNLOADING,
            Status.VERIFYING,
            Status.APPLYING,
            Status.REBOOTING,
        ]


@looped
async def test_a_stopped_device_says_goodbye() -> None:
    async with fake_hub() as hub:
        life = Life(hub, ())
        task = asyncio.ensure_future(life.driver.live())
        await life.until("current", "1.0.0")
        task.cancel()
        await hub.until(lambda: hub.goodbyes == 1)
        await asyncio.wait([task])


@looped
async def test_a_cut_connection_is_made_anew_and_the_download_goes_on() -> None:
    """FIRMWARE-16"""
    async with living() as life:
        life.hub.desire(PUMP, wished("2.0.0"))
        await life.until("downloading", "1.0.0")
        life.hub.cut(PUMP)
        await life.until("current", "2.0.0")
        assert len(life.hub.connects) == 3


@looped
async def test_every_fault_of_a_connection_is_survived() -> None:
    """FIRMWARE-16, FIRMWARE-17, FIRMWARE-18"""
    async with living(Kind.CONNECTION, Kind.POWER_NEW_SLOT, Kind.OPERATOR) as life:
        life.hub.desire(PUMP, wished("2.0.0"))
        await life.until("current", "2.0.0")
        assert len(life.hub.connects) == 3


@looped
async def test_a_dead_device_ends_its_life() -> None:
    """FIRMWARE-19"""
    async with fake_hub() as hub:
        hub.desire(PUMP, wished("2.0.0"))
        life = Life(hub, [Kind.SILENCE])
        await life.driver.live()
        assert life.seen[-1].is_dead
        assert not life.seen[-1].is_online
        assert hub.goodbyes == 0


@looped
async def test_a_patch_that_comes_while_the_twin_is_read_is_not_missed() -> None:
    """FIRMWARE-1"""
    async with fake_hub() as hub:
        life = Life(hub, ())
        hub.on_twin_read = lambda: hub.desire(PUMP, wished("2.0.0"))
        task = asyncio.ensure_future(life.driver.live())
        await life.until("current", "2.0.0")
        task.cancel()
        await asyncio.wait([task])


@looped
async def test_a_refused_device_tries_again_and_tells_why() -> None:
    async with fake_hub() as hub:
        hub.connack = 5
        life = Life(hub, ())
        task = asyncio.ensure_future(life.driver.live())
        await hub.until(lambda: len(hub.connects) == 4)
        assert "does not admit pump-1" in life.seen[0].trouble
        hub.connack = 0
        await life.until("current", "1.0.0")
        await hub.until(lambda: not life.seen[-1].trouble)
        task.cancel()
        await asyncio.wait([task])


@looped
async def test_a_report_that_the_hub_refuses_is_told_and_made_again_later() -> None:
    async with living() as life:
        life.hub.status = 400
        life.hub.desire(PUMP, {"software": {"rate": 5}})
        await life.hub.until(lambda: "answers 400" in str(life.seen[-1:]))
        life.hub.status = 0
        life.hub.cut(PUMP)
        await life.hub.until(
            lambda: life.hub.twin(PUMP).reported["software"] == {"rate": 5, "status": "current"}
        )


@looped
async def test_a_report_to_a_hub_that_has_gone_is_made_over_the_next_connection() -> None:
    async with living() as life:
        life.hub.hangs_up = True
        life.hub.desire(PUMP, {**wished("2.0.0"), "software": {"rate": 5}})
        await life.hub.until(lambda: not life.hub.doors)
        life.hub.hangs_up = False
        await life.hub.until(
            lambda: life.hub.twin(PUMP).reported["software"] == {"rate": 5, "status": "current"}
        )


@looped
async def test_a_throttled_report_is_made_again() -> None:
    async with living() as life:
        life.hub.status = 429
        life.hub.desire(PUMP, {"software": {"rate": 5}})
        await life.hub.until(lambda: "rate" in str(life.hub.twin(PUMP).reported))


@looped
async def test_an_operator_may_be_at_the_machine() -> None:
    """FIRMWARE-18"""
    async with living() as life:
        until = life.clock.now() + timedelta(hours=1)
        life.driver.tell(OperatorHolds("Berthe", until))
        life.hub.desire(PUMP, wished("2.0.0"))
        await life.hub.until(lambda: "Berthe" in str(life.told("fwUpdateSubstatus")))
        life.driver.tell(OperatorReleases())
        await life.until("current", "2.0.0")


@looped
async def test_work_without_a_connection_goes_on_while_there_is_none() -> None:
    """FIRMWARE-16"""
    async with living() as life:
        life.hub.desire(PUMP, wished("2.0.0"))
        await life.until("verifying", "1.0.0")
        life.hub.connack = 3
        life.hub.cut(PUMP)
        await life.hub.until(lambda: life.seen[-1].status is Status.REBOOTING)
        assert not life.seen[-1].is_online
        life.hub.connack = 0
        await life.until("current", "2.0.0")


@looped
async def test_a_device_answers_methods_and_acknowledges_messages() -> None:
    async with living() as life:
        door = life.hub.doors[PUMP]
        door.send(Publish(MethodRequest("open", "1").topic, b'{"by":3}'))
        topic = DeviceBound(Identity(PUMP), {"$.mid": "1"}).topic
        door.send(Publish(topic, b"hello", qos=1, packet_id=7))
        await life.hub.until(lambda: life.hub.acknowledged == [7] and bool(life.hub.results))
        ((answer, payload),) = life.hub.results
        assert answer == MethodAnswer(200, "1")
        assert json.loads(payload) == {
            "method": "open",
            "payload": {"by": 3},
            "firmware": "1.0.0",
        }


@looped
async def test_a_device_sends_telemetry_as_often_as_it_is_told_over_each_connection() -> None:
    async with living(telemetry_every_s=0.01) as life:
        await life.hub.until(lambda: len(life.hub.telemetry) == 2)
        life.hub.cut(PUMP)
        told = len(life.hub.telemetry)
        await life.hub.until(lambda: len(life.hub.telemetry) > told + 1)
        properties, body = life.hub.telemetry[-1]
        assert properties == {"$.ct": "application/json", "$.ce": "utf-8"}
        assert json.loads(body)["number"] >= len(life.hub.telemetry)


@looped
async def test_telemetry_to_a_hub_that_has_gone_ends_the_connection_and_no_life() -> None:
    async with living(telemetry_every_s=0.05) as life:
        life.hub.hangs_up = True
        await life.hub.until(lambda: not life.hub.doors)
        life.hub.hangs_up = False
        told = len(life.hub.telemetry)
        await life.hub.until(lambda: len(life.hub.telemetry) > told)


@looped
async def test_without_a_connection_no_telemetry_is_kept() -> None:
    async with fake_hub() as hub:
        hub.connack = 5
        life = Life(hub, (), telemetry_every_s=0.001)
        task = asyncio.ensure_future(life.driver.live())
        await hub.until(lambda: len(hub.connects) == 4)
        assert not hub.telemetry
        task.cancel()
        await asyncio.wait([task])
