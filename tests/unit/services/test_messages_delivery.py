"""services/messages.py: what connections have in their hands, and what they are given again."""

import asyncio

from affinage.domain.messages import Message
from affinage.ports.store import Table
from affinage.services.messages import MAX_HELD
from fakes.life import Door, itself, key_of, living
from fakes.looped import looped
from fakes.messaging import bodies, complete, connected, gone, send, tended, waiting


@looped
async def test_messages_outlive_the_hub() -> None:
    """MESSAGE-6, MESSAGE-12"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", "b")
        await connected(life)
        await complete(life, 1)
    async with living(life) as again:
        assert waiting(again) == 1
        door = await connected(again)
        assert [(one.body, one.number, one.deliveries) for one in door.delivered] == [(b"b", 2, 2)]
        await complete(again, 2)
    assert life.keys(Table.MESSAGES) == []


@looped
async def test_a_connection_holds_so_many_and_gets_more_as_it_completes() -> None:
    """MESSAGE-10"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, *map(str, range(MAX_HELD + 3)))
        assert bodies(door) == [*map(str, range(MAX_HELD))]
        await complete(life, 2, 1)
        assert bodies(door) == [*map(str, range(MAX_HELD + 2))]


@looped
async def test_what_was_not_completed_is_delivered_again_on_the_next_connection_alone() -> None:
    """MESSAGE-12"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, "a", "b")
        await complete(life, 1)
        life.sessions.ready(key_of("d"), by=itself("d"))
        await tended(life)
        assert bodies(door) == ["a", "b"]
        newer = await connected(life)
        assert [(one.body, one.deliveries) for one in newer.delivered] == [(b"b", 2)]


@looped
async def test_a_completed_message_is_never_delivered_again() -> None:
    """MESSAGE-11: not even if the connection breaks before that is durable."""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, "a")
        life.disk.hold()
        life.messages.complete(key_of("d"), 1, by=itself("d"))
        await life.turn()
        end = asyncio.ensure_future(gone(life, door))
        newer = asyncio.ensure_future(connected(life))
        await life.turn()
        life.disk.release()
        await end
        assert bodies(await newer) == []


@looped
async def test_a_completion_that_cannot_be_written_is_forgotten_with_the_connection() -> None:
    """MESSAGE-11"""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, "a")
        life.disk.fails = True
        await complete(life, 1, 7)
        life.disk.fails = False
        assert bodies(door) == ["a"]
        assert bodies(await connected(life)) == ["a"]


@looped
async def test_a_completion_that_cannot_be_written_is_tried_again() -> None:
    """MESSAGE-11: else who had completed as many as it may hold would be given no more."""
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, *map(str, range(MAX_HELD + 1)))
        life.disk.fails = True
        await complete(life, *range(1, MAX_HELD + 1))
        await tended(life)
        assert bodies(door) == [*map(str, range(MAX_HELD))]
        life.disk.fails = False
        await tended(life)
        assert bodies(door) == [*map(str, range(MAX_HELD + 1))]
        assert waiting(life) == 1


@looped
async def test_at_qos_0_a_message_is_done_when_it_was_sent() -> None:
    """MESSAGE-11"""
    async with living() as life:
        await life.create("d")
        await send(life, *map(str, range(MAX_HELD + 1)))
        door = await connected(life, quality=0)
        await life.turn(20)
        assert bodies(door) == [*map(str, range(MAX_HELD + 1))]
        assert waiting(life) == 0


class FickleDoor(Door):
    """Has unsubscribed by the time that something is delivered to it, once."""

    is_there = False

    def deliver(self, message: Message) -> int | None:
        if not self.is_there:
            self.is_there = True
            return None
        return super().deliver(message)


@looped
async def test_who_takes_no_messages_keeps_none() -> None:
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        assert bodies(await connected(life, quality=None)) == []
        fickle = FickleDoor(quality=1)
        await life.sessions.attach(key_of("d"), fickle, clean=False, by=itself("d"))
        for expected in ([], ["a"], ["a"]):
            life.sessions.ready(key_of("d"), by=itself("d"))
            await life.turn(20)
            assert bodies(fickle) == expected


@looped
async def test_a_connection_that_was_taken_over_meanwhile_is_given_nothing() -> None:
    """MESSAGE-12"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        older = Door(quality=1)
        await life.sessions.attach(key_of("d"), older, clean=False, by=itself("d"))
        life.disk.hold()
        life.sessions.ready(key_of("d"), by=itself("d"))
        await life.turn()
        newer = asyncio.ensure_future(connected(life))
        await life.turn()
        life.disk.release()
        assert (bodies(await newer), bodies(older)) == (["a"], [])
