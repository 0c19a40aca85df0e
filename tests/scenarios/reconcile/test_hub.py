"""A hub that guards its fleet, as transcripts: what somebody did, a rule, what became of it.

The clock stands until a transcript says ``wait``. Run with REWRITE=1 to write down today's answers;
read the diff before committing it.
"""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import asdict

from affinage.domain.allowance import Allowance
from affinage.domain.moments import Millis, millis
from affinage.services.fleet.pending import Reason
from affinage.services.tending import Held
from fakes.clock import START
from fakes.life import OWNER, Life, living

FILES = sorted(Path(__file__).parent.glob("hub/*.txt"))

REQUEST: Final = re.compile(r"(?m)^(.+)\n----\n((?:.+\n)*)")
CREATE: Final = re.compile(r"(\S+), priority (\d+), where (.*?): (\{.*\})")

STEP_S: Final = 1
"""The clock goes in steps, so that all who sleep get their turns."""

BIG: Final = "x" * 4000
"""Written so in a transcript."""

TURNS: Final = 16


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    told = path.read_text()
    happened = asyncio.run(retold(told))
    if os.environ.get("REWRITE"):
        path.write_text(happened)
    assert happened == told


async def retold(told: str) -> str:
    """The transcript, with the answers of today."""
    happened, end = "", 0
    async with AsyncExitStack() as stack:
        transcript = Transcript(stack)
        for request in REQUEST.finditer(told):
            lines = await transcript.take(request[1].replace("BIG", BIG))
            said = "".join(f"{line}\n" for line in lines).replace(BIG, "BIG")
            happened += f"{told[end : request.start()]}{request[1]}\n----\n{said}"
            end = request.end()
    return happened + told[end:]


class Transcript:
    life: Life

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stack = stack

    async def take(self, request: str) -> list[str]:
        verb, _, rest = request.partition(" ")
        if verb in ("hub", "restart", "figures", "list"):
            return await VERBS[verb](self, rest)
        before = self.desired()
        said = await VERBS[verb](self, rest)
        await self.life.turn(TURNS)
        return [*said, *self.differences(before)] or ["nothing changes"]

    async def hub(self, rest: str) -> list[str]:
        """With an allowance, if one is given."""
        given = json.loads(rest or "{}")
        self.life = await self.stack.enter_async_context(
            living(life=Life(None, Allowance(**given)))
        )
        return ["a hub begins"]

    async def restart(self, _: str) -> list[str]:
        await self.stack.aclose()
        self.life = await self.stack.enter_async_context(living(self.life))
        return ["a hub begins"]

    async def devices(self, rest: str) -> list[str]:
        names, _, tags = rest.partition(" {")
        await self.life.create(*names.split(), tags=json.loads("{" + tags) if tags else {})
        return []

    async def edge_device(self, name: str) -> list[str]:
        await self.life.create(name, edge=True)
        return []

    async def configuration(self, rest: str) -> list[str]:
        return await self.put(rest, "deviceContent")

    async def deployment(self, rest: str) -> list[str]:
        return await self.put(rest, "modulesContent")

    async def put(self, rest: str, container: str) -> list[str]:
        found = CREATE.fullmatch(rest)
        assert found, rest
        body: dict[str, Any] = {
            "targetCondition": found[3],
            "priority": int(found[2]),
            "content": {container: json.loads(found[4])},
        }
        await self.life.configurations.put(found[1], body, if_match=None, by=OWNER)
        return []

    async def where(self, rest: str) -> list[str]:
        await self.life.retarget(*rest.split(" ", 1))
        return []

    async def group(self, rest: str) -> list[str]:
        """A new one, or one changed."""
        name, condition = rest.split(": ", 1)
        await self.life.group(name, condition, again=name in self.life.fleet.groups.by_name)
        return []

    async def retire(self, name: str) -> list[str]:
        await self.life.replacing.retire(name, by=OWNER)
        return []

    async def replace(self, rest: str) -> list[str]:
        await self.life.replacing.replace(*rest.split(" by "), by=OWNER)
        return []

    async def tag(self, rest: str) -> list[str]:
        name, tags = rest.split(" ", 1)
        await self.life.tag(name, **json.loads(tags))
        return []

    async def desire(self, rest: str) -> list[str]:
        name, desired = rest.split(" ", 1)
        await self.life.desire(name, **json.loads(desired))
        return []

    async def wait(self, rest: str) -> list[str]:
        for _ in range(int(rest.removesuffix(" s")) // STEP_S):
            self.life.clock.advance(STEP_S)
            await self.life.turn(TURNS)
        return []

    async def figures(self, _: str) -> list[str]:
        figures = asdict(self.life.tending.figures())
        shown = [f"{name} {value}" for name, value in figures.items() if value]
        return [", ".join(shown) or "all is well"]

    async def list_held(self, reason: str) -> list[str]:
        return [_held(one) for one in self.life.tending.listed(Reason(reason))] or ["nobody"]

    def desired(self) -> dict[str, Any]:
        """Of each device; with the names of its modules, if it has any."""
        found = {}
        for name in self.life.fleet.ids(100):
            modules = sorted(one for one in self.life.fleet.device(name).modules if one[0] != "$")
            found[name] = [self.life.desired(name), *([modules] if modules else [])]
        return found

    def differences(self, before: dict[str, Any]) -> list[str]:
        now = self.desired()
        changed = [name for name in now if now[name] != before.get(name, [{}])]
        return [f"{name} {' '.join(map(json.dumps, now[name]))}" for name in changed]


VERBS: Final[dict[str, Callable[[Transcript, str], Awaitable[list[str]]]]] = {
    "hub": Transcript.hub,
    "restart": Transcript.restart,
    "devices": Transcript.devices,
    "edge-device": Transcript.edge_device,
    "configuration": Transcript.configuration,
    "deployment": Transcript.deployment,
    "where": Transcript.where,
    "group": Transcript.group,
    "retire": Transcript.retire,
    "replace": Transcript.replace,
    "tag": Transcript.tag,
    "desire": Transcript.desire,
    "wait": Transcript.wait,
    "figures": Transcript.figures,
    "list": Transcript.list_held,
}


def _held(one: Held) -> str:
    said = [one.device, *one.what]
    said += [f"since {_second(one.since)}"] if one.since is not None else []
    said += [f"until {_second(one.due)}"] if one.due is not None else []
    said += [f"tried {one.attempts} times: {one.error}"] if one.error else []
    return ", ".join(said)


def _second(at: Millis | None) -> str:
    assert at is not None  # only those that are known are shown
    return f"{(at - millis(START)) // 1000} s"
