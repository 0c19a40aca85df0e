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
        assert needs.spawn(work("in time")) is not None
    assert needs.spawn(work("too late")) is None
    assert done == ["in time"]
