"""apps/cli/policies.py"""

import base64
from pathlib import Path

import pytest

from fakes.command_line import CommandLine

OWN = [base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]


def secret(affinage: CommandLine, name: str) -> str:
    return affinage.ok("connection-string", "--policy", name).out.strip()


def test_one_is_made_and_its_connection_string_is_at_hand(affinage: CommandLine) -> None:
    answer = affinage.ok("policy", "create", "made", "--right", "RegistryRead")
    assert "`affinage connection-string --policy made`" in answer.err
    assert "SharedAccessKeyName=made" in secret(affinage, "made")
    assert affinage.json("policy", "show", "made")["rights"] == ["RegistryRead"]


def test_they_are_listed_with_their_rights(affinage: CommandLine) -> None:
    lines = affinage.ok("policy", "list").lines
    assert [*filter(lambda line: line.startswith("registryReadWrite"), lines)] == [
        "registryReadWrite         RegistryRead, RegistryWrite"
    ]


def test_keys_are_hidden_unless_they_are_asked_for(affinage: CommandLine, tmp_path: Path) -> None:
    """POLICY-4"""
    (tmp_path / "keys").write_text("\n".join(OWN))
    words = ("--right", "ServiceConnect", "--keys", str(tmp_path / "keys"))
    answers = [affinage.ok("policy", "create", "own", *words), affinage.ok("policy", "show", "own")]
    assert not [answer for answer in answers if OWN[0] in answer.out + answer.err]
    shown = affinage.json("policy", "show", "own", "--show-keys")
    assert [shown["primaryKey"], shown["secondaryKey"]] == OWN


def test_a_rotation_with_a_swap_leaves_the_old_key_as_the_secondary(affinage: CommandLine) -> None:
    """POLICY-7"""
    affinage.ok("policy", "create", "rotated", "--right", "ServiceConnect")
    old = secret(affinage, "rotated")
    affinage.ok("policy", "rotate", "rotated", "--key", "secondary")
    assert secret(affinage, "rotated") == old
    swapped = affinage.json("policy", "rotate", "rotated", "--key", "swap", "--show-keys")
    assert old.endswith(swapped["secondaryKey"])
    assert secret(affinage, "rotated").endswith(swapped["primaryKey"])


def test_the_owners_keys_are_rotated_by_itself(affinage: CommandLine) -> None:
    old = secret(affinage, "iothubowner")
    affinage.ok("policy", "rotate", "iothubowner", "--key", "primary")
    affinage.ok("policy", "list")
    assert secret(affinage, "iothubowner") != old


def test_rights_are_changed_and_what_is_not_named_stays(affinage: CommandLine) -> None:
    affinage.ok("policy", "create", "wider", "--right", "ServiceConnect")
    before = secret(affinage, "wider")
    changed = affinage.json("policy", "update", "wider", "--right", "DeviceConnect")
    assert (changed["rights"], secret(affinage, "wider")) == (["DeviceConnect"], before)


def test_one_is_deleted_and_the_next_step_is_told(affinage: CommandLine) -> None:
    affinage.ok("policy", "create", "gone", "--right", "ServiceConnect")
    assert affinage.ok("policy", "delete", "gone").err == "deleted policy gone\n"
    answer = affinage("policy", "show", "gone")
    assert (answer.status, "`affinage policy list`" in answer.err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("create", "x"),
        ("update", "service"),
        ("rotate", "service", "--key", "both"),
        ("create", "x", "--right", "RegistryRead", "--keys", "-"),
    ],
)
def test_what_is_spelled_wrongly_is_told(affinage: CommandLine, words: tuple[str, ...]) -> None:
    assert affinage("policy", *words, stdin="oneline").status == 2
