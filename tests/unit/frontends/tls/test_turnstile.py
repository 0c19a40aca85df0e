"""frontends/tls/turnstile.py."""

import asyncio
from collections.abc import Iterator
from typing import Any

from affinage.frontends.tls.turnstile import TURN_S, Turnstile, at_once
from fakes.looped import looped


class Said(list[str]):
    """What was done, in order."""

    def says(self, word: str) -> Any:
        return lambda: self.append(word)


def _slow() -> Iterator[float]:
    """A clock on which every look takes longer than half a turn."""
    now = 0.0
    while True:
        yield now
        now += TURN_S * 0.6


def test_a_step_is_made_at_once_where_nobody_else_need_be_heard() -> None:
    said = Said()
    at_once(said.says("a step"), has_begun=False)
    assert said == ["a step"]


@looped
async def test_steps_are_made_in_order_in_a_later_turn() -> None:
    """TLS-16."""
    said, turnstile = Said(), Turnstile()
    for word in ("first", "second", "third"):
        turnstile.enter(said.says(word), has_begun=False)
    assert not said
    await asyncio.sleep(0)
    assert said == ["first", "second", "third"]


@looped
async def test_the_loop_is_heard_between_steps_that_take_long() -> None:
    """TLS-16."""
    said, turnstile = Said(), Turnstile(_slow().__next__)
    for word in ("first", "second", "third"):
        turnstile.enter(said.says(word), has_begun=False)
    asyncio.get_running_loop().call_soon(said.says("somebody who is in"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert said == ["first", "somebody who is in", "second", "third"]


@looped
async def test_who_has_begun_goes_before_who_has_not() -> None:
    """TLS-16."""
    said, turnstile = Said(), Turnstile(_slow().__next__)
    turnstile.enter(said.says("a greeting"), has_begun=False)
    turnstile.enter(said.says("another"), has_begun=False)
    await asyncio.sleep(0)
    turnstile.enter(said.says("what follows"), has_begun=True)
    for _ in range(2):
        await asyncio.sleep(0)
    assert said == ["a greeting", "what follows", "another"]


@looped
async def test_a_step_that_fails_is_told_and_keeps_nobody_from_his_turn() -> None:
    said, turnstile, told = Said(), Turnstile(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fails() -> None:
        raise RuntimeError

    turnstile.enter(fails, has_begun=False)
    turnstile.enter(said.says("the next"), has_begun=False)
    for _ in range(2):
        await asyncio.sleep(0)
    assert said == ["the next"]
    assert len(told) == 1


@looped
async def test_it_turns_again_after_it_has_stood_still() -> None:
    said, turnstile = Said(), Turnstile()
    for word in ("early", "late"):
        turnstile.enter(said.says(word), has_begun=False)
        await asyncio.sleep(0)
        assert said.pop() == word
