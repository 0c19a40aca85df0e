"""Tests that wait: each runs in an event loop of its own, and is over when it returns."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec

P = ParamSpec("P")

PATIENCE_S: Final = 20.0
"""After which a test that waits for what does not come has failed."""


def looped(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Make a test out of a coroutine function."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def patiently() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await test(*args, **kwargs)

        asyncio.run(patiently())

    return run
