"""How operations end: after a restart, unwritten, forgotten, and where the hub is at fault."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from affinage.domain.errors import RegistrationNotFound
from fakes.looped import looped
from fakes.provisioned import Provisioned, provisioned

CUSTOM: Any = {
    "allocationPolicy": "custom",
    "customAllocationDefinition": {"webhookUrl": "https://a.test", "apiVersion": "1"},
}


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
