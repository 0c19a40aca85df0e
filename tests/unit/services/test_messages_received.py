"""services/messages.py: messages that are asked for, beside those that connections are given."""

import asyncio

import pytest

from affinage.domain.errors import DeviceNotFound, Forbidden, LockLost, Throttled, Unavailable
from affinage.domain.messages import MAX_DELIVERIES, Fate
from affinage.services.limits import Operation, Rate
from affinage.services.locks import LOCK_S, Received
from fakes.life import Life, itself, key_of, living
from fakes.looped import looped
from fakes.messaging import bodies, complete, connected, gone, send, tended, told, waiting

KEY, ITSELF = key_of("d"), itself("d")


async def receive(life: Life) -> Received | None:
    return await life.messages.receive(KEY, by=ITSELF)


async def given(life: Life) -> Received:
    received = await receive(life)
    assert received is not None
    return received


async def settle(life: Life, received: Received, fate: Fate = Fate.SUCCESS) -> None:
    await life.messages.settle(KEY, received.token, fate, by=ITSELF)


@looped
async def test_who_asks_at_once_gets_another_message_each() -> None:
    """DEVICE-20, DEVICE-21"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", "b")
        found = await asyncio.gather(*(receive(life) for _ in range(3)))
        assert [one and one.message.body for one in found] == [b"a", b"b", None]


@looped
async def test_a_connection_and_who_asks_never_have_the_same_message() -> None:
    """DEVICE-21"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", "b")
        first = await given(life)
        door = await connected(life)
        assert (first.message.body, bodies(door)) == (b"a", ["b"])
        assert await receive(life) is None
        await settle(life, first)
        await complete(life, 2)
        assert waiting(life) == 0


@looped
async def test_what_is_not_settled_in_time_goes_to_whoever_comes() -> None:
    """DEVICE-21, DEVICE-23"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        late = await given(life)
        door = await connected(life)
        assert bodies(door) == []
        await tended(life, LOCK_S)
        assert [(one.body, one.deliveries) for one in door.delivered] == [(b"a", 2)]
        with pytest.raises(LockLost):
            await settle(life, late)
        await gone(life, door)
        assert (await given(life)).message.deliveries == 3


@looped
async def test_a_lock_is_none_on_what_an_identity_made_again_is_sent() -> None:
    """DEVICE-23

    The first message of the new device was kept from it, and gone with the old one's lock.
    """
    async with living() as life:
        await life.create("d")
        await send(life, "old")
        old = await given(life)
        await life.delete("d")
        await life.create("d")
        await send(life, "new")
        new = await given(life)
        assert (new.message.body, new.message.number) == (b"new", old.message.number)
        with pytest.raises(LockLost):
            await settle(life, old)
        assert waiting(life) == 1
        await settle(life, new)


@looped
async def test_an_abandoned_message_is_delivered_to_the_connection_at_once() -> None:
    """DEVICE-22"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        token = (await given(life)).token
        door = await connected(life)
        await life.messages.abandon(KEY, token, by=ITSELF)
        await life.turn(20)
        assert bodies(door) == ["a"]
        with pytest.raises(LockLost):
            await life.messages.abandon(KEY, token, by=ITSELF)


@looped
async def test_a_message_is_given_out_so_often_at_most() -> None:
    """MESSAGE-12"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", messageId="m", ack="full")
        for _ in range(MAX_DELIVERIES):
            await life.messages.abandon(KEY, (await given(life)).token, by=ITSELF)
        assert await receive(life) is None
        assert await told(life) == [("m", "DeliveryCountExceeded")]


@looped
async def test_a_rejected_message_is_told_so() -> None:
    """DEVICE-22"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", messageId="m", ack="negative")
        await settle(life, await given(life), Fate.REJECTED)
        assert (await told(life), waiting(life)) == ([("m", "Rejected")], 0)


@looped
async def test_a_message_that_has_left_cannot_be_settled() -> None:
    """DEVICE-23"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", ttlSeconds=60)
        received = await life.messages.receive(KEY, 300, by=ITSELF)
        assert received is not None
        life.clock.advance(130)
        await send(life, "b")
        with pytest.raises(LockLost, match="left its queue"):
            await settle(life, received)


@looped
async def test_a_restart_ends_the_locks() -> None:
    """DEVICE-23"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        before = await given(life)
    async with living(life) as again:
        with pytest.raises(LockLost):
            await settle(again, before)
        assert (await given(again)).message.deliveries == 2


@looped
async def test_a_settling_that_fails_leaves_the_lock() -> None:
    """DEVICE-22"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        received = await given(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await settle(life, received)
        with pytest.raises(Unavailable):
            await send(life, "b")
        life.disk.fails = False
        await settle(life, received)
        assert waiting(life) == 0


@looped
async def test_who_asks_while_the_disk_fails_is_told_so() -> None:
    """DEVICE-20"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await receive(life)
        life.disk.fails = False
        assert (await given(life)).message.body == b"a"


@looped
async def test_who_went_away_leaves_its_message_to_others() -> None:
    """DEVICE-21"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        life.disk.hold()
        asking = asyncio.ensure_future(receive(life))
        failing = asyncio.ensure_future(life.messages.receive(KEY, by=ITSELF))
        await life.turn(20)
        asking.cancel()
        life.disk.release()
        await life.turn(20)
        found = await failing or await given(life)
        assert found.message.body == b"a"


@looped
async def test_only_the_device_itself_receives_and_settles() -> None:
    async with living() as life:
        await life.create("d")
        other = itself("e")
        with pytest.raises(Forbidden):
            await life.messages.receive(KEY, by=other)
        with pytest.raises(Forbidden):
            await life.messages.settle(KEY, "t", Fate.SUCCESS, by=other)
        with pytest.raises(Forbidden):
            await life.messages.abandon(KEY, "t", by=other)
        await life.delete("d")
        with pytest.raises(DeviceNotFound):
            await receive(life)


@looped
async def test_to_receive_and_to_settle_take_from_a_throttle() -> None:
    """THROTTLE-1"""
    async with living(life=Life(throttle={Operation.RECEIVE: Rate(1, 60)})) as life:
        await life.create("d")
        assert await receive(life) is None
        for refused in (receive(life), life.messages.abandon(KEY, "t", by=ITSELF)):
            with pytest.raises(Throttled):
                await refused
