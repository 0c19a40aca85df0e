"""How operations end: after a restart, unwritten, forgotten, and where the hub is at fault."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from affinage.domain.errors import RegistrationNotFound
from affinage.domain.principal import Principal
from affinage.ports.hubs import Wanted
from affinage.services.provisioning.registrations import WORKERS
from fakes.linked import Linked, MemoryHub
from fakes.looped import looped
from fakes.provisioned import HOST, Provisioned, provisioned

CUSTOM: Any = {
    "allocationPolicy": "custom",
    "customAllocationDefinition": {"webhookUrl": "https://a.test", "apiVersion": "1"},
}


@dataclass
class SilentHub(MemoryHub):
    """Takes its time, for ever."""

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        await asyncio.Event().wait()


async def status_of(given: Provisioned, name: str) -> Any:
    state = await given.services.registrations.state(given.arrival(name))
    return state["status"]


@looped
async def test_an_operation_goes_on_after_a_restart() -> None:
    """PROV-40"""
    async with provisioned() as given:
        for name in ("dev1", "dev2"):
            await given.enroll(name)
        await given.assigned(given.arrival("dev1"))
        given.stop()
        await given.services.registrations.register(given.arrival("dev2"))
        assert await status_of(given, "dev2") == "assigning"
    async with provisioned(given.life) as later:
        await later.life.turn(50)
        assert [await status_of(later, name) for name in ("dev1", "dev2")] == ["assigned"] * 2


@looped
async def test_an_end_that_cannot_be_written_is_tried_again_when_the_device_asks() -> None:
    """PROV-56"""
    async with provisioned() as given:
        await given.enroll("dev1")
        with capture_logs() as logs:
            begun = await given.services.registrations.register(given.arrival("dev1"))
            given.life.disk.fails = True
            await given.life.turn(50)
        assert [log["event"] for log in logs if "registration" in log] == ["registration waits"]
        given.life.disk.fails = False
        await given.services.registrations.operation(given.arrival("dev1"), begun.operation_id)
        await given.life.turn(50)
        assert await status_of(given, "dev1") == "assigned"


@looped
async def test_a_fault_of_the_hub_holds_up_nobody_else() -> None:
    async with provisioned() as given:

        async def fault() -> None:
            raise ZeroDivisionError

        given.hook.meanwhile = fault
        await given.enroll("dev1", **CUSTOM)
        await given.enroll("dev2")
        with capture_logs() as logs:
            await given.services.registrations.register(given.arrival("dev1"))
            await given.assigned(given.arrival("dev2"))
        assert [log["registration"] for log in logs if log["log_level"] == "error"] == ["dev1"]
        assert await status_of(given, "dev1") == "assigning"


@looped
async def test_who_waits_for_a_webhook_holds_up_nobody_who_does_not() -> None:
    """PROV-48"""
    async with provisioned() as given:
        answers = asyncio.Event()

        async def wait() -> None:
            await answers.wait()

        given.hook.meanwhile = wait
        await given.group("cave", **CUSTOM)
        names = [f"dev{number}" for number in range(WORKERS + 1)]
        for name in names:
            await given.services.registrations.register(given.member(name))
        await given.enroll("near")
        await given.assigned(given.arrival("near"))
        answers.set()
        await given.life.turn(200)
        states = [given.services.book.registration(name) for name in names]
        assert {state.status for state in states if state} == {"assigned"}


@looped
async def test_who_is_given_to_a_hub_that_is_silent_holds_up_nobody_else() -> None:
    """PROV-48"""
    own, other = MemoryHub(HOST), SilentHub("two.test")
    async with provisioned(hubs=Linked({HOST: own, "two.test": other})) as given:
        await given.group("away", iotHubs=["two.test"])
        for number in range(WORKERS + 1):
            await given.services.registrations.register(given.member(f"dev{number}"))
        await given.enroll("near", iotHubs=[HOST])
        await given.assigned(given.arrival("near"))
        assert "near" in own.devices


@looped
async def test_a_registration_that_is_forgotten_is_not_carried_out() -> None:
    """PROV-27"""
    async with provisioned() as given:
        await given.enroll("dev1")
        await given.services.registrations.register(given.arrival("dev1"))
        await given.services.states.delete("dev1", if_match=None, by=given.owner)
        await given.life.turn(50)
        with pytest.raises(RegistrationNotFound):
            await status_of(given, "dev1")
        assert [*given.life.fleet.ids(9)] == []


@looped
async def test_a_device_that_waited_for_its_registration_joins_what_was_begun() -> None:
    """PROV-44"""
    async with provisioned() as given:
        await given.enroll("dev1")
        given.stop()
        begin = given.services.registrations.register
        first, second = await asyncio.gather(*(begin(given.arrival("dev1")) for _ in range(2)))
        assert first == second
