"""services/visits.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from affinage.domain.device import ABSENT, Presence
from affinage.domain.moments import millis
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.sessions import FLUSH_S, SLICE
from affinage.services.visits import Visits
from fakes.life import OWNER, Door, Life, itself, key_of, living
from fakes.looped import looped


@asynccontextmanager
async def visited(*names: str, before: Life | None = None) -> AsyncIterator[tuple[Life, Visits]]:
    async with living(before) as life:
        await life.create(*names)
        visits = Visits(life.fleet, life.clock)
        await visits.open()
        running = asyncio.ensure_future(visits.run())
        await life.turn()
        yield life, visits
        running.cancel()


def now(life: Life) -> int:
    return millis(life.clock.now())


def shown(life: Life, name: str = "d") -> Presence:
    return life.fleet.presence(key_of(name))


def stored(life: Life) -> list[Presence]:
    return [codec.decode(body, Presence) for _, body in life.fleet.saved(Table.PRESENCE)]


async def flush(life: Life) -> None:
    life.clock.advance(FLUSH_S)
    await life.turn(20)


@looped
async def test_who_asks_is_active_and_not_connected() -> None:
    """PRESENCE-1, PRESENCE-3"""
    async with visited("d", "d/m") as (life, visits):
        came_at = now(life)
        visits.came(by=itself("d"))
        visits.came(by=OWNER)
        life.clock.advance(7)
        assert shown(life) == Presence(active_at=came_at)
        assert (shown(life, "d/m"), stored(life)) == (ABSENT, [])
        await flush(life)
        assert stored(life) == [Presence(active_at=came_at)] == [shown(life)]


@looped
async def test_activity_is_written_once_a_minute_and_in_slices() -> None:
    """PRESENCE-3"""
    names = [f"d{number}" for number in range(SLICE + 1)]
    async with visited(*names) as (life, visits):
        commits = life.disk.commits
        for _ in range(3):
            for name in names:
                visits.came(by=itself(name))
            life.clock.advance(1)
        await flush(life)
        assert life.disk.commits == commits + 2
        await flush(life)
        assert life.disk.commits == commits + 2


@looped
async def test_what_could_not_be_written_is_written_later() -> None:
    """PRESENCE-3"""
    async with visited("d") as (life, visits):
        came_at = now(life)
        visits.came(by=itself("d"))
        life.disk.fails = True
        await flush(life)
        assert (shown(life).active_at, stored(life)) == (came_at, [])
        life.disk.fails = False
        await flush(life)
        assert stored(life) == [Presence(active_at=came_at)]


@looped
async def test_who_comes_while_it_is_written_is_written_the_next_time() -> None:
    """PRESENCE-3"""
    async with visited("d") as (life, visits):
        visits.came(by=itself("d"))
        life.disk.hold()
        await flush(life)
        came_at = now(life)
        visits.came(by=itself("d"))
        life.disk.release()
        await flush(life)
        await flush(life)
        assert stored(life) == [Presence(active_at=came_at)]


@looped
async def test_who_is_made_again_has_not_come() -> None:
    """PRESENCE-2"""
    async with visited("d", "d/m", "e") as (life, visits):
        for name in ("d", "d/m", "e"):
            visits.came(by=itself(name))
        await life.tag("d", site="cave")
        assert shown(life) != ABSENT
        await life.delete("d")
        await life.create("d", "d/m")
        assert (shown(life), shown(life, "d/m")) == (ABSENT, ABSENT)
        await life.delete("d")
        visits.came(by=itself("d"))
        await flush(life)
        assert len(stored(life)) == 1


@looped
async def test_the_later_of_a_connection_and_a_request_counts() -> None:
    """PRESENCE-3"""
    async with visited("d") as (life, visits):
        door = Door(heard_at=life.clock.monotonic())
        await life.sessions.attach(key_of("d"), door, clean=False, by=itself("d"))
        life.clock.advance(5)
        door.heard_at = life.clock.monotonic()
        life.clock.advance(5)
        came_at = now(life)
        visits.came(by=itself("d"))
        assert shown(life).active_at == came_at
        await visits.flush()
        await flush(life)
        assert shown(life).active_at == came_at
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        assert shown(life).active_at == came_at
