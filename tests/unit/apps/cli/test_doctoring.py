"""`affinage doctor`: a hub that runs is asked, a folder is looked into."""

import asyncio
from pathlib import Path

import pytest

from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps.cli.doctoring import conclusion, lines
from affinage.domain.values import JsonObject
from affinage.ports.store import Row, Table
from fakes.command_line import CommandLine, run, served_hub

FOUND: JsonObject = {
    "severity": "problem",
    "findings": [
        {"check": "a", "severity": "problem", "what": "x", "nextStep": "y", "details": ["z"]},
        {"check": "b", "severity": "warning", "what": "u", "nextStep": "", "details": []},
        {"check": "c", "severity": "ok", "what": "v", "nextStep": "", "details": []},
    ],
}


def test_a_finding_is_a_line_and_so_is_each_detail() -> None:
    assert [line.get("what") for line in lines(FOUND)] == ["x", "  z", "u", "v"]


def test_a_sentence_says_it_all() -> None:
    assert conclusion(FOUND) == "1 problems and 1 warnings in 3 findings"
    assert conclusion({"findings": []}) == "all is well: 0 findings"
    assert conclusion({}) == "all is well: 0 findings"


def test_a_hub_that_runs_is_asked(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "pump")
    affinage.ok(
        "config", "create", "--id", "fan", "--target", "*", "--set", "properties.desired.x=1"
    )
    answer = affinage.ok("doctor")
    assert "counts" in answer.out
    assert "all is well" in answer.err
    found = affinage.json("doctor")
    assert (found["severity"], found["number"]) == ("ok", 2)


def test_a_folder_that_no_hub_serves_from_is_looked_into(tmp_path: Path) -> None:
    """NATIVE-26"""
    with served_hub(tmp_path / "data") as line:
        line.ok("device", "create", "pump")
    found = run("doctor", "--data", str(tmp_path / "data"), "--json").document
    assert (found["findings"][0]["check"], found["severity"]) == ("store", "ok")


def test_a_problem_is_an_exit_status(tmp_path: Path) -> None:
    with served_hub(tmp_path / "data") as line:
        line.ok("device", "create", "pump")
    store = SqliteStore(tmp_path / "data" / "hub.db")
    asyncio.run(store.commit([Row(Table.DEVICES, 9, b"torn")]))
    asyncio.run(store.close())
    answer = run("doctor", "--data", str(tmp_path / "data"))
    assert answer.status == 1
    assert "affinage restore" in answer.out
    assert "1 problems and 0 warnings" in answer.err


def test_without_a_hub_and_a_folder_it_says_what_is_missing(tmp_path: Path) -> None:
    answer = run("doctor", "--data", str(tmp_path))
    assert answer.status == 1
    assert "no hub has served" in answer.err


def test_the_hub_of_the_environment_comes_before_the_folder_at_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AFFINAGE_CONNECTION_STRING", "garbage")
    assert run("doctor").status == 1
