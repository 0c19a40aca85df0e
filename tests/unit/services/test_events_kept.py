"""services/events.py: what is kept, acknowledged and lost."""

import asyncio

import pytest
from structlog.testing import capture_logs

from affinage.adapters.memory.events import MemoryEvents
from affinage.domain.errors import Forbidden, TooLarge, Unavailable
from affinage.domain.happening import MAX_TELEMETRY
from affinage.services import events as feed
from affinage.services.events import DAY_MS, PROPERTY, PRUNE_S, RETRY_S, Events
from fakes.feeding import Feed, fed, figures
from fakes.life import itself, key_of, living
from fakes.looped import looped


@looped
async def test_it_counts_what_is_kept_and_what_waits() -> None:
    async with fed() as one:
        assert figures(one)["affinage_events"] == 0
        await one.send()
        one.disk.hold()
        kept = one.send(payload=bytes(100))
        assert figures(one) == {
            "affinage_events_total": 2,
            "affinage_events": 2,
            "affinage_events_queued_bytes": 600,
            "affinage_events_lost_total": 0,
        }
        also = one.send(heat="21", place="")
        assert figures(one)["affinage_events_queued_bytes"] == 600 + 503 + 11 + 2 * PROPERTY
        one.disk.release()
        await asyncio.gather(kept, also)
        assert figures(one)["affinage_events_queued_bytes"] == 0


@looped
async def test_who_asks_for_what_is_gone_is_told_how_much() -> None:
    """EVENT-14"""
    async with fed() as one:
        for _ in range(4):
            await one.send()
        one.life.clock.advance(8 * DAY_MS / 1000)
        await one.life.turn()
        await one.send()
        one.life.clock.advance(PRUNE_S)
        page = await one.page(2)
        assert (page.lost, page.oldest, [event["offset"] for event in page.events]) == (3, 6, [6])
        assert (await one.page(0)).lost == 0


@looped
async def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """EVENT-14"""
    monkeypatch.setattr(feed, "PRUNE_EVERY", 5)
    async with fed(max_bytes=1000) as one:
        for _ in range(20):
            await one.send(payload=bytes(100))
        page = await one.page()
        assert (page.oldest > 5, page.events[-1]["offset"]) == (True, 21)


@looped
async def test_a_message_that_is_not_kept_is_refused_and_the_hubs_own_is_kept_later() -> None:
    """EVENT-8, EVENT-9"""
    async with fed() as one:
        await one.page()
        one.disk.fails = True
        await one.life.create("d")
        with pytest.raises(Unavailable):
            await one.send()
        one.disk.fails = False
        for _ in range(3):
            one.life.clock.advance(RETRY_S)
            await one.life.turn()
        assert await one.told() == [("device", "d", "created")]
        await one.send()


@looped
async def test_a_disk_that_is_too_slow_refuses_messages_and_counts_what_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EVENT-8, EVENT-9"""
    monkeypatch.setattr(feed, "MAX_QUEUED", 1200)
    async with fed() as one:
        await one.page()
        one.disk.hold()
        kept = [one.send(), one.send()]
        await one.life.turn()
        with pytest.raises(Unavailable, match="of 1200 bytes wait for the disk"):
            one.send()
        for name in ("a", "b", "c"):
            await one.life.create(name)
        one.disk.release()
        await asyncio.gather(*kept)
        await one.send()
        found = (await one.page(kind="hub")).events
        lost = sum(event.get("lost", 0) for event in found)
        assert lost > 0
        assert figures(one)["affinage_events_lost_total"] == lost
        assert lost + len((await one.page(kind="device")).events) == 3


@looped
async def test_what_is_too_large_or_anothers_is_refused() -> None:
    """EVENT-4"""
    async with fed() as one:
        with pytest.raises(TooLarge):
            one.send(payload=bytes(MAX_TELEMETRY + 1))
        with pytest.raises(Forbidden):
            one.events.send(key_of("d"), {}, b"", by=itself("e"))


@looped
async def test_a_next_start_goes_on_behind_what_was_told() -> None:
    """EVENT-9, EVENT-14"""
    async with fed() as one:
        await one.send()
    async with fed(one) as again:
        await again.send()
        page = await again.page()
        kinds = [(event["offset"], event["kind"]) for event in page.events]
        assert kinds == [(1, "hub"), (2, "telemetry"), (3, "hub"), (4, "telemetry")]


@looped
async def test_what_is_left_at_the_end_is_kept_and_who_waits_in_vain_is_told() -> None:
    """EVENT-8"""
    async with living() as life:
        one = Feed(life)
        await one.events.open()
        kept = one.send()
        await one.events.close()
        await kept
        assert len((await one.page()).events) == 2
        one.disk.fails = True
        refused = one.send()
        closing = asyncio.ensure_future(one.events.close())
        await life.turn()
        life.clock.advance(RETRY_S)
        await closing
        with pytest.raises(Unavailable):
            await refused


@looped
async def test_a_pruning_that_fails_ends_nothing() -> None:
    class Torn(MemoryEvents):
        async def prune(self, *, max_bytes: int, before: int) -> int:
            raise Unavailable("torn")

    async with living() as life:
        events = Events(life.fleet, Torn(), life.clock)
        tending = asyncio.ensure_future(events.tend())
        with capture_logs() as lines:
            for _ in range(2):
                await life.turn()
                life.clock.advance(PRUNE_S)
            await life.turn()
        assert [line["event"] for line in lines] == ["events not pruned"] * 2
        tending.cancel()
