import asyncio

from fakes.looped import looped
from fakes.mqtt_door import Door


@looped
async def test_work_is_started_while_the_hub_runs_and_not_after() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        done.append(name)

    async with asyncio.TaskGroup() as tasks:
        needs = Door(tasks).needs
        assert needs.spawn(work("in time"), done.append) is not None
    assert needs.spawn(work("too late"), done.append) is None
    assert done == ["in time"]


@looped
async def test_work_that_fails_ends_its_connection_alone() -> None:
    closed: list[str] = []

    async def work() -> None:
        raise KeyError(7)

    async with asyncio.TaskGroup() as tasks:
        Door(tasks).needs.spawn(work(), closed.append)
    assert closed == ["a fault of the hub"]
