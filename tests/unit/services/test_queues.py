"""services/queues.py: what units of one commit see of each other, and what is left of a queue."""

import asyncio

import pytest

from affinage.domain.errors import ModuleNotFound, Unavailable
from affinage.domain.feedback import Feedback
from affinage.domain.messages import Fate, Message, Queue, enqueue, purge
from affinage.ports.store import Table
from affinage.services.fleet.fleet import Change
from affinage.services.fleet.unit import View
from affinage.services.queues import Queues
from fakes.life import Life, key_of, living
from fakes.looped import looped

D = key_of("d")


def put(life: Life, queues: Queues, name: str) -> "asyncio.Future[int]":
    def unit(view: View) -> Change[int]:
        queue = enqueue(queues.seen(view, D), Message(name, b"", 2**50), 1).queue
        return queues.written(view, D, queue, queue.last)

    return life.fleet.change(unit)


def clear(life: Life, queues: Queues) -> "asyncio.Future[int]":
    def unit(view: View) -> Change[int]:
        queue = purge(queues.seen(view, D)).queue
        return queues.written(view, D, queue, queue.last)

    return life.fleet.change(unit)


def opened(life: Life) -> Queues:
    queues = Queues(life.fleet)
    queues.open()
    return queues


@looped
async def test_units_of_one_commit_see_what_those_before_them_did() -> None:
    """MESSAGE-5"""
    async with living() as life:
        await life.create("d")
        queues = opened(life)
        units = [put(life, queues, "a"), clear(life, queues), put(life, queues, "b")]
        assert [await unit for unit in units] == [1, 1, 2]
        assert [one.message_id for one in queues.of(D).messages] == ["b"]
        assert [key for key, _ in queues.waiting()] == [D]


@looped
async def test_what_fails_to_be_committed_is_seen_by_nobody() -> None:
    """MESSAGE-6"""
    async with living() as life:
        await life.create("d")
        queues = opened(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await put(life, queues, "a")
        life.disk.fails = False
        assert await put(life, queues, "b") == 1


@looped
async def test_a_queue_goes_and_begins_anew_within_one_commit() -> None:
    """MESSAGE-9"""
    async with living() as life:
        await life.create("d")
        queues = opened(life)
        await put(life, queues, "a")
        life.disk.hold()
        blocker = put(life, queues, "b")
        await life.turn()
        work = [asyncio.ensure_future(life.delete("d"))]
        await life.turn()
        work.append(asyncio.ensure_future(life.create("d")))
        await life.turn()
        again = put(life, queues, "c")
        life.disk.release()
        await asyncio.gather(blocker, again, *work)
        assert [one.message_id for one in queues.of(D).messages] == ["c"]
        assert life.keys(Table.MESSAGES) == ["d"]


@looped
async def test_what_is_sent_and_goes_with_its_identity_in_one_commit_is_gone() -> None:
    """MESSAGE-9"""
    async with living() as life:
        await life.create("d")
        queues = opened(life)
        life.disk.hold()
        blocker = asyncio.ensure_future(life.create("e"))
        await life.turn()
        work = [put(life, queues, "a"), asyncio.ensure_future(life.delete("d"))]
        await life.turn()
        life.disk.release()
        await asyncio.gather(blocker, *work)
        assert (queues.of(D).messages, queues.count, queues.bytes) == ((), 0, 0)


@looped
async def test_an_empty_queue_keeps_its_numbers_while_somebody_uses_it() -> None:
    """MESSAGE-14"""
    async with living() as life:
        await life.create("d")
        queues = opened(life)
        await put(life, queues, "a")
        await clear(life, queues)
        assert (life.keys(Table.MESSAGES), [*queues.waiting()]) == ([], [])
        queues.tidy({D})
        assert await put(life, queues, "b") == 2
        await clear(life, queues)
        queues.tidy(())
        assert await put(life, queues, "c") == 1


@looped
async def test_queues_are_read_at_the_start_and_nothing_else() -> None:
    """MESSAGE-6"""
    async with living() as life:
        await life.create("d")
        await put(life, opened(life), "a")
        told = Feedback("a", 0, Fate.SUCCESS, "d", None, "g")
        await life.fleet.save(*life.shelf.rows(told))
        assert [key for key, _ in opened(life).waiting()] == [D]


@looped
async def test_an_identity_that_does_not_exist_has_no_queue() -> None:
    async with living() as life:
        await life.create("d", "d/m")
        queues = opened(life)

        def unit(view: View) -> Change[Queue]:
            module = queues.seen(view, key_of("d/m"))
            assert module.generation != queues.seen(view, D).generation
            queues.seen(view, key_of("d/n"))
            raise AssertionError

        with pytest.raises(ModuleNotFound):
            await life.fleet.change(unit)
        assert queues.of(key_of("d/n")).messages == ()
