"""A hub backed up under load, and made again elsewhere: it is as it was, and devices come."""

import asyncio
from pathlib import Path

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import connect
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonValue
from fakes.hub_process import PATIENCE_S, HubProcess, affinage

pytestmark = pytest.mark.system


class Counting:
    """An operator's tool that counts up in two tags at once."""

    def __init__(self, operator: ServiceClient) -> None:
        self._operator = operator
        self.acknowledged = 0

    async def write(self, times: int) -> None:
        for number in range(self.acknowledged + 1, self.acknowledged + times + 1):
            await self._operator.patch_twin("chiller", {"tags": {"a": number, "b": number}})
            self.acknowledged = number

    async def write_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.write(1)


async def back_up_under_load(hub: HubProcess, file: Path) -> tuple[int, int]:
    """The last number acknowledged before the backup began, and the last one when it had ended."""
    stop = asyncio.Event()
    async with hub.operator() as operator, asyncio.TaskGroup() as tasks:
        counting = Counting(operator)
        await counting.write(50)
        before = counting.acknowledged
        writing = tasks.create_task(counting.write_until(stop))
        made = await asyncio.to_thread(affinage, "backup", file, "--data", hub.data)
        assert made.returncode == 0, made.stderr
        after = counting.acknowledged
        stop.set()
        await writing
        await counting.write(20)
    return before, after


async def create(hub: HubProcess) -> None:
    async with hub.operator() as operator:
        await operator.create_device({"deviceId": "chiller"})


async def found(hub: HubProcess) -> dict[str, JsonValue]:
    """The tags; the device comes too, and sees its twin."""
    device = await connect(
        hub.identity("chiller"),
        hub.device_options(timeout_s=PATIENCE_S),
        now=wall_time().timestamp(),
        on_desired=lambda *_: None,
        on_lost=lambda: None,
    )
    await device.get_twin()
    await device.close()
    async with hub.operator() as operator:
        tags = (await operator.get_twin("chiller"))["tags"]
    assert isinstance(tags, dict)
    return tags


def test_a_hub_made_of_a_backup_is_as_it_was_and_devices_come(
    hub: HubProcess, tmp_path: Path
) -> None:
    asyncio.run(create(hub))
    before, after = asyncio.run(back_up_under_load(hub, tmp_path / "hub.backup"))
    string = hub.identity("chiller")
    assert hub.stop() == (0, "")
    restored = affinage("restore", tmp_path / "hub.backup", "--data", tmp_path / "again")
    assert restored.returncode == 0, restored.stderr
    with HubProcess(tmp_path / "again", hub.address) as again:
        assert again.identity("chiller") == string
        tags = asyncio.run(found(again))
        assert tags["a"] == tags["b"]
        assert tags["a"] in range(before, after + 2)
        assert again.ca_file.read_bytes() == hub.ca_file.read_bytes()
