"""`affinage device rotate` and `affinage module rotate`."""

import pytest

from affinage.apps.cli.identities import HIDDEN
from affinage.clients.service import MAX_ROTATED
from fakes.command_line import CommandLine

NAMES = {"primary": {"primaryKey"}, "secondary": {"secondaryKey"}}
NAMES["both"] = NAMES["primary"] | NAMES["secondary"]


@pytest.mark.parametrize("which", NAMES)
def test_a_device_is_given_the_keys_that_are_named(affinage: CommandLine, which: str) -> None:
    """IDENTITY-28"""
    name = f"rotated-{which}"
    before = affinage.json("device", "create", name, "--show-keys")
    (row,) = affinage.json("device", "rotate", name, "--key", which, "--show-keys")
    after = affinage.json("device", "show", name, "--show-keys")
    old, new = (one["authentication"]["symmetricKey"] for one in (before, after))
    assert {key for key in new if new[key] != old[key]} == NAMES[which]
    assert {key: row[key] for key in new} == {
        key: new[key] if key in NAMES[which] else None for key in new
    }


def test_a_module_is_given_new_keys_which_are_hidden(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "rotated-host")
    affinage.ok("module", "create", "rotated-host", "m")
    shown = affinage.ok("module", "rotate", "rotated-host", "m", "--key", "primary")
    assert "1 of 1 have new keys" in shown.err
    (row,) = affinage.json("module", "rotate", "rotated-host", "m", "--key", "primary")
    assert (row["moduleId"], row["primaryKey"], row["secondaryKey"]) == ("m", HIDDEN, None)


def test_who_keeps_its_keys_is_told(affinage: CommandLine) -> None:
    """IDENTITY-29"""
    affinage.ok("device", "create", "rotated-well")
    affinage.ok("device", "create", "rotated-not", "--thumbprint", "a" * 40)
    names = ("rotated-well", "rotated-not", "rotated-nobody")
    answer = affinage("device", "rotate", *names, "--key", "both")
    assert answer.status == 1
    assert "1 of 3 have new keys" in answer.err
    assert "2 keep theirs; the first: authentication is selfSigned" in answer.err
    assert "rotated-well" in answer.out


def test_many_are_given_new_keys_in_several_requests(affinage: CommandLine) -> None:
    count = MAX_ROTATED + 1
    affinage.ok("device", "create", "--count", str(count), "--prefix", "rotated")
    names = [f"rotated-{number:05}" for number in range(count)]
    rows = affinage.json("device", "rotate", *names, "--key", "primary")
    assert [row["id"] for row in rows] == names


def test_which_key_must_be_said(affinage: CommandLine) -> None:
    assert affinage("device", "rotate", "any").status == 2
    assert affinage("device", "rotate", "any", "--key", "third").status == 2
