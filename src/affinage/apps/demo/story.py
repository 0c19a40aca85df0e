"""The story, chapter by chapter; each ends in something that must be so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from affinage.adapters.system.clock import SystemClock
from affinage.apps.demo.cast import (
    BAD,
    CANARY,
    FIRST,
    NEW,
    OLD,
    PRODUCTION,
    SECOND,
    THIRD,
    Group,
    devices_of,
    stage,
)
from affinage.apps.demo.operator import PATIENCE_S, DemoFailed, Operator, check
from affinage.apps.demo.show import Show
from affinage.apps.hub import Hub
from affinage.apps.keys import Keys
from affinage.apps.place import authority
from affinage.apps.settings import HubSettings
from affinage.apps.simulator.fleet import Fleet, service_client
from affinage.apps.simulator.identities import ensure_identities
from affinage.apps.simulator.members import Member
from affinage.apps.simulator.tally import Tally
from affinage.clients.trust import trust

FIRMWARE = "properties.reported.firmware"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    data: Path
    """An empty folder."""
    devices: int = 50
    """In each of the two groups."""
    pace: float = 0.06
    """Of the simulated updates; 1 takes 110 seconds each."""
    keep: bool = False
    """Leave the hub and its devices running at the end, until told to stop."""


async def tell(settings: DemoSettings, show: Show, stop: asyncio.Event) -> None:
    """The whole walk-through.

    Args:
        stop: once it is set, the story ends where it is.

    Raises:
        DemoFailed: something was not as told, or it was stopped; nothing is left running.
    """
    show.chapter("Start a hub")
    hub_settings = HubSettings(data=settings.data, https_port=0, mqtt_port=0)
    async with Hub(hub_settings) as hub:
        show.say(hub.ready_line)
        theatre = Theatre(settings, show, hub)
        async with theatre.opened():
            await _played(theatre, stop)
            if settings.keep:
                theatre.leave_open()
                await stop.wait()


async def _played(theatre: "Theatre", stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        stopping = tasks.create_task(_stopped(stop))
        await theatre.play()
        stopping.cancel()


async def _stopped(stop: asyncio.Event) -> NoReturn:
    await stop.wait()
    raise DemoFailed("it was stopped before its end")


class Theatre:
    """The hub, the operator and the devices of one telling."""

    def __init__(self, settings: DemoSettings, show: Show, hub: Hub) -> None:
        self._settings, self._show = settings, show
        self._clock = SystemClock()
        owner = Keys(settings.data).of_policy("iothubowner")
        trusted = trust(authority(settings.data))
        self._backstage = stage(owner, hub.place, trusted, settings.pace)
        self._tally = Tally()
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """With an operator at work; at the end the devices say goodbye."""
        async with asyncio.TaskGroup() as self._tasks:
            async with service_client(self._backstage, self._clock) as self._service:
                patience_s = PATIENCE_S + 2 * self._backstage.timings.update
                self._operator = Operator(self._service, self._show, patience_s)
                yield
            self._stop.set()

    async def play(self) -> None:
        await self._prepare()
        await self._bring_devices()
        await self._first_group()
        await self._second_group()
        await self._bad_firmware()
        await self._show_fleet()

    async def _prepare(self) -> None:
        show, total = self._show, self._settings.devices
        show.chapter("Prepare two configurations, create the first")
        counts = await self._operator.create(FIRST)
        check(counts["targetedCount"] == 0, f"{FIRST.id} targets devices before there are any")
        show.good(f"{FIRST.id} targets 0 devices yet: there are none")
        show.say(f"[bold]{SECOND.id}[/bold] waits for it, with {total} devices of its own")

    async def _bring_devices(self) -> None:
        show = self._show
        show.chapter("Create two sets of devices, and let them run")
        canary, production = self._members(CANARY), self._members(PRODUCTION)
        keys = await ensure_identities(self._service, [*canary, *production])
        for group, members in ((CANARY, canary), (PRODUCTION, production)):
            sites = ", ".join(f"{site.customer}/{site.name}" for site in group.sites)
            show.say(f"{len(members)} chillers with tags.ring = '{group.ring}' at {sites}")
        fleet = Fleet(
            self._backstage,
            [*canary, *production],
            keys,
            clock=self._clock,
            watch=self._tally.take,
        )
        self._tasks.create_task(fleet.run(self._stop))
        everybody = f"SELECT deviceId FROM devices WHERE IS_DEFINED({FIRMWARE}.currentFwVersion)"
        await self._operator.wait_for("devices that report", everybody, len(keys))
        show.good(f"{len(keys)} devices are connected over MQTT and TLS, and report what they are")

    async def _first_group(self) -> None:
        show, total = self._show, self._settings.devices
        show.chapter(f"Firmware {NEW} for the first group")
        counts = await self._operator.watch(
            FIRST, total, until=lambda counts: counts["current"] == total
        )
        check(counts["appliedCount"] == total, f"{FIRST.id} is not applied to all of its group")
        untouched = await self._versions(PRODUCTION)
        check(untouched == {OLD: total}, f"the second group was touched early: {untouched}")
        show.good(f"all {total} canaries came back with {NEW}; the second group still has {OLD}")

    async def _second_group(self) -> None:
        show, total = self._show, self._settings.devices
        show.chapter("Only now, the second group")
        await self._operator.create(SECOND)
        await self._operator.watch(SECOND, total, until=lambda counts: counts["current"] == total)
        found = await self._versions(PRODUCTION)
        check(found == {NEW: total}, f"the second group has {found}")
        show.good(f"all {total} devices of the second group came back with {NEW}")

    async def _bad_firmware(self) -> None:
        show, total = self._show, self._settings.devices
        show.chapter(f"A bad firmware, {BAD}, is caught in the first group")
        await self._operator.create(THIRD)
        counts = await self._operator.watch(
            THIRD,
            total,
            until=lambda counts: counts["current"] + counts["rolledback"] == total,
        )
        check(counts["rolledback"] > 0, "the bad firmware did no harm")
        await self._say_what_failed(counts["rolledback"])
        await self._roll_back(total)

    async def _say_what_failed(self, failed: int) -> None:
        rows = await self._operator.rows(
            "SELECT properties.reported.hardware.revision AS revision, COUNT() AS devices"
            f" FROM devices WHERE configurations.[[{THIRD.id}]].status = 'Applied'"
            f" AND {FIRMWARE}.fwUpdateStatus = 'rolledback'"
            " GROUP BY properties.reported.hardware.revision"
        )
        check(
            [row["revision"] for row in rows] == ["B"] and rows[0]["devices"] == failed,
            f"others than hardware revision B failed: {rows}",
        )
        self._show.good(
            f"{failed} devices refused it, all of hardware revision B: it goes no further"
        )

    async def _roll_back(self, total: int) -> None:
        show = self._show
        show.chapter("Roll back by changing the target condition")
        await self._operator.withdraw(THIRD)
        counts = await self._operator.watch(
            FIRST, total, until=lambda counts: counts["current"] == total
        )
        withdrawn = await self._operator.counts(THIRD)
        listed = await self._operator.rows(
            f"SELECT deviceId FROM devices WHERE IS_DEFINED(configurations.[[{THIRD.id}]].status)"
        )
        check(counts["appliedCount"] == total, f"{FIRST.id} does not count all of its group again")
        check(
            not listed and not withdrawn["targetedCount"] and not withdrawn["appliedCount"],
            f"{THIRD.id} still lists {len(listed)} devices",
        )
        found = await self._versions(CANARY)
        check(found == {NEW: total}, f"after the rollback the first group has {found}")
        show.good(f"{FIRST.id} counts all {total} again, {THIRD.id} none; all are back on {NEW}")

    async def _show_fleet(self) -> None:
        rows = await self._operator.rows(
            "SELECT tags.customer AS customer, tags.site AS site, tags.ring AS ring,"
            f" properties.reported.hardware.revision AS revision, {FIRMWARE}.currentFwVersion AS"
            f" firmware, {FIRMWARE}.fwUpdateStatus AS status, COUNT() AS devices FROM devices"
            " GROUP BY tags.customer, tags.site, tags.ring, properties.reported.hardware.revision,"
            f" {FIRMWARE}.currentFwVersion, {FIRMWARE}.fwUpdateStatus"
        )
        columns = ("customer", "site", "ring", "revision", "firmware", "status", "devices")
        rows.sort(key=lambda row: [str(row.get(column)) for column in columns])
        self._show.table("The fleet", columns, rows)
        check(self._tally.troubled == 0, f"{self._tally.troubled} devices are in trouble")

    async def _versions(self, group: Group) -> dict[str, int]:
        rows = await self._operator.rows(
            f"SELECT {FIRMWARE}.currentFwVersion AS version FROM devices"
            f" WHERE tags.ring = '{group.ring}'"
        )
        return dict(Counter(row.get("version", "") for row in rows))

    def _members(self, group: Group) -> list[Member]:
        return devices_of(group, self._settings.devices, self._backstage)

    def leave_open(self) -> None:
        """Say how to look around."""
        show, data = self._show, self._settings.data
        show.chapter("The hub goes on; look around from another terminal")
        show.say(f'affinage query --data {data} "SELECT deviceId, tags.site FROM devices"')
        show.say(f"affinage config list --data {data}")
        show.say(f"affinage twin show --data {data} canary-annecy-00000")
        show.say("Ctrl-C stops it.")


__all__ = ["DemoFailed", "DemoSettings", "tell"]
