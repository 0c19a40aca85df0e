"""apps/cli/auditing.py"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fakes.command_line import CommandLine, served_hub


def write_over(file: Path, old: bytes, new: bytes) -> None:
    """As somebody might who has the folder."""
    with closing(sqlite3.connect(file)) as store, store:
        for seq, body in store.execute("SELECT seq, body FROM journal").fetchall():
            changed = (body.replace(old, new), seq)
            store.execute("UPDATE journal SET body = ? WHERE seq = ?", changed)


@pytest.fixture(autouse=True, scope="module")
def changed(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "audited")
    affinage.ok("twin", "update", "audited", "--tag", "a=1")


def test_changes_are_listed_newest_first(affinage: CommandLine) -> None:
    found = affinage.json("audit", "list", "--subject", "audited")
    assert [one["action"] for one in found] == ["twin.patch", "device.create"]
    (_, line) = affinage.ok("audit", "list", "--subject", "audited", "--limit", "1").lines
    assert line.split()[2:] == ["iothubowner", "https", "twin.patch", "audited"]


def test_one_is_shown_and_the_first_is_of_the_start(affinage: CommandLine) -> None:
    """AUDIT-7"""
    assert affinage.json("audit", "show", "1")["action"] == "hub.start"
    answer = affinage("audit", "show", "999999")
    assert (answer.status, "`affinage audit list`" in answer.err) == (1, True)


def test_a_hub_that_runs_is_asked_whether_all_is_as_it_was_written(affinage: CommandLine) -> None:
    """AUDIT-6"""
    answer = affinage.ok("audit", "verify")
    assert "all as they were written; the newest is " in answer.err


def test_a_folder_whose_hub_stopped_is_verified_itself(tmp_path: Path) -> None:
    """AUDIT-6"""
    with served_hub(tmp_path / "data") as line:
        line.ok("device", "create", "d")
        while_it_ran = line.json("audit", "verify")
    stopped = CommandLine(tmp_path / "data")
    assert stopped.json("audit", "verify") == while_it_ran
    write_over(tmp_path / "data/hub.db", b"hub.start", b"hub.stopp")
    answer = stopped("audit", "verify")
    assert answer.status == 1
    assert "entry 1 is not as it was written" in answer.err
