"""`affinage provisioning hub`, against a running hub."""

from pathlib import Path

import pytest

from fakes.authority import authority
from fakes.command_line import CommandLine

KEY = "c2l4dGVlbiBieXRlcyBvciBtb3Jl"
STRING = f"HostName=north.test;SharedAccessKeyName=link;SharedAccessKey={KEY}"


@pytest.fixture
def string(tmp_path: Path) -> Path:
    file = tmp_path / "north.txt"
    file.write_text(f"{STRING}\n")
    return file


def test_a_hub_is_added_listed_changed_and_removed(affinage: CommandLine, string: Path) -> None:
    """LINK-1, LINK-2, LINK-6."""
    ca_file = str(authority().ca_file)
    hub = ("provisioning", "hub")
    added = affinage.ok(*hub, "add", "--string", str(string), "--weight", "3", "--json").document
    assert (added["host"], added["weight"], added["policy"]) == ("north.test", 3, "link")
    listed = affinage.ok(*hub, "list").lines
    assert any("(this hub)" in line for line in listed)
    assert any(line.startswith("north.test") for line in listed)
    affinage.ok(*hub, "update", "north.test", "--port", "8443", "--ca-file", ca_file)
    north = affinage.ok(*hub, "list", "--json").document[-1]
    assert (north["port"], north["weight"]) == (8443, 3)
    assert "no more" in affinage.ok(*hub, "remove", "north.test").err
    assert len(affinage.ok(*hub, "list", "--json").document) == 1


def test_the_connection_string_may_come_by_the_environment(
    affinage: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFINAGE_LINK", STRING)
    affinage.ok("provisioning", "hub", "add")
    affinage.ok("provisioning", "hub", "remove", "north.test")


def test_what_says_nothing_is_spelled_wrongly(
    affinage: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AFFINAGE_LINK", raising=False)
    nothing = tmp_path / "nothing"
    nothing.write_text("nothing")
    for words in (("add",), ("add", "--string", str(nothing)), ("update", "north.test")):
        assert affinage("provisioning", "hub", *words).status == 2
