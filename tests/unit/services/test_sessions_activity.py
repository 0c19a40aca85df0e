"""When who is connected last said something: written now and then, and when it ends."""

import asyncio

from affinage.domain.device import ABSENT, Presence
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.sessions import FLUSH_S, SLICE
from fakes.life import Door, Life, itself, key_of, living
from fakes.looped import looped


async def connect(life: Life, name: str = "d") -> Door:
    door = Door(heard_at=life.clock.monotonic())
    await life.sessions.attach(key_of(name), door, clean=False, by=itself(name))
    return door


def presence(life: Life) -> Presence:
    return life.fleet.presence(key_of("d"))


def stored(life: Life) -> Presence:
    (body,) = (body for _, body in life.fleet.saved(Table.PRESENCE))
    return codec.decode(body, Presence)


async def flush(life: Life) -> None:
    life.clock.advance(FLUSH_S)
    await life.turn(20)


@looped
async def test_activity_is_written_once_a_minute_and_only_if_there_was_any() -> None:
    """PRESENCE-3"""
    async with living() as life:
        await life.create("d", "e")
        door = await connect(life)
        began = stored(life)
        life.clock.advance(7)
        door.heard_at = life.clock.monotonic()
        commits = life.disk.commits
        await flush(life)
        assert stored(life) == Presence(True, began.changed_at, (began.active_at or 0) + 7000)
        await flush(life)
        assert (life.keys(Table.PRESENCE), life.disk.commits) == (["d"], commits + 1)


@looped
async def test_the_last_activity_is_shown_as_it_is_now() -> None:
    """PRESENCE-3"""
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        began = stored(life)
        life.clock.advance(7)
        assert presence(life) == began
        door.heard_at = life.clock.monotonic()
        life.clock.advance(2)
        assert presence(life) == Presence(True, began.changed_at, (began.active_at or 0) + 7000)
        assert stored(life) == began


@looped
async def test_what_was_heard_before_it_was_let_in_is_no_activity() -> None:
    """PRESENCE-1, PRESENCE-3"""
    async with living() as life:
        await life.create("d")
        life.disk.hold()
        early = Door(heard_at=life.clock.monotonic())
        work = life.sessions.attach(key_of("d"), early, clean=False, by=itself("d"))
        attaching = asyncio.ensure_future(work)
        await life.turn()
        shown = presence(life)
        life.clock.advance(5)
        life.disk.release()
        await attaching
        assert shown == ABSENT
        early.heard_at -= 5
        assert presence(life) == stored(life)


@looped
async def test_the_last_activity_is_written_when_it_ends() -> None:
    """PRESENCE-3"""
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        life.clock.advance(7)
        door.heard_at = life.clock.monotonic()
        life.clock.advance(5)
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        shown = presence(life)
        assert (shown.changed_at or 0) - (shown.active_at or 0) == 5000


@looped
async def test_activity_that_could_not_be_written_is_written_later() -> None:
    """A full disk took the hub down within a minute."""
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        before = stored(life).active_at or 0
        life.clock.advance(7)
        door.heard_at = life.clock.monotonic()
        life.disk.fails = True
        await flush(life)
        life.disk.fails = False
        await flush(life)
        assert stored(life).active_at == before + 7000


@looped
async def test_the_activity_of_many_is_written_in_slices() -> None:
    async with living() as life:
        names = [f"d{number}" for number in range(SLICE + 1)]
        await asyncio.gather(*map(life.create, names))
        life.clock.advance(1)
        await asyncio.gather(*[connect(life, name) for name in names])
        commits = life.disk.commits
        await flush(life)
        assert life.disk.commits == commits + 2
