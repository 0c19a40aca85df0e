"""apps/cli/monitoring.py"""

import asyncio
import json
import os
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from affinage.apps.cli import monitoring
from affinage.apps.cli.monitoring import told
from affinage.apps.cli.reach import reach
from affinage.clients.feed import Told
from affinage.domain.errors import Unavailable
from fakes.command_line import CommandLine
from fakes.looped import looped


@pytest.fixture(autouse=True, scope="module")
def happened(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "told")
    affinage.ok("twin", "update", "told", "--desired", "fan=3")


def test_what_is_kept_is_told_in_lines(affinage: CommandLine) -> None:
    first, second = affinage.ok("monitor", "told", "--since", "0", "--count", "2").lines
    assert first.split()[2:] == ["device", "told", "change=created", "by=iothubowner"]
    assert len(first) <= 100
    assert "change=desired" in second
    assert 'patch={"fan": 3}' in second


def test_a_program_has_a_line_of_json_for_each(affinage: CommandLine) -> None:
    words = ("monitor", "--kind", "twin", "--since", "0", "--count", "1", "--json")
    (line,) = affinage.ok(*words).lines
    assert json.loads(line)["patch"]


def test_a_kind_that_is_none_is_refused(affinage: CommandLine) -> None:
    assert affinage("monitor", "--kind", "news").status == 1


@looped
async def test_it_goes_on_when_the_hub_starts_again_and_says_what_was_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitoring, "RETRY_S", 0)
    asked = list[str]()
    streams: list[list[Told | Exception]] = [
        [Told("hub", {"offset": 1})],
        [Unavailable("it starts again")],
        [Told("lost", {"lost": 3}), Told("twin", {"offset": 5}), Unavailable("and again")],
        [Told("twin", {"offset": 6})],
    ]

    async def stream_after(after: str) -> AsyncGenerator[Told, None]:
        asked.append(after)
        for one in streams.pop(0):
            if isinstance(one, Exception):
                raise one
            yield one

    async with aclosing(monitoring.follow(stream_after, "0")) as events:
        assert [(await anext(events))["offset"] for _ in range(3)] == [1, 5, 6]
    assert asked == ["0", "1", "1", "5"]
    assert "3 events were lost" in capsys.readouterr().err


def test_from_now_on_it_tells_what_comes_until_ctrl_c(
    affinage: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = list[str]()
    monkeypatch.setattr(monitoring, "line", shown.append)
    changer = threading.Thread(target=lambda: asyncio.run(change_until(affinage, shown)))
    changer.start()
    affinage.ok("monitor", "told", "--kind", "twin")
    changer.join()
    assert "change=desired" in shown[0]
    assert "fan" not in shown[0].replace('{"fan": 4}', "")


async def change_until(affinage: CommandLine, shown: list[str]) -> None:
    """Change the twin until something was shown, then do as Ctrl-C does."""
    async with reach(affinage.folder, {}).service() as hub:
        while not shown:
            await hub.patch_twin("told", {"properties": {"desired": {"fan": 4}}})
    os.kill(os.getpid(), signal.SIGINT)


def test_a_line_shows_whose_it_is_and_nothing_that_moves_the_cursor() -> None:
    event = {
        "offset": 1,
        "at": "now",
        "kind": "telemetry",
        "deviceId": "d",
        "moduleId": "m",
        "properties": {},
        "body": "\x1b[2J",
    }
    line = told(event)  # type: ignore[arg-type]  # values of JSON
    assert line.split() == ["1", "now", "telemetry", "d/m", "body=\\x1b[2J"]
