"""services/shelves.py, by what feedback is kept on; notices are with uploads."""

import pytest

from affinage.domain.errors import Forbidden, LockLost, Unavailable
from affinage.domain.feedback import Feedback
from affinage.domain.messages import Fate
from affinage.domain.principal import Right
from affinage.ports.store import Table
from affinage.services.feedback import MAX_BATCH, MAX_RECORDS
from affinage.services.shelves import LOCK_S
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped


async def put(life: Life, *names: str) -> None:
    records = [Feedback(name, 0, Fate.SUCCESS, "d", None, "g") for name in names]
    await life.fleet.save(*life.shelf.rows(*records))


async def taken(life: Life) -> tuple[str, list[str]]:
    batch = await life.shelf.receive(by=OWNER)
    if batch is None:
        return "", []
    return batch.token, [one.message_id for one in batch.records]


@looped
async def test_records_are_given_out_oldest_first_and_to_one_at_a_time() -> None:
    """MESSAGE-22"""
    async with living() as life:
        names = [*map(str, range(MAX_BATCH + 1))]
        await put(life, *names)
        first, records = await taken(life)
        assert records == names[:-1]
        second, rest = await taken(life)
        assert (rest, first != second) == (names[-1:], True)
        assert await taken(life) == ("", [])


@looped
async def test_what_is_completed_is_gone_for_good_and_what_is_abandoned_comes_again() -> None:
    """MESSAGE-23"""
    async with living() as life:
        await put(life, "a")
        token, _ = await taken(life)
        await life.shelf.abandon(token, by=OWNER)
        token, records = await taken(life)
        assert records == ["a"]
        await life.shelf.complete(token, by=OWNER)
        life.clock.advance(LOCK_S)
        assert await taken(life) == ("", [])
        assert life.keys(Table.MESSAGES) == []


@looped
async def test_a_lock_ends() -> None:
    """MESSAGE-22, MESSAGE-23"""
    async with living() as life:
        await put(life, "a")
        token, _ = await taken(life)
        life.clock.advance(LOCK_S)
        for end in (life.shelf.complete, life.shelf.abandon):
            with pytest.raises(LockLost):
                await end(token, by=OWNER)
        assert (await taken(life))[1] == ["a"]


@looped
async def test_what_cannot_be_forgotten_stays_locked() -> None:
    async with living() as life:
        await put(life, "a")
        token, _ = await taken(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.shelf.complete(token, by=OWNER)
        life.disk.fails = False
        assert await taken(life) == ("", [])
        await life.shelf.complete(token, by=OWNER)


@looped
async def test_records_outlive_the_hub_and_go_on_in_order() -> None:
    """MESSAGE-24"""
    async with living() as life:
        await put(life, "a", "b")
    async with living(life) as again:
        await put(again, "c")
        assert (await taken(again))[1] == ["a", "b", "c"]


@looped
async def test_of_too_many_records_the_oldest_fall() -> None:
    """MESSAGE-24"""
    async with living() as life:
        await put(life, *map(str, range(MAX_RECORDS)))
        await put(life, "new", "newer")
        assert (await taken(life))[1][0] == "2"
        assert len(life.keys(Table.MESSAGES)) == MAX_RECORDS


@looped
async def test_only_who_may_reach_devices_hears_of_messages() -> None:
    async with living() as life:
        nobody = policy(Right.REGISTRY_READ)
        with pytest.raises(Forbidden):
            await life.shelf.receive(by=nobody)
        for end in (life.shelf.complete, life.shelf.abandon):
            with pytest.raises(Forbidden):
                await end("x", by=nobody)
