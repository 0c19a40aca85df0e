"""`affinage enrollment` and `affinage registration`: every verb, against a hub."""

import base64
from pathlib import Path

import pytest

from fakes.command_line import CommandLine
from fakes.pki import authority

KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_device_is_enrolled_shown_changed_listed_and_deleted(affinage: CommandLine) -> None:
    """PROV-4, PROV-9, PROV-12"""
    made = affinage.json("enrollment", "create", "e1", "--tag", "ring=a", "--desired", "speed=3")
    assert made["initialTwin"] == {"tags": {"ring": "a"}, "properties": {"desired": {"speed": 3}}}
    assert made["attestation"]["symmetricKey"] == "hidden, see --show-keys"
    changed = affinage.json("enrollment", "update", "e1", "--disabled", "--tag", "site=x")
    assert changed["initialTwin"]["tags"] == {"ring": "a", "site": "x"}
    assert changed["provisioningStatus"] == "disabled"
    first, second = (affinage.json("enrollment", "show", "e1", "--show-keys") for _ in range(2))
    assert first["attestation"]["symmetricKey"] == second["attestation"]["symmetricKey"]
    assert "disabled" in affinage.ok("enrollment", "list").out
    assert affinage.ok("enrollment", "delete", "e1").err == "enrollment e1 is deleted\n"
    assert affinage("enrollment", "show", "e1").status == 1


def test_the_key_of_a_member_is_derived(affinage: CommandLine, tmp_path: Path) -> None:
    """PROV-15"""
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n{KEY}\n")
    affinage.ok("enrollment", "create", "g1", "--group", "--keys", str(keys))
    derived = affinage.ok("enrollment", "derive-key", "g1", "press-7").out.strip()
    assert len(base64.b64decode(derived)) == 32
    assert affinage.json("registration", "list", "g1") == []
    assert "g1" in affinage.ok("enrollment", "list", "--group").out


def test_a_device_may_prove_itself_by_other_means(affinage: CommandLine) -> None:
    """PROV-6"""
    tpm = affinage.json("enrollment", "create", "t1", "--endorsement-key", KEY, "--edge")
    assert (tpm["attestation"]["type"], tpm["capabilities"]) == ("tpm", {"iotEdge": True})
    named = affinage.json("enrollment", "create", "g2", "--group", "--authority", "plant")
    assert named["attestation"]["x509"] == {"caReferences": {"primary": "plant"}}
    assert affinage("enrollment", "derive-key", "g2", "press-7").status == 2
    moved = affinage.json("enrollment", "update", "t1", "--device-id", "other", "--enabled")
    assert moved["deviceId"] == "other"


@pytest.mark.parametrize(
    "words",
    [
        ("update", "nobody"),
        ("create", "x", "--authority", "a", "--endorsement-key", "b"),
    ],
)
def test_what_says_too_little_or_too_much_is_spelled_wrongly(
    affinage: CommandLine, words: tuple[str, ...]
) -> None:
    assert affinage("enrollment", *words).status == 2


def test_a_registration_that_there_is_not_is_told(affinage: CommandLine) -> None:
    """PROV-25, PROV-26"""
    for verb in ("show", "delete"):
        answer = affinage("registration", verb, "nobody")
        assert (answer.status, "no registration nobody" in answer.err) == (1, True)


def test_certificates_are_read_from_files(affinage: CommandLine, tmp_path: Path) -> None:
    """PROV-16"""
    file = tmp_path / "ca.pem"
    file.write_text(authority("plant").pem)
    made = affinage.json("enrollment", "create", "g3", "--group", "--certificate", str(file))
    found = made["attestation"]["x509"]["signingCertificates"]["primary"]
    assert found["info"]["subjectName"] == "CN=plant"
    again = affinage.json("enrollment", "update", "g3", "--group", "--certificate", str(file))
    assert again["attestation"] == made["attestation"]


def test_what_devices_and_tools_need_to_reach_provisioning_is_printed(
    affinage: CommandLine,
) -> None:
    """PROV-60, ACCESS-1"""
    scope = affinage.ok("connection-string", "--id-scope").out.strip()
    assert scope.startswith("0ne")
    string = affinage.ok("connection-string", "--dps").out
    assert "SharedAccessKeyName=provisioningserviceowner" in string
    assert affinage("connection-string", "--dps", "--id-scope").status == 2


def test_files_say_who_may_come(affinage: CommandLine, tmp_path: Path) -> None:
    """APPLY-4, PROV-9"""
    file = tmp_path / "enrollments.yaml"
    document = (
        "kind: Enrollment\nmetadata: {name: applied}\nspec:\n  group: true\n"
        "  attestation: {type: symmetricKey}\n  initialTwin: {tags: {line: LINE}}\n---\n"
        "kind: Enrollment\nmetadata: {name: alone}\nspec:\n"
        "  attestation: {type: symmetricKey, symmetricKey: {primaryKey: KEY, secondaryKey: KEY}}\n"
    ).replace("KEY", KEY)
    for line, actions in [("press", ["created"] * 2), ("press", ["unchanged"] * 2)]:
        file.write_text(document.replace("LINE", line))
        told = affinage.json("apply", "-f", str(file))
        assert [one["action"] for one in told] == actions
    keys = affinage.ok("enrollment", "derive-key", "applied", "x").out
    other = base64.b64encode(bytes(32)).decode()
    file.write_text(document.replace("LINE", "paint").replace(KEY, other))
    (first, second) = affinage.json("apply", "-f", str(file))
    assert "paint" in first["changes"][0]
    assert second["changes"] == ['attestation.symmetricKey: "hidden" → "others"']
    assert affinage.ok("enrollment", "derive-key", "applied", "x").out == keys
