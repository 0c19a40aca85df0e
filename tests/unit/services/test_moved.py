"""What a commit has made out of date."""

import asyncio

from affinage.domain.query.parse import parse_query
from affinage.services.moved import Moved, Reads
from fakes.life import OWNER, Door, Life, itself, key_of, living
from fakes.looped import looped
from fakes.working import update

RING = "SELECT deviceId FROM devices WHERE tags.ring = 'a'"
MODULES = "SELECT * FROM devices.modules"


async def follow(life: Life, *texts: str) -> tuple[Moved, list[Reads]]:
    """What these queries read, and what moves from now on."""
    moved = Moved()
    life.fleet.listen(moved.add)
    queries = [parse_query(text) for text in texts]
    for query in queries:
        life.queries.tally(query)
    await life.turn()
    return moved, [Reads.of(query, life.fleet) for query in queries]


@looped
async def test_without_a_commit_nothing_has_moved() -> None:
    async with living() as life:
        await life.create("a")
        moved, (reads,) = await follow(life, RING)
        assert not moved
        assert not moved.concerns(reads)


@looped
async def test_a_path_that_moves_concerns_who_reads_it_and_nobody_else() -> None:
    async with living() as life:
        await life.create("a")
        moved, (ring, site, modules) = await follow(life, RING, RING.replace("ring", "x"), MODULES)
        await life.tag("a", ring="a")
        assert moved
        assert [moved.concerns(reads) for reads in (ring, site, modules)] == [True, False, False]


@looped
async def test_what_is_shown_of_a_row_is_not_what_selects_it() -> None:
    async with living() as life:
        await life.create("a")
        texts = RING.replace("deviceId", "tags.n"), f"SELECT tags.n, COUNT() {RING[15:]}"
        moved, (shown, grouped) = await follow(life, texts[0], f"{texts[1]} GROUP BY tags.n")
        await life.tag("a", n=1)
        assert (moved.concerns(shown), moved.concerns(grouped)) == (False, True)


@looped
async def test_a_row_that_comes_or_goes_concerns_everybody() -> None:
    async with living() as life:
        await life.create("a")
        for change in (life.create("b"), life.delete("b")):
            moved, reads = await follow(life, RING, MODULES)
            await change
            assert all(map(moved.concerns, reads))


@looped
async def test_a_module_that_comes_concerns_modules() -> None:
    async with living() as life:
        await life.create("a")
        moved, (ring, modules) = await follow(life, RING, MODULES)
        await life.create("a/m")
        assert (moved.concerns(ring), moved.concerns(modules)) == (False, True)


@looped
async def test_what_is_not_followed_may_have_moved_with_anything() -> None:
    async with living() as life:
        await life.create("a")
        moved, (reads,) = await follow(life, "SELECT * FROM devices WHERE tags.n > 1")
        assert reads.since is None
        await life.tag("a", ring="a")
        assert moved.concerns(reads)


@looped
async def test_a_path_that_is_watched_while_a_commit_is_under_way_may_have_moved() -> None:
    """The moves of that commit were found before anybody asked for the path."""
    async with living() as life:
        await life.create("a")
        moved, _ = await follow(life)
        life.disk.hold()
        writing = asyncio.ensure_future(life.tag("a", ring="a"))
        await life.turn()
        life.queries.tally(parse_query(RING))
        reads = Reads.of(parse_query(RING), life.fleet)
        life.disk.release()
        await writing
        assert moved.concerns(reads)


@looped
async def test_a_connection_is_a_change_of_who_reads_it() -> None:
    async with living() as life:
        await life.create("a")
        text = "SELECT * FROM devices WHERE connectionState = 'Connected'"
        moved, (connected, ring) = await follow(life, text, RING)
        await life.sessions.attach(key_of("a"), Door(), clean=True, by=itself("a"))
        assert (moved.concerns(connected), moved.concerns(ring)) == (True, False)


@looped
async def test_a_device_that_is_retired_concerns_everybody() -> None:
    """REPLACE-2: also who reads paths that it does not have."""
    async with living() as life:
        await life.create("a")
        moved, reads = await follow(life, RING, MODULES)
        await life.replacing.retire("a", by=OWNER)
        assert all(map(moved.concerns, reads))


@looped
async def test_a_job_moves_the_rows_of_jobs_and_no_others() -> None:
    async with living() as life:
        await life.create("a")
        text = "SELECT * FROM devices.jobs WHERE status = 'failed'"
        moved, (of_jobs, of_twins) = await follow(life, text, RING)
        await update(life, startTime="2030-01-01T00:00:00Z")
        assert (moved.concerns(of_jobs), moved.concerns(of_twins)) == (True, False)


@looped
async def test_a_group_that_changes_concerns_everybody() -> None:
    """GROUP-6"""
    async with living() as life:
        moved, reads = await follow(life, RING, MODULES)
        await life.group("a", "*")
        assert [moved.concerns(one) for one in reads] == [True, True]
