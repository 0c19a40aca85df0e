"""frontends/native_api/doctor.py."""

import asyncio
from typing import Any

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import Hub, running_hub
from fakes.looped import looped

DOCTOR = f"{PREFIX}/doctor"


async def ended(hub: Hub) -> Any:
    """The examination, once it has ended."""
    for _ in range(100):
        found = await hub.get(DOCTOR)
        if found["endedAt"] is not None:
            return found
        hub.clock.advance(1)
        await asyncio.sleep(0)
    raise AssertionError("it comes to no end")


@looped
async def test_an_examination_is_begun_and_then_looked_at() -> None:
    """NATIVE-20, NATIVE-21"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/configurations/one", {"targetCondition": "*"})
        begun = await hub.ask("POST", DOCTOR)
        assert (begun.status_code, begun.json()["endedAt"]) == (202, None)
        found = await ended(hub)
    assert (found["number"], found["severity"], found["done"], found["total"]) == (1, "ok", 3, 3)
    assert [*found["findings"][0]] == ["check", "severity", "what", "nextStep", "details"]
    assert [one["check"] for one in found["findings"]][-2:] == ["reconciled", "counts"]


@looped
async def test_before_the_first_there_is_none() -> None:
    """NATIVE-20"""
    async with running_hub() as hub:
        answer = await hub.ask("GET", DOCTOR)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
