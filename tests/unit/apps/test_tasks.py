"""apps/tasks.py: they run until they are stopped, and one that fails is told of."""

import asyncio

import pytest

from affinage.apps.tasks import Tasks
from fakes.looped import looped


async def failing() -> None:
    raise RuntimeError("torn")


@looped
async def test_they_run_until_they_are_stopped() -> None:
    tasks = Tasks()
    group = await tasks.start()
    endless = group.create_task(asyncio.Event().wait())
    stop = asyncio.Event()
    stop.set()
    await tasks.wait_or(stop)
    assert not endless.done()
    await tasks.stop()
    assert endless.cancelled()


@looped
async def test_who_waits_is_told_of_one_that_fails() -> None:
    tasks = Tasks()
    group = await tasks.start()
    group.create_task(failing())
    with pytest.raises(ExceptionGroup):
        await tasks.wait_or(asyncio.Event())
    await tasks.stop()
