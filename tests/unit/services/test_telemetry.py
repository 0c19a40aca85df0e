"""services/telemetry.py; batches as they come over HTTP are in frontends/device_api."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from affinage.adapters.memory.events import MemoryEvents
from affinage.domain.errors import Forbidden, MessageTooLarge, Throttled, Unavailable
from affinage.services import events as feed
from affinage.services.events import Events
from affinage.services.limits import Limits, Operation, Rate
from affinage.services.telemetry import MAX_BATCH, Sent, Telemetry
from fakes.clock import FixedClock
from fakes.life import OWNER, itself, key_of, living
from fakes.looped import looped

KEY, ITSELF = key_of("d"), itself("d")


@asynccontextmanager
async def telling(rate: int = 1000) -> AsyncIterator[tuple[Telemetry, Events]]:
    async with living() as life:
        await life.create("d")
        events = Events(life.fleet, MemoryEvents(), life.clock)
        running = asyncio.ensure_future(events.run())
        yield Telemetry(events, Limits(FixedClock(), {Operation.TELEMETRY: Rate(rate, 10)})), events
        running.cancel()


async def bodies(events: Events) -> list[object]:
    return [one["body"] for one in (await events.page(0, limit=10, by=OWNER)).events]


@looped
async def test_a_batch_is_kept_in_its_order() -> None:
    """DEVICE-10, DEVICE-12"""
    async with telling() as (telemetry, events):
        await telemetry.send(KEY, [Sent(b"a", {}), Sent(b"b", {"x": "1"})], by=ITSELF)
        assert await bodies(events) == ["a", "b"]
        await telemetry.send(KEY, [], by=ITSELF)


@looped
async def test_a_batch_that_is_too_much_is_refused_as_a_whole() -> None:
    """DEVICE-13"""
    async with telling(rate=2) as (telemetry, events):
        one, half = Sent(b"x", {}), Sent(bytes(131_072), {"n": None})
        await telemetry.send(KEY, [one] * 2, by=ITSELF)
        for batch, refusal in (
            ([one] * (MAX_BATCH + 1), MessageTooLarge),
            ([half, half], MessageTooLarge),
            ([one] * 3, Throttled),
        ):
            with pytest.raises(refusal):
                await telemetry.send(KEY, batch, by=ITSELF)
        assert await bodies(events) == ["x", "x"]


@looped
async def test_nobody_sends_as_another() -> None:
    async with telling() as (telemetry, _):
        with pytest.raises(Forbidden):
            await telemetry.send(KEY, [Sent(b"a", {})], by=itself("e"))


@looped
async def test_of_a_batch_that_is_refused_in_its_middle_the_begin_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DEVICE-10"""
    async with telling() as (telemetry, events):
        monkeypatch.setattr(feed, "MAX_QUEUED", 1500)
        with pytest.raises(Unavailable, match="wait for the disk"):
            await telemetry.send(KEY, [Sent(b"a", {})] * 4, by=ITSELF)
        assert await bodies(events) == ["a", "a"]
