import asyncio
from datetime import timedelta

from affinage.testing.clocks import MovableTimes
from fakes.clock import START, FixedClock
from fakes.looped import looped

HOUR_S = 3600.0


def test_time_that_passes_at_once_is_added_to_the_machines() -> None:
    machine = FixedClock()
    clock = MovableTimes.of(machine).clock
    began = clock.monotonic()
    clock.advance(HOUR_S)
    machine.advance(1)
    assert clock.now() == START + timedelta(hours=1, seconds=1)
    assert clock.monotonic() == began + HOUR_S + 1


def test_tokens_age_apart_from_everything_else() -> None:
    moved = MovableTimes.of(FixedClock())
    moved.clock.advance(HOUR_S)
    assert moved.tokens.now() == START
    moved.tokens.advance(60)
    assert moved.tokens.now() == START + timedelta(minutes=1)
    assert moved.clock.now() == START + timedelta(hours=1)
    assert moved.tokens.monotonic() == moved.clock.monotonic()


def test_a_hub_that_starts_again_begins_where_it_was() -> None:
    moved = MovableTimes.of(FixedClock(), ahead_s=HOUR_S, aged_s=60)
    assert moved.times.clock.now() == START + timedelta(hours=1)
    assert moved.times.doors.now() == START + timedelta(minutes=1)


@looped
async def test_who_sleeps_is_woken_when_its_time_has_come_and_not_before() -> None:
    clock = MovableTimes.of(FixedClock()).clock
    sleeper = asyncio.ensure_future(clock.sleep(HOUR_S))
    await asyncio.sleep(0)
    clock.advance(HOUR_S - 1)
    for _ in range(9):
        await asyncio.sleep(0)
    assert not sleeper.done()
    clock.advance(1)
    await sleeper


@looped
async def test_the_doors_sleep_by_the_same_seconds() -> None:
    moved = MovableTimes.of(FixedClock())
    sleeper = asyncio.ensure_future(moved.tokens.sleep(HOUR_S))
    await asyncio.sleep(0)
    moved.clock.advance(HOUR_S)
    await sleeper


@looped
async def test_a_sleep_ends_by_itself_as_the_machine_goes_on() -> None:
    machine = FixedClock()
    clock = MovableTimes.of(machine).clock
    sleeper = asyncio.ensure_future(clock.sleep(0.001))
    await asyncio.sleep(0)
    machine.advance(1)
    await sleeper


@looped
async def test_a_sleep_of_no_time_lets_the_loop_turn_once() -> None:
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await MovableTimes.of(FixedClock()).clock.sleep(0)
    assert turned.is_set()


@looped
async def test_the_alarm_of_a_token_rings_as_soon_as_it_is_old_enough() -> None:
    tokens, rung = MovableTimes.of(FixedClock()).tokens, asyncio.Event()
    alarm = tokens.call_later(HOUR_S, rung.set)
    tokens.advance(HOUR_S)
    await rung.wait()
    tokens.advance(HOUR_S)  # it has rung, and does not again
    alarm.cancel()


@looped
async def test_an_alarm_that_was_cancelled_does_not_ring() -> None:
    moved, rung = MovableTimes.of(FixedClock()), asyncio.Event()
    alarm = moved.times.timer().call_later(HOUR_S, rung.set)
    alarm.cancel()
    moved.tokens.advance(2 * HOUR_S)
    await asyncio.sleep(0.01)
    assert not rung.is_set()
