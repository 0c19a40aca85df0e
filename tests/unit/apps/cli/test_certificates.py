"""apps/cli/certificates.py"""

from datetime import timedelta
from pathlib import Path

import pytest

from affinage.adapters.system.clock import wall_time
from fakes.command_line import CommandLine
from fakes.pki import Made, authority, leaf

END = wall_time() + timedelta(days=30)
"""By the machine's clock: the hub here has no other."""


@pytest.fixture
def root(tmp_path: Path) -> Made:
    """An authority, and `ca.pem`, `ca.der` and `ca.key` of it."""
    made = authority("Root", end=END)
    (tmp_path / "ca.pem").write_text(made.pem)
    (tmp_path / "ca.der").write_bytes(made.der)
    (tmp_path / "ca.key").write_text(made.key_pem)
    return made


def test_one_is_brought_and_proven_with_the_key_at_hand(
    affinage: CommandLine, root: Made, tmp_path: Path
) -> None:
    """AUTHORITY-5"""
    made = affinage.ok("certificate", "create", "near", str(tmp_path / "ca.pem"))
    assert "`affinage certificate prove near --key FILE`" in made.err
    assert "BEGIN" not in made.out
    affinage.ok("certificate", "prove", "near", "--key", str(tmp_path / "ca.key"))
    shown = affinage.json("certificate", "show", "near")
    assert (shown["isVerified"], shown["certificate"]) == (True, root.pem)
    assert [line for line in affinage.ok("certificate", "list").lines if line[:4] == "near"] == [
        f"near  yes       CN=Root  {shown['notAfterUtc']}"
    ]
    affinage.ok("certificate", "update", "near", "--distrust")
    assert not affinage.json("certificate", "show", "near")["isVerified"]
    affinage.ok("certificate", "delete", "near")
    answer = affinage("certificate", "show", "near")
    assert (answer.status, "`affinage certificate list`" in answer.err) == (1, True)


def test_one_is_proven_with_a_key_that_is_far_away(
    affinage: CommandLine, root: Made, tmp_path: Path
) -> None:
    """AUTHORITY-4, AUTHORITY-5"""
    affinage.ok("certificate", "create", "far", str(tmp_path / "ca.der"))
    code = affinage.ok("certificate", "challenge", "far").out.strip()
    (tmp_path / "proof.pem").write_text(leaf(code, root, end=END).pem)
    affinage.ok("certificate", "verify", "far", str(tmp_path / "proof.pem"))
    again = affinage.json("certificate", "challenge", "far")
    assert (again["isVerified"], len(again["verificationCode"])) == (True, 48)


def test_another_certificate_is_to_be_proven_anew(
    affinage: CommandLine, root: Made, tmp_path: Path
) -> None:
    """AUTHORITY-6"""
    affinage.ok("certificate", "create", "moved", str(tmp_path / "ca.pem"))
    affinage.ok("certificate", "prove", "moved", "--key", str(tmp_path / "ca.key"))
    (tmp_path / "new.pem").write_text(authority("New", end=END).pem)
    new = str(tmp_path / "new.pem")
    shown = affinage.json("certificate", "update", "moved", "--file", new)
    assert (shown["subjectName"], shown["isVerified"]) == ("CN=New", False)


def test_the_passphrase_of_a_key_is_in_a_file(
    affinage: CommandLine, root: Made, tmp_path: Path
) -> None:
    affinage.ok("certificate", "create", "sealed", str(tmp_path / "ca.pem"))
    (tmp_path / "words").write_text("open\n")
    words = ("--key", str(tmp_path / "ca.key"), "--passphrase-file", str(tmp_path / "words"))
    answer = affinage("certificate", "prove", "sealed", *words)
    assert (answer.status, "it has no passphrase" in answer.err) == (1, True)


@pytest.mark.parametrize("words", [("create", "x", "nowhere.pem"), ("create", "x", "/dev/null")])
def test_what_cannot_be_read_is_told(affinage: CommandLine, words: tuple[str, ...]) -> None:
    answer = affinage("certificate", *words)
    assert (answer.status, words[2] in answer.err) == (2, True)


def test_a_change_of_nothing_is_spelled_wrongly(affinage: CommandLine) -> None:
    assert affinage("certificate", "update", "x").status == 2


def test_a_device_is_admitted_by_authority(affinage: CommandLine) -> None:
    made = affinage.json("device", "create", "by-authority", "--by-authority")
    assert made["authentication"]["type"] == "certificateAuthority"
    answer = affinage("device", "create", "x", "--by-authority", "--thumbprint", "aa")
    assert (answer.status, "--by-authority" in answer.err) == (2, True)
