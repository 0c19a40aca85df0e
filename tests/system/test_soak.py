"""Thousands of devices for a long while, dropped, taken over, and their hub killed.

AFFINAGE_SOAK_S says how long, AFFINAGE_SOAK_DEVICES how many: .ci/run says 120 and 2000,
`make soak` 1200 and 2000. Within the first third of it the hub is killed again and again; so by the
last half all devices are back, and memory that still grows then is not theirs.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from statistics import fmean
from time import monotonic
from typing import Any, Final

import pytest
import uvloop

from affinage.clients.native import NativeClient
from affinage.clients.service import MAX_BULK, ServiceClient, ServiceError
from affinage.domain.errors import Unavailable
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.soaking import Soaked

pytestmark = pytest.mark.system

SOAK_S: Final = float(os.environ.get("AFFINAGE_SOAK_S", "40"))
DEVICES: Final = int(os.environ.get("AFFINAGE_SOAK_DEVICES", "200"))
KILLS: Final = max(2, int(SOAK_S / 40))
GROWTH: Final = 1.05
"""Of the hub's memory over the last half, at most."""

TENTH: Final = SOAK_S / 20
"""How long memory is looked at, at the beginning and at the end of the last half."""

SETTLED_S: Final = 4 * PATIENCE_S
TICK_S: Final = 0.1
KEY: Final = "a2V5IG9mIGFsbCBkZXZpY2VzIG9mIHRoaXMgZmxlZXQ="
TRIAL: Final[dict[str, Any]] = {
    "id": "trial",
    "targetCondition": "tags.ring = 'trial'",
    "content": {"deviceContent": {"properties.desired.trial": {"fwVersion": "2.0.0"}}},
}

AWAY: Final = {
    "DeviceNotOnline",
    "DeviceConnectionClosedRemotely",
    "DeviceMaximumQueueDepthExceeded",
}
LATE: Final = {502, 504}
"""How requests are refused whose device is away, or is just lost."""


class Soak:
    """The fleet, those who ask things of it, and what they were told."""

    def __init__(self, hub: HubProcess, operator: ServiceClient) -> None:
        self.hub, self.operator, self.native = hub, operator, NativeClient(operator)
        self.chance = random.Random()
        self.is_over = asyncio.Event()
        options = hub.device_options(timeout_s=PATIENCE_S)
        self.devices = [
            Soaked(ConnectionString(hub.address, device=name, key=KEY), options, self.chance)
            for name in (f"soaked-{number:05}" for number in range(DEVICES))
        ]
        self.wanted = Counter[str]()
        """By device: the number that was written to its desired properties last."""
        self.written = Counter[str]()
        """By device: the one of those that was acknowledged last."""
        self.sent = {device.name: set[int]() for device in self.devices}
        """By device: the messages that were taken for it."""
        self.numbers = self.invoked = self.drops = self.takeovers = self.kills = 0
        self.memory: list[tuple[float, int]] = []

    async def populate(self) -> None:
        keys: JsonObject = {"type": "sas", "symmetricKey": {"primaryKey": KEY, "secondaryKey": KEY}}
        entries: list[JsonObject] = [
            {"id": device.name, "authentication": keys} for device in self.devices
        ]
        for start in range(0, len(entries), MAX_BULK):
            result = await self.operator.bulk(entries[start : start + MAX_BULK])
            assert result["isSuccessful"]
        await self.operator.create_configuration(TRIAL)

    async def run(self) -> None:
        """Let everybody live for so long, and come to rest."""
        async with asyncio.TaskGroup() as tasks:
            for device in self.devices:
                tasks.create_task(device.live(self.is_over))
            await self._disturbed()
            self.is_over.set()
        await self._until(lambda: all(device.is_in for device in self.devices))
        await self._until(lambda: all(self._has_its_messages(device) for device in self.devices))

    async def confirm(self) -> None:
        """What devices believe, what their hub holds, and what was acknowledged are the same."""
        twins = await self._settled()
        telemetry = await self._telemetry()
        for device in self.devices:
            twin = twins[device.name]
            device.confirm(twin, telemetry.get(device.name, []))
            desired = device.desired.values
            held = int(str(desired.get("set", 0)))
            assert self.written[device.name] <= held <= self.wanted[device.name], device.name

    async def leave(self) -> None:
        await asyncio.gather(*(device.leave() for device in self.devices))

    @property
    def growth(self) -> float:
        """Of memory, from the beginning of the last half to its end; 1 is none."""
        first, last = self.memory[0][0], self.memory[-1][0]
        before = fmean(size for at, size in self.memory if at <= first + TENTH)
        after = fmean(size for at, size in self.memory if at >= last - TENTH)
        return after / before

    @property
    def told(self) -> str:
        lives = sum(device.lives for device in self.devices)
        reports = sum(device.reports.acknowledged for device in self.devices)
        telemetry = sum(device.telemetry.acknowledged for device in self.devices)
        messages = sum(len(device.messages) for device in self.devices)
        return (
            f"\n{DEVICES} devices for {SOAK_S:.0f} s, {lives} connections, {self.kills} kills,"
            f" {self.drops} drops, {self.takeovers} takeovers; acknowledged: {reports} reports,"
            f" {telemetry} of telemetry, {messages} messages, {self.written.total()} patches,"
            f" {self.invoked} methods; memory {self.memory[-1][1] / 2**20:.0f} MB,"
            f" {100 * (self.growth - 1):+.1f} % over the last half\n"
        )

    # What happens to them

    async def _disturbed(self) -> None:
        began = monotonic()
        every: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (0.05, self._desire),
            (0.1, self._write_message),
            (0.1, self._invoke),
            (0.2, self._move),
            (0.2, self._drop),
            (0.5, self._take_over),
        ]
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(self._again_and_again(*each)) for each in every]
            for _ in range(KILLS):
                await asyncio.sleep(self.chance.uniform(0.5, 1.0) * SOAK_S / 3 / KILLS)
                await self._kill()
            await asyncio.sleep(began + SOAK_S / 2 - monotonic())
            while monotonic() < began + SOAK_S:
                self.memory.append((monotonic(), self.hub.resident_bytes))
                await asyncio.sleep(TICK_S)
            for task in asking:
                task.cancel()

    async def _again_and_again(self, pause_s: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(pause_s)
            with suppress(Unavailable, OSError):  # a hub that is killed acknowledges nothing
                await act()

    async def _kill(self) -> None:
        self.hub.kill()
        self.kills += 1
        await asyncio.to_thread(self.hub.start)

    async def _drop(self) -> None:
        self.drops += 1
        self.chance.choice(self.devices).drop()

    async def _take_over(self) -> None:
        self.takeovers += 1
        await self.chance.choice(self.devices).take_over()

    async def _desire(self) -> None:
        device = self.chance.choice(self.devices).name
        self.wanted[device] += 1
        number = self.wanted[device]
        change: JsonObject = {"properties": {"desired": {"set": number, f"is{number % 3}": None}}}
        await self.operator.patch_twin(device, change)
        self.written[device] = number

    async def _move(self) -> None:
        device = self.chance.choice(self.devices).name
        await self.operator.patch_twin(device, {"tags": {"ring": "trial"}})

    async def _write_message(self) -> None:
        device, self.numbers = self.chance.choice(self.devices).name, self.numbers + 1
        number = self.numbers
        with _unless_away():
            await self.native.send_message(device, {"body": str(number)})
            self.sent[device].add(number)

    async def _invoke(self) -> None:
        device = self.chance.choice(self.devices).name
        method: JsonObject = {
            "methodName": "echo",
            "payload": {"to": device},
            "responseTimeoutInSeconds": 5,
        }
        with _unless_away():
            answer = await self.operator.invoke(device, method)
            assert answer == {"status": 200, "payload": {"to": device}}
            self.invoked += 1

    # What is looked at in the end

    def _has_its_messages(self, device: Soaked) -> bool:
        return self.sent[device.name] <= {*device.messages}

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(SETTLED_S):
            while not is_so():  # noqa: ASYNC110  # others bring it about
                await asyncio.sleep(TICK_S)

    async def _settled(self) -> dict[str, Any]:
        """All twins, once whoever is of the trial has its configuration."""
        async with asyncio.timeout(SETTLED_S):
            while True:
                rows = self.operator.query("SELECT * FROM devices", page_size=1000)
                twins: dict[str, Any] = {str(row["deviceId"]): row async for row in rows}
                if all(map(_has_its_configuration, twins.values())):
                    return twins
                await asyncio.sleep(TICK_S)

    async def _telemetry(self) -> dict[str, list[int]]:
        """The numbers that were told, by device."""
        told: dict[str, list[int]] = {}
        after, is_last = "0", False
        while not is_last:
            page: Any = await self.native.events(after, kind="telemetry")
            for event in page["events"]:
                told.setdefault(event["deviceId"], []).append(int(event["properties"]["n"]))
            is_last = str(page["next"]) == after
            after = str(page["next"])
        return told


def _has_its_configuration(twin: dict[str, Any]) -> bool:
    is_of_trial: bool = twin.get("tags", {}).get("ring") == "trial"
    return is_of_trial == ("trial" in twin["properties"]["desired"])


@contextmanager
def _unless_away() -> Iterator[None]:
    """Let pass that a device was not there, is just lost, or has too much waiting for it."""
    try:
        yield
    except ServiceError as refused:
        if refused.code not in AWAY and refused.status not in LATE:
            raise


async def soaked(hub: HubProcess) -> Soak:
    async with hub.operator() as operator:
        soak = Soak(hub, operator)
        await soak.populate()
        await soak.run()
        await soak.confirm()
        await soak.leave()
        return soak


def test_devices_and_their_hub_agree_after_all_that_has_happened(
    hub: HubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    soak = uvloop.run(soaked(hub))
    with capsys.disabled():
        sys.stdout.write(soak.told)
    assert soak.invoked
    assert soak.numbers
    assert soak.growth <= GROWTH
