"""A hub killed again and again while a fleet writes: nothing that it acknowledged is lost.

AFFINAGE_KILLS says how often: .ci/run says 50, `make kills` 200.
"""

import asyncio
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest
import uvloop

from affinage.adapters.system.clock import wall_time
from affinage.clients.service import MAX_BULK, ServiceClient
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from fakes import tidy_hub
from fakes.fleet_in_force import IN_FORCE, configuration, strays
from fakes.hub_process import PATIENCE_S, HubProcess
from fakes.operators import Deployer, Planner, Registrar
from fakes.writers import Listener, Reporter, Tagger, Writer, write_until_killed

pytestmark = pytest.mark.system

KILLS: Final = int(os.environ.get("AFFINAGE_KILLS", "10"))
REPORTERS: Final = 50
TAGGERS: Final = 8
LISTENERS: Final = 4
OTHERS: Final = 200
"""Devices that only carry configurations, so that going over the fleet takes several commits."""

GATEWAYS: Final = 6
"""Edge devices, of which a deployment writes several twins in one unit."""

MAYFLIES: Final = 4
"""Devices that are created and deleted."""

LOAD_S: Final = 0.8
"""The kill comes at a random moment within that of the first write."""

LONG_LOAD_S: Final = 3.0
"""Once in five times within that, when the store has tidied up behind many writes."""

START_S: Final = 1.0
"""One start in three is killed at a random moment within that, too."""

READY_S: Final = 20.0
"""How long a start may take, on a machine that is busy."""

WRITES_PER_S: Final = 1_000
"""Acknowledged while the fleet writes, on average and at least."""

TICK_S: Final = 0.01
"""Between two looks at what the hub is doing: it is another process, and tells nobody."""

KEY: Final = "a2V5IG9mIGFsbCBkZXZpY2VzIG9mIHRoaXMgZmxlZXQ="

Twin = dict[str, Any]


class Ordeal:
    """A hub, those who write to it, and a look at all that it has kept."""

    def __init__(self, hub: HubProcess, operator: ServiceClient) -> None:
        self.hub, self.operator = hub, operator
        self.chance = random.Random()
        self.kills, self.false_starts, self.loaded_s, self.slowest_s = 0, 0, 0.0, 0.0
        options, now = hub.device_options(timeout_s=PATIENCE_S), wall_time().timestamp()
        self.reporters = [
            Reporter(self._string(each), options, now) for each in _names("device", REPORTERS)
        ]
        self.taggers = [Tagger(each, operator) for each in _names("device", TAGGERS)]
        self.listeners = [
            Listener(hub, self._string(each)) for each in _names("listener", LISTENERS)
        ]
        self.registrars = [Registrar(operator, each) for each in _names("mayfly", MAYFLIES)]
        self.planner, self.deployer = Planner(operator), Deployer(operator, "deployed")

    @property
    def writers(self) -> list[Writer]:
        operators: list[Writer] = [*self.registrars, self.planner, self.deployer]
        return [*self.reporters, *self.taggers, *self.listeners, *operators]

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    async def populate(self) -> None:
        """Create the fleet, and what is in force."""
        ids = [*_names("device", REPORTERS + OTHERS), *_names("listener", LISTENERS)]
        keys: JsonObject = {"type": "sas", "symmetricKey": {"primaryKey": KEY, "secondaryKey": KEY}}
        entries: list[JsonObject] = [{"id": each, "authentication": keys} for each in ids]
        gateways = _names("gateway", GATEWAYS)
        entries += [{"id": each, "capabilities": {"iotEdge": True}} for each in gateways]
        for start in range(0, len(entries), MAX_BULK):
            result = await self.operator.bulk(entries[start : start + MAX_BULK])
            assert result["isSuccessful"]
        for each in IN_FORCE:
            await self.operator.create_configuration(configuration(*each))

    async def load_and_kill(self) -> None:
        """Have everybody write, and kill the hub at a random moment of it."""
        await asyncio.gather(*(reporter.connect() for reporter in self.reporters))
        async with asyncio.TaskGroup() as tasks:
            began = monotonic()
            for writer in self.writers:
                tasks.create_task(write_until_killed(writer, self.hub))
            most_s = LONG_LOAD_S if self.chance.random() < 1 / 5 else LOAD_S
            await asyncio.sleep(self.chance.uniform(0, most_s))
            self.loaded_s += monotonic() - began
            self.hub.kill()
        self.kills += 1

    async def restart(self) -> None:
        """Start the hub; now and then it is killed over that, too."""
        while self.chance.random() < 1 / 3:
            self.hub.launch()
            await asyncio.sleep(self.chance.uniform(0, START_S))
            self.hub.kill()
            self.false_starts += 1
        began = monotonic()
        self.hub.start()
        self.slowest_s = max(self.slowest_s, monotonic() - began)

    async def confirm(self) -> None:
        """All that was acknowledged is there, and the fleet is as its configurations make it."""
        self.deployer.check_whole(await self._modules())  # at once, whatever is still to be swept
        for registrar in self.registrars:
            await registrar.confirm()
        twins = {str(twin["deviceId"]): twin for twin in await self._settled()}
        assert len(twins) == REPORTERS + OTHERS + LISTENERS
        for reporter in self.reporters:
            reporter.confirm(twins[str(reporter.string.device)])
        for tagger in self.taggers:
            tagger.confirm(twins[tagger.device])
        for listener in self.listeners:
            await listener.confirm(self.operator)
        for planner in (self.planner, self.deployer):
            planner.confirm(await self._all_configurations())

    async def reconcile_again(self) -> None:
        """Touch every configuration: the hub goes over the whole fleet and finds nothing to do.

        It also begins counting anew how often devices come and go (RECONCILE-31).
        """
        await self._settled()
        before, mark = await self._stamps(), self.hub.log.stat().st_size
        configurations = await self._all_configurations()
        for each in configurations:
            await self.operator.update_configuration(each)
        while len(self.hub.events("swept", since=mark)) < len(configurations):  # noqa: ASYNC110
            await asyncio.sleep(TICK_S)
        assert await self._stamps() == before

    async def _settled(self) -> list[Twin]:
        """The fleet, once no configuration is on its way any more."""
        patience = monotonic() + PATIENCE_S
        while lost := strays(twins := await self._twins(), await self._configurations()):
            assert monotonic() < patience, f"{len(lost)} forgotten, as {lost[0]}"
            await asyncio.sleep(TICK_S)
        return twins

    async def _twins(self) -> list[Twin]:
        """Of all devices but those of the edge."""
        return await self._rows("SELECT * FROM devices WHERE capabilities.iotEdge != true")

    async def _modules(self) -> list[Twin]:
        return await self._rows("SELECT * FROM devices.modules")

    async def _stamps(self) -> list[tuple[Any, ...]]:
        """What moves when anything of any twin is written."""
        twins = [*await self._rows("SELECT * FROM devices"), *await self._modules()]
        names = ("deviceId", "moduleId", "etag", "version")
        return [tuple(twin.get(name) for name in names) for twin in twins]

    async def _rows(self, query: str) -> list[Twin]:
        return [dict(row) async for row in self.operator.query(query, page_size=1000)]

    async def _configurations(self) -> list[dict[str, Any]]:
        """Those of devices."""
        every = await self._all_configurations()
        return [each for each in every if "deviceContent" in each["content"]]

    async def _all_configurations(self) -> list[dict[str, Any]]:
        return [dict(each) for each in await self.operator.list_configurations()]

    def _string(self, device: str) -> ConnectionString:
        return ConnectionString(self.hub.address, device=device, key=KEY)


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind}-{n:03}" for n in range(count)]


async def suffer(hub: HubProcess) -> Ordeal:
    async with asyncio.timeout(PATIENCE_S + 10 * KILLS), hub.operator() as operator:
        ordeal = Ordeal(hub, operator)
        await ordeal.populate()
        for _ in range(KILLS):
            await ordeal.load_and_kill()
            await ordeal.restart()
            await ordeal.confirm()
            await ordeal.reconcile_again()
        return ordeal


@pytest.fixture
def hub(address: str, tmp_path: Path) -> Iterator[HubProcess]:
    """One that folds its journal all the time."""
    program = (sys.executable, "-P", tidy_hub.__file__)
    with HubProcess(tmp_path / "data", address, program=program) as hub:
        yield hub


def test_what_was_acknowledged_outlives_every_kill(
    hub: HubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    ordeal = uvloop.run(suffer(hub))
    rate = ordeal.acknowledged / ordeal.loaded_s
    with capsys.disabled():
        sys.stdout.write(
            f"\n{ordeal.kills} kills under load and {ordeal.false_starts} of starts,"
            f" {ordeal.acknowledged} acknowledged writes, {rate:.0f}/s,"
            f" ready again in {ordeal.slowest_s:.1f} s at most\n"
        )
    assert ordeal.slowest_s <= READY_S
    assert rate >= WRITES_PER_S
    assert all(writer.acknowledged for writer in ordeal.writers), "somebody never got to write"
