"""apps/cli/monitoring.py"""

import asyncio
import json
from typing import Any, cast

import pytest

from affinage.apps.cli import monitoring
from affinage.apps.cli.monitoring import told
from affinage.domain.errors import Unavailable
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine
from fakes.looped import looped


@pytest.fixture(autouse=True, scope="module")
def happened(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "told")
    affinage.ok("twin", "update", "told", "--desired", "fan=3")


def test_what_is_kept_is_told_in_lines(affinage: CommandLine) -> None:
    first, second = affinage.ok("monitor", "told", "--since", "0", "--count", "2").lines
    assert first.split()[2:5] == ["device", "told", "change=created"]
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
    monkeypatch.setattr(monitoring, "POLL_S", 0)
    stop, asked = asyncio.Event(), list[str]()
    pages: list[Any] = [
        {"events": [{"offset": 1}], "next": 1, "lost": 0},
        Unavailable("it starts again"),
        {"events": [{"offset": 5}, 7], "next": 5, "lost": 3},
        {"events": [], "next": 5, "lost": 0},
    ]

    async def page_after(after: str) -> JsonObject:
        asked.append(after)
        page = pages.pop(0)
        if not pages:
            stop.set()
        if isinstance(page, Exception):
            raise page
        return cast(JsonObject, page)

    offsets = [event["offset"] async for event in monitoring.follow(page_after, "0", stop)]
    assert (offsets, asked) == ([1, 5], ["0", "1", "1", "5"])
    assert "3 events were lost" in capsys.readouterr().err


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
