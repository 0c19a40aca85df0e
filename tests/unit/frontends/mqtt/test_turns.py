import asyncio
from collections.abc import Coroutine
from typing import Any

from affinage.frontends.mqtt.turns import Turns, Work
from fakes.looped import looped


async def rest() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Desk:
    """Work that begins when it is let, and ends when the test says so."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.turns = Turns(tasks.create_task)
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}

    def take(self, *names: str) -> None:
        for name in names:
            self._ends[name] = asyncio.Event()
            self.turns.take(self._work(name), alone=name.isupper())

    async def end(self, *names: str) -> list[str]:
        for name in names:
            self._ends[name].set()
        await rest()
        return self.begun

    def _work(self, name: str) -> Work:
        async def work() -> None:
            self.begun.append(name)
            await self._ends[name].wait()

        return work


@looped
async def test_reports_run_side_by_side_and_a_reading_alone() -> None:
    """MQTT-40: small letters are reports, capitals readings."""
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks)
        desk.take("a", "b", "C", "d", "e", "F", "G")
        assert await desk.end() == ["a", "b"]
        assert await desk.end("b") == ["a", "b"]
        assert await desk.end("a") == ["a", "b", "C"]
        assert await desk.end("C") == ["a", "b", "C", "d", "e"]
        assert await desk.end("d", "e") == ["a", "b", "C", "d", "e", "F"]
        assert await desk.end("F") == ["a", "b", "C", "d", "e", "F", "G"]
        await desk.end("G")


@looped
async def test_nothing_overtakes_what_waits() -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks)
        desk.take("a", "B")
        await desk.end()
        desk.take("c")
        assert await desk.end() == ["a"]
        assert await desk.end("a", "B") == ["a", "B", "c"]
        await desk.end("c")


@looped
async def test_what_cannot_be_started_does_not_hold_up_the_rest() -> None:
    started: list[str] = []

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        started.append("refused")
        work.close()

    turns = Turns(spawn)
    turns.take(rest, alone=True)
    turns.take(rest, alone=True)
    assert started == ["refused", "refused"]
