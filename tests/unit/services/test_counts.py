"""Counts: made in the background, at their pace; shown without computing."""

import asyncio

import pytest

from affinage.domain.errors import Forbidden
from affinage.domain.principal import Right
from affinage.domain.query.syntax import Collection
from affinage.services import counts
from affinage.services.counts import FRESH_S, PAUSES, REST_S, Counts, How, Question
from affinage.services.fleet.indexer import LOOK_S, UNUSED_S
from fakes.life import OWNER, Life, itself, living, policy
from fakes.looped import looped

RING = Question("SELECT * FROM devices WHERE tags.ring = 'a'", Collection.DEVICES)
RANGE = Question("SELECT * FROM devices WHERE tags.n > 1", Collection.DEVICES)
GROUPS = Question("SELECT tags.ring, COUNT() FROM devices GROUP BY tags.ring", Collection.DEVICES)


async def shown(life: Life, *questions: Question) -> list[int]:
    """The counts of those that have one."""
    found = await life.counts.show(questions or [RING], by=OWNER)
    return [one.rows for one in found.values()]


async def pause(life: Life, seconds: float = FRESH_S) -> None:
    """Let time pass, and everybody go on."""
    life.clock.advance(seconds)
    await life.turn()


@looped
async def test_the_first_count_is_waited_for() -> None:
    """CONFIGURATION-30"""
    async with living() as life:
        await life.create("a", "b", tags={"ring": "a", "n": 2})
        assert await shown(life, RING, RANGE, GROUPS) == [2, 2, 1]


@looped
async def test_a_count_says_when_and_how_it_was_made() -> None:
    async with living() as life:
        await life.create("a", tags={"ring": "a", "n": 2})
        await shown(life)
        await life.tag("a", ring="b")
        await pause(life, 1)
        found = await life.counts.show([RING, RANGE], by=OWNER)
        assert (found[RING].how, found[RANGE].how) == (How.INDEX, How.SCAN)
        assert found[RING].at == found[RANGE].at == 1000 + _began(life)


def _began(life: Life) -> int:
    return int(life.clock.now().timestamp() * 1000) - 1000


@looped
async def test_what_moves_is_counted_at_once_and_then_at_its_pace() -> None:
    """CONFIGURATION-22"""
    async with living() as life:
        await life.create("a", "b", "c")
        await shown(life)
        await pause(life)
        await life.tag("a", ring="a")
        await life.turn()
        assert await shown(life) == [1]
        await life.tag("b", ring="a")
        await pause(life, FRESH_S / 2)
        async with asyncio.timeout(counts.WAIT_S / 2):  # nobody waits for what is not due
            assert await shown(life) == [1]
        life.clock.advance(FRESH_S / 2)
        assert await shown(life) == [2]


@looped
async def test_what_does_not_move_is_not_counted_again() -> None:
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await shown(life)
        await pause(life)
        before = await life.counts.show([RING], by=OWNER)
        await life.tag("a", other=1)
        await pause(life)
        assert (await life.counts.show([RING], by=OWNER))[RING] is before[RING]


@looped
async def test_counting_rests_for_longer_than_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONFIGURATION-31"""
    async with living() as life:
        await life.create("a", tags={"n": 2})
        assert await shown(life, RANGE) == [1]
        slow = life.queries.count

        async def count(*query: object, by: object) -> int:
            life.clock.advance(10)
            return await slow(*query, by=by)  # type: ignore[arg-type]  # as they came

        monkeypatch.setattr(life.queries, "count", count)
        await life.tag("a", n=1)
        await pause(life)
        assert await shown(life, RANGE) == [0]
        await life.tag("a", n=2)
        await pause(life, 10 * PAUSES - 1)
        assert await shown(life, RANGE) == [0]
        await pause(life, 1)
        assert await shown(life, RANGE) == [1]


@looped
async def test_who_waited_in_vain_is_shown_nothing_and_nobody_else_waits() -> None:
    """CONFIGURATION-30"""
    async with living() as life:
        idle = Counts(life.fleet, life.queries, life.clock)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counts, "WAIT_S", 0.01)
            assert await idle.show([RING], by=OWNER) == {}
        assert await idle.show([RING], by=OWNER) == {}
        assert loop.time() < began + counts.WAIT_S


@looped
async def test_what_nobody_asks_for_rests() -> None:
    """CONFIGURATION-32"""
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await shown(life)
        await pause(life, REST_S + 1)
        await life.tag("a", ring="b")
        await life.turn()
        assert life.counts.settled([RING]) == {}
        assert await shown(life) == [0]


@looped
async def test_who_asks_after_a_rest_is_the_first() -> None:
    """CONFIGURATION-32"""
    async with living() as life:
        await shown(life)
        await pause(life, REST_S + 1)
        await shown(life)
        assert await shown(life) == [0]


@looped
async def test_what_is_forgotten_is_counted_anew() -> None:
    async with living() as life:
        await shown(life)
        await life.create("a", tags={"ring": "a"})
        life.counts.forget([RING, RANGE])
        assert await shown(life) == [1]


@looped
async def test_only_a_count_after_the_last_move_is_settled() -> None:
    async with living() as life:
        await life.create("a", tags={"n": 2})
        await shown(life, RANGE)
        assert life.counts.settled([RANGE, RING]) == {RANGE: 1}
        await life.tag("a", n=1)
        assert life.counts.settled([RANGE]) == {}
        await pause(life)
        assert life.counts.settled([RANGE]) == {RANGE: 0}


@looped
async def test_what_moves_during_a_scan_is_scanned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with living() as life:
        await life.create("a", tags={"n": 2})
        slow, scans = life.queries.count, []

        async def count(*query: object, by: object) -> int:
            found = await slow(*query, by=by)  # type: ignore[arg-type]  # as they came
            scans.append(found)
            if len(scans) == 1:
                await life.tag("a", n=1)
            return found

        monkeypatch.setattr(life.queries, "count", count)
        assert await shown(life, RANGE) == [1]
        await pause(life)
        await pause(life)
        assert (scans, await shown(life, RANGE)) == ([1, 0], [0])


@looped
async def test_many_questions_are_answered_in_turns() -> None:
    async with living() as life:
        await life.create("a", tags={"ring": 7})
        text = "SELECT * FROM devices WHERE tags.ring = {}"
        many = [Question(text.format(ring), Collection.DEVICES) for ring in range(50)]
        assert sum(await shown(life, *many)) == 1


@looped
async def test_nothing_is_scanned_for_while_its_bitmaps_are_built() -> None:
    """CONFIGURATION-31"""
    async with living() as life:
        names = [f"d{number}" for number in range(500)]
        await life.create(*names, tags={"ring": "a"})
        found = await life.counts.show([RING], by=OWNER)
        assert (found[RING].rows, found[RING].how) == (500, How.INDEX)


@looped
async def test_no_text_and_jobs_have_no_rows() -> None:
    """CONFIGURATION-33"""
    async with living() as life:
        jobs = Question("SELECT * FROM devices.jobs WHERE status = 'failed'", Collection.DEVICES)
        assert await shown(life, jobs, Question("", Collection.DEVICES)) == [0, 0]


@looped
async def test_counts_are_read_with_their_rights() -> None:
    """ACCESS-5"""
    async with living() as life:
        for right in (Right.REGISTRY_READ, Right.SERVICE_CONNECT):
            assert await life.counts.show([RING], by=policy(right))
        for by in (policy(Right.DEVICE_CONNECT), itself("a")):
            with pytest.raises(Forbidden, match="REGISTRY_READ or SERVICE_CONNECT"):
                await life.counts.show([RING], by=by)


@looped
async def test_what_is_asked_for_is_followed_however_long_nothing_moves() -> None:
    """A path that no query uses is dropped after an hour: a count that is shown uses its own."""
    async with living() as life:
        await life.create("a", "b", tags={"ring": "a"})
        for _ in range(int(2 * UNUSED_S / LOOK_S)):
            assert await shown(life) == [2]
            await pause(life, LOOK_S)
        await life.tag("a", ring="b")
        await pause(life)
        assert await shown(life) == [1]
        assert life.fleet.figures().index.dropped == 0


@looped
async def test_a_count_that_rests_is_not_called_settled() -> None:
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await shown(life)
        await pause(life, REST_S)
        assert life.counts.settled([RING]) == {RING: 1}
        await pause(life, 1)
        assert life.counts.settled([RING]) == {}


@looped
async def test_a_group_that_changes_is_counted_anew() -> None:
    """GROUP-6"""
    async with living() as life:
        await life.create("a", "b", tags={"ring": "a"})
        await life.group("early", "tags.ring = 'a'")
        question = Question("SELECT * FROM devices WHERE GROUP('early')", Collection.DEVICES)
        assert await shown(life, question, RING) == [2, 2]
        await life.group("early", "tags.ring = 'b'", again=True)
        assert await shown(life, question, RING) == [0, 2]
