"""services/methods.py: who is asked, who waits for how long, and which answer counts."""

import asyncio
from typing import Any

import pytest

from affinage.domain.errors import (
    AffinageError,
    BadAnswer,
    DeviceLeft,
    DeviceNotFound,
    DeviceNotOnline,
    Disabled,
    Forbidden,
    ModuleNotFound,
    NoAnswer,
    Throttled,
    TooManyCalls,
    Unavailable,
)
from affinage.domain.method import MethodRequest, MethodResult
from affinage.domain.principal import Right
from affinage.services.limits import METHOD_METER, Operation, Rate
from affinage.services.methods import MAX_CALLS, metered
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped

STOP = MethodRequest("stop", b'{"at":1}', response_timeout_s=5)
PATIENT = MethodRequest("stop", connect_timeout_s=60)


async def connected(life: Life, name: str = "d", *methods: str) -> Door:
    door = Door(takes={*methods} or {"stop"})
    await life.sessions.attach(key_of(name), door, clean=False, by=itself(name))
    life.sessions.ready(key_of(name), by=itself(name))
    return door


async def asked(
    life: Life, request: MethodRequest = STOP, name: str = "d"
) -> "asyncio.Task[MethodResult]":
    """A call that has gone as far as it can."""
    call = asyncio.ensure_future(life.methods.invoke(key_of(name), request, by=OWNER))
    await life.turn()
    assert isinstance(call, asyncio.Task)
    return call


def answer(life: Life, rid: str, payload: bytes = b"", status: int = 200, name: str = "d") -> None:
    life.methods.answer(key_of(name), rid, status, payload, by=itself(name))


async def disable(life: Life) -> None:
    body: Any = {"status": "disabled"}
    await life.registry.put(key_of("d"), body, if_match="*", by=OWNER)


@looped
async def test_a_device_is_asked_and_its_answer_is_the_callers() -> None:
    """METHOD-4"""
    async with living() as life:
        await life.create("d", "d/m")
        door, module = await connected(life), await connected(life, "d/m")
        call, other = await asked(life), await asked(life, name="d/m")
        [(method, rid, payload)] = door.asked
        assert (method, payload) == ("stop", b'{"at":1}')
        answer(life, module.asked[0][1], status=-1, name="d/m")
        answer(life, rid, b'{"stopped":true}')
        assert await call == MethodResult(200, {"stopped": True})
        assert await other == MethodResult(-1, None)


@pytest.mark.parametrize(
    ("name", "kind"), [("e", DeviceNotFound), ("d/m", ModuleNotFound), ("d", DeviceNotOnline)]
)
@looped
async def test_who_is_not_there_is_not_asked(name: str, kind: type[AffinageError]) -> None:
    """METHOD-5, METHOD-6"""
    async with living() as life:
        await life.create("d")
        with pytest.raises(kind):
            await life.methods.invoke(key_of(name), STOP, by=OWNER)


@looped
async def test_only_who_may_reach_devices_may_ask_one() -> None:
    async with living() as life:
        with pytest.raises(Forbidden):
            await life.methods.invoke(key_of("d"), STOP, by=policy(Right.REGISTRY_READ))


@looped
async def test_a_disabled_device_is_not_asked() -> None:
    """METHOD-6"""
    async with living() as life:
        await life.create("d")
        await disable(life)
        with pytest.raises(Disabled):
            await life.methods.invoke(key_of("d"), STOP, by=OWNER)


@looped
async def test_a_device_is_asked_as_soon_as_it_has_come_and_subscribed() -> None:
    """METHOD-5"""
    async with living() as life:
        await life.create("d")
        call = await asked(life, PATIENT)
        door = await connected(life, "d", "other")
        await life.turn()
        assert not door.asked
        door.takes.add("stop")
        life.sessions.ready(key_of("d"), by=itself("d"))
        await life.turn()
        answer(life, door.asked[0][1])
        assert (await call).status == 200


@looped
async def test_who_does_not_come_in_time_is_not_online() -> None:
    """METHOD-5"""
    async with living() as life:
        await life.create("d")
        call = await asked(life, PATIENT)
        life.clock.advance(59)
        await life.turn()
        assert not call.done()
        life.clock.advance(1)
        with pytest.raises(DeviceNotOnline, match="waited for 60 s"):
            await call


@looped
async def test_who_is_disabled_or_deleted_while_it_is_waited_for_is_said_to_be() -> None:
    """METHOD-6"""
    async with living() as life:
        await life.create("d", "e")
        disabled, deleted = await asked(life, PATIENT), await asked(life, PATIENT, "e")
        await disable(life)
        await life.delete("e")
        life.clock.advance(60)
        with pytest.raises(Disabled):
            await disabled
        with pytest.raises(DeviceNotFound):
            await deleted


@looped
async def test_who_does_not_answer_in_time_has_not_answered() -> None:
    """METHOD-7, METHOD-8"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        call = await asked(life)
        life.clock.advance(5)
        with pytest.raises(NoAnswer, match="within 5 s"):
            await call
        answer(life, door.asked[0][1])
        assert len(door.asked) == 1


@pytest.mark.parametrize("way", ["detaches", "is taken over", "is deleted", "is disabled"])
@looped
async def test_who_leaves_before_it_has_answered_is_said_to_have_left(way: str) -> None:
    """METHOD-7"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        call = await asked(life)
        match way:
            case "is taken over":
                await connected(life)
            case "is deleted":
                await life.delete("d")
            case "is disabled":
                await disable(life)
            case _:
                pass
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        with pytest.raises(DeviceLeft):
            await call


@looped
async def test_an_answer_counts_once_and_from_who_was_asked() -> None:
    """METHOD-8"""
    async with living() as life:
        await life.create("d", "e")
        door = await connected(life)
        call = await asked(life)
        rid = door.asked[0][1]
        answer(life, "no such")
        answer(life, rid, b'"forged"', name="e")
        answer(life, rid, b'"first"')
        answer(life, rid, b'"second"')
        assert (await call).payload == "first"
        with pytest.raises(Forbidden):
            life.methods.answer(key_of("d"), rid, 200, b"", by=itself("e"))


@looped
async def test_an_answer_that_is_none_is_told_to_who_asked() -> None:
    """METHOD-9"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        call = await asked(life)
        answer(life, door.asked[0][1], b"{")
        await disable(life)
        with pytest.raises(BadAnswer):
            await call


@looped
async def test_a_device_has_so_many_calls_at_a_time() -> None:
    """METHOD-11, METHOD-12"""
    async with living() as life:
        await life.create("d", "e")
        door = await connected(life)
        calls = [await asked(life) for _ in range(MAX_CALLS)]
        with pytest.raises(TooManyCalls, match="10 of 10"):
            await life.methods.invoke(key_of("d"), STOP, by=OWNER)
        assert len({rid for _, rid, _ in door.asked}) == MAX_CALLS
        answer(life, door.asked[0][1])
        await calls[0]
        again = await asked(life)
        for _, rid, _ in door.asked[1:]:
            answer(life, rid)
        assert (await again).status == 200


@looped
async def test_a_caller_that_gives_up_leaves_nothing_behind() -> None:
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        for request in (STOP, PATIENT):
            call = await asked(life, request)
            call.cancel()
            door.takes.clear()
            await life.turn()
        assert life.methods.count == 0


@looped
async def test_calls_are_throttled_by_what_they_send() -> None:
    """THROTTLE-1"""
    life = Life(throttle={Operation.METHOD: Rate(2, 1)})
    async with living(life=life):
        await life.create("d")
        large = MethodRequest("stop", b"x" * (2 * METHOD_METER))
        with pytest.raises(DeviceNotOnline):
            await life.methods.invoke(key_of("d"), large, by=OWNER)
        with pytest.raises(Throttled):
            await life.methods.invoke(key_of("d"), STOP, by=OWNER)


@pytest.mark.parametrize(("size", "meters"), [(0, 1), (4, 1), (4096, 1), (4097, 2), (131_072, 32)])
def test_a_call_is_metered_by_the_4_kb(size: int, meters: int) -> None:
    """THROTTLE-1"""
    assert metered(MethodRequest("stop", b"x" * size)) == meters


@looped
async def test_a_hub_that_stops_lets_nobody_wait() -> None:
    """METHOD-14"""
    async with living() as life:
        await life.create("d", "e")
        await connected(life)
        calls = [await asked(life), await asked(life, PATIENT, "e")]
        life.methods.close()
        for call in calls:
            with pytest.raises(Unavailable):
                await call
        with pytest.raises(Unavailable):
            await life.methods.invoke(key_of("d"), STOP, by=OWNER)


def figures(life: Life) -> dict[str, float]:
    """What is told of calls, by outcome, and how many go on."""
    ended, going_on = life.methods.families()
    told = {sample.labels[0]: float(str(sample.value)) for sample in ended.samples}
    return {**told, "going on": float(str(going_on.samples[0].value))}


@looped
async def test_calls_are_counted_by_how_they_end() -> None:
    """METRICS-4"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        calls = [await asked(life) for _ in range(4)]
        assert figures(life)["going on"] == 4
        answer(life, door.asked[0][1])
        answer(life, door.asked[1][1], b"{")
        calls[2].cancel()
        life.clock.advance(5)
        await asyncio.wait(calls)
        later = await asked(life)
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        await asyncio.wait([later, await asked(life)])
        ended = figures(life)
        errors = [call.exception() for call in (calls[1], calls[3], later)]
    assert None not in errors
    assert ended.pop("going on") == 0
    assert ended == dict.fromkeys(ended, 1)
