"""Registrations: an operation, durable, polled; the same device is always given the same."""

import pytest

from affinage.domain.errors import Throttled, Unauthorized
from affinage.domain.values import JsonObject
from affinage.services.limits import Operation, Rate
from affinage.services.provisioning.polling import POLLS, RETRY_LATE_S
from fakes.looped import looped
from fakes.provisioned import provisioned

TAGGED: JsonObject = {"tags": {"ring": "a"}, "properties": {"desired": {"speed": 7}}}


@looped
async def test_a_registration_is_an_operation_whose_result_is_polled() -> None:
    """PROV-40, PROV-41, PROV-45"""
    async with provisioned() as given:
        await given.enroll("dev1")
        begun = await given.services.registrations.register(given.arrival("dev1"))
        assert (begun.status, begun.state, begun.retry_after_s) == ("assigning", None, 1)
        state = await given.assigned(given.arrival("dev1"))
        assert (state["assignedHub"], state["substatus"]) == ("hub.test", "initialAssignment")
        assert (state["registrationId"], state["deviceId"]) == ("dev1", "dev1")


@looped
async def test_a_device_is_there_with_its_twin_when_it_is_assigned() -> None:
    """PROV-36, PROV-38"""
    async with provisioned() as given:
        await given.life.configure("one", "tags.ring = 'a'")
        await given.enroll("dev1", initialTwin=TAGGED)
        await given.assigned(given.arrival("dev1"))
        twin = given.life.fleet.device("dev1").twin
        assert (twin.tags, twin.desired.values) == ({"ring": "a"}, {"speed": 7, "who": "one"})


@looped
async def test_the_same_registration_twice_is_the_same_assignment() -> None:
    """PROV-44, PROV-51"""
    async with provisioned() as given:
        await given.group("cave", initialTwin=TAGGED)
        first = await given.assigned(given.member("dev1"))
        await given.life.tag("dev1", ring="b")
        device = given.life.fleet.device("dev1")
        again = await given.assigned(given.member("dev1"))
        same = ("assignedHub", "deviceId", "substatus", "createdDateTimeUtc")
        assert [again[name] for name in same] == [first[name] for name in same]
        assert given.life.fleet.device("dev1") == device


@looped
async def test_too_many_devices_at_once_are_told_when_to_come_again() -> None:
    """REGISTER-25"""
    async with provisioned(throttle={Operation.REGISTRATION: Rate(1, 1)}) as given:
        for name in ("dev1", "dev2"):
            await given.enroll(name)
        begin = given.services.registrations.register
        begun = await begin(given.arrival("dev1"))
        await given.services.registrations.operation(given.arrival("dev1"), begun.operation_id)
        with pytest.raises(Unauthorized):
            await begin(given.arrival("dev2", "AAAA"))
        with pytest.raises(Throttled) as throttled:
            await begin(given.arrival("dev2"))
        given.life.clock.advance(throttled.value.retry_after_s)
        await given.assigned(given.arrival("dev2"))


@looped
async def test_a_device_that_asks_too_often_is_told_to_wait() -> None:
    """REGISTER-26: neither strangers nor other devices count for it."""
    async with provisioned() as given:
        for name in ("dev1", "dev2"):
            await given.enroll(name)
        asked, other = given.services.registrations, await given.register(given.arrival("dev2"))
        given.stop()
        begun = await asked.register(given.arrival("dev1"))
        for _ in range(POLLS):
            with pytest.raises(Unauthorized):
                await asked.operation(given.arrival("DEV1", "AAAA"), begun.operation_id)
            await asked.operation(given.arrival("dev1"), begun.operation_id)
        assert (await asked.register(given.arrival("dev1"))).retry_after_s == RETRY_LATE_S
        with pytest.raises(Throttled):
            await asked.operation(given.arrival("Dev1"), "4.other")
        assert await asked.operation(given.arrival("dev2"), other.operation_id) == other
