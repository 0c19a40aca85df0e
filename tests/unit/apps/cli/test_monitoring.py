"""apps/cli/monitoring.py"""

import json

import pytest

from affinage.apps.cli.monitoring import told
from fakes.command_line import CommandLine


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
