"""Sweeps killed at random points, edited in between, end where uninterrupted ones would.

AFFINAGE_SWEEP_DEVICES says over how many devices, AFFINAGE_SWEEP_KILLS how often.
"""

import asyncio
import json
import os
import random
import select
import shutil
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Self

import pytest

from affinage.domain.device import Device
from fakes import sweeping
from fakes.sweeping import Request, populate, stored

pytestmark = pytest.mark.system

DEVICES: Final = int(os.environ.get("AFFINAGE_SWEEP_DEVICES", "5000"))
KILLS: Final = int(os.environ.get("AFFINAGE_SWEEP_KILLS", "10"))
SWEPT_PER_S: Final = 10_000
"""About; a kill comes at a random moment within one sweep's time."""

PATIENCE_S: Final = 60 + DEVICES / 500


def content(**desired: Any) -> dict[str, Any]:
    return {"deviceContent": {f"properties.desired.{name}": desired[name] for name in desired}}


OF_MODULES: Final = {"moduleContent": {"properties.desired.level": 3}}
EDITS: Final[list[Request]] = [
    ["put", "base", {"targetCondition": "*", "content": content(mode="base", old={"x": 1})}],
    ["put", "ring", {"targetCondition": "tags.ring IN ['a', 'b']", "priority": 10,
                     "content": content(mode="ring")}],
    ["put", "modules", {"targetCondition": "FROM devices.modules WHERE moduleId = 'm'",
                        "content": OF_MODULES}],
    ["update", "ring", {"targetCondition": "tags.ring IN ['a', 'c']", "priority": 10}],
    ["delete", "base"],
    ["put", "base", {"targetCondition": "*", "content": content(mode="again", speed=5)}],
    ["tag", list(range(0, DEVICES, 97)), {"ring": "d"}],
    ["put", "firmware", {"targetCondition": "properties.reported.fw = '1'", "priority": 5,
                         "content": content(firmware={"fwVersion": "2"})}],
    ["update", "firmware", {"targetCondition": "tags.ring != 'b'", "priority": 20}],
    ["delete", "modules"],
]  # fmt: skip


class Swept:
    """A hub in a process of its own that is told what to do; `with` kills it in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, sweeping.__file__, self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | {"PYTHONPATH": paths},
        )  # fmt: skip
        self.found: list[str] = self._answer(PATIENCE_S)[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, request: Request) -> None:
        """Return when it is durable."""
        self._send(request)
        self._answer(PATIENCE_S)

    def has_done(self, request: Request, within_s: float) -> bool:
        """Whether it said so in time; if not it may be durable all the same."""
        self._send(request)
        try:
            return bool(self._answer(within_s))
        except TimeoutError:
            return False

    def _send(self, request: Request) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _answer(self, within_s: float) -> Any:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], max(within_s, 0.0))[0]:
            raise TimeoutError(f"no answer within {within_s} s")
        return json.loads(self._process.stdout.readline())


def kept(device: Device) -> Any:
    """What must be the same whatever happened on the way: everything but versions and times."""
    twins = [device.twin, *(device.modules[name].twin for name in sorted(device.modules))]
    held = [(one.tags, one.desired.values, one.statuses, one.owned) for one in twins]
    return held, sorted(device.carried), device.dirty


def uninterrupted(folder: Path) -> None:
    with Swept(folder) as hub:
        for edit in EDITS:
            hub.do(edit)
            hub.do(["finish"])


def interrupted(folder: Path, chance: random.Random) -> int:
    """Kill it again and again, and send a few edits now and then; how often sweeps were cut."""
    edits, cuts = [*EDITS], 0
    for _ in range(KILLS):
        with Swept(folder) as hub:
            cuts += bool(hub.found)
            end = monotonic() + chance.uniform(0, 0.6 * DEVICES / SWEPT_PER_S)  # most are cut
            for _ in range(chance.randint(1, 2)):  # as long as there are some, sweeps can be cut
                if edits and hub.has_done(edits[0], end - monotonic()):
                    del edits[0]
            sleep(max(0.0, end - monotonic()))
    with Swept(folder) as hub:
        cuts += bool(hub.found)
        for edit in edits:
            hub.do(edit)
        hub.do(["finish"])
    return cuts


def test_sweeps_killed_at_any_point_end_where_uninterrupted_ones_would(tmp_path: Path) -> None:
    """RECONCILE-36, RECONCILE-37, CONFIGURATION-21"""
    seed = random.randrange(10**6)
    calm, cut = tmp_path / "calm", tmp_path / "cut"
    asyncio.run(populate(calm, DEVICES))
    shutil.copytree(calm, cut)
    uninterrupted(calm)
    cuts = interrupted(cut, random.Random(seed))
    (wanted, *rest), (found, *left) = stored(calm), stored(cut)
    different = [name for name in wanted if kept(wanted[name]) != kept(found[name])]
    assert (len(found), different[:3], left) == (DEVICES, [], rest), f"seed {seed}"
    assert (rest, cuts > KILLS // 4) == ([["base", "firmware", "ring"], []], True), f"{cuts} cuts"
