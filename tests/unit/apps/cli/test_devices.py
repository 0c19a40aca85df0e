from pathlib import Path
from typing import Any

from affinage.apps.cli.identities import HIDDEN
from fakes.command_line import CommandLine, run

KEY_1, KEY_2 = "MDEyMzQ1Njc4OWFiY2RlZg==", "ZmVkY2JhOTg3NjU0MzIxMA=="
PRINT_1, PRINT_2 = "a" * 40, "b" * 40


def keys(identity: Any) -> Any:
    return identity["authentication"]["symmetricKey"]


def test_a_device_gets_its_tags_as_it_is_made(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "tagged", "--tag", "site.city=Lyon", "--tag", "site.floor=3")
    assert affinage.json("twin", "show", "tagged")["tags"] == {"site": {"city": "Lyon", "floor": 3}}


def test_keys_are_shown_to_who_asks_only(affinage: CommandLine) -> None:
    made = affinage.json("device", "create", "secret", "--show-keys")
    for words in (("--json",), ()):
        answer = affinage.ok("device", "show", "secret", *words)
        assert HIDDEN in answer.out
        assert keys(made)["primaryKey"] not in answer.out
        assert keys(made)["secondaryKey"] not in answer.out


def test_own_keys_come_from_a_file_and_never_from_the_command(
    affinage: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(f"{KEY_1}\n{KEY_2}\n")
    made = affinage.json("device", "create", "own", "--keys", str(tmp_path / "keys"), "--show-keys")
    assert keys(made) == {"primaryKey": KEY_1, "secondaryKey": KEY_2}


def test_an_edge_device_may_be_made_switched_off(affinage: CommandLine) -> None:
    made = affinage.json("device", "create", "edge", "--edge", "--disabled")
    assert made["capabilities"] == {"iotEdge": True}
    assert made["status"] == "disabled"


def test_a_device_may_be_admitted_by_certificate(affinage: CommandLine) -> None:
    prints = ("--thumbprint", PRINT_1, "--thumbprint", PRINT_2)
    made = affinage.json("device", "create", "certified", *prints)
    assert made["authentication"]["type"] == "selfSigned"
    assert made["authentication"]["x509Thumbprint"]["secondaryThumbprint"] == PRINT_2


def test_there_are_two_thumbprints_at_most(affinage: CommandLine) -> None:
    answer = affinage("device", "create", "many", *(["--thumbprint", PRINT_1] * 3))
    assert answer.status == 2
    assert "at most two" in answer.err


def test_many_are_made_in_bulk_requests(affinage: CommandLine) -> None:
    answer = affinage.ok("device", "create", "--count", "120", "--prefix", "b", "--tag", "of=bulk")
    assert answer.out == ""
    assert answer.err == "120 devices are created, b-00000 to b-00119\n"
    assert len(affinage.json("device", "list", "--where", "tags.of = 'bulk'")) == 120


def test_many_are_told_in_json_by_their_ids(affinage: CommandLine) -> None:
    made = affinage.json("device", "create", "--count", "2", "--prefix", "j")
    assert made == [{"deviceId": "j-00000"}, {"deviceId": "j-00001"}]


def test_of_many_those_refused_are_counted_and_the_others_made(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "half-00000")
    answer = affinage("device", "create", "--count", "2", "--prefix", "half")
    assert answer.status == 1
    assert "1 of 2 devices were refused" in answer.err
    assert affinage.json("device", "show", "half-00001")["deviceId"] == "half-00001"


def test_a_device_that_exists_is_not_made_again(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "once")
    answer = affinage("device", "create", "once")
    assert answer.status == 1
    assert answer.out == ""
    assert "device once exists" in answer.err
    assert "affinage device update" in answer.err


def test_one_device_or_many_but_not_both_and_not_none(affinage: CommandLine) -> None:
    assert affinage("device", "create").status == 2
    assert affinage("device", "create", "x", "--count", "3").status == 2


def test_many_cannot_share_their_keys(affinage: CommandLine) -> None:
    assert affinage("device", "create", "--count", "2", "--keys", "-").status == 2


def test_what_an_update_does_not_name_stays(affinage: CommandLine) -> None:
    before = affinage.json("device", "create", "kept", "--edge", "--show-keys")
    affinage.ok("device", "update", "kept", "--disable", "--reason", "in repair")
    after = affinage.json("device", "show", "kept", "--show-keys")
    assert (after["status"], after["statusReason"]) == ("disabled", "in repair")
    assert after["capabilities"] == before["capabilities"]
    assert keys(after) == keys(before)


def test_new_keys_replace_the_old_ones(affinage: CommandLine) -> None:
    before = affinage.json("device", "create", "renewed", "--show-keys")
    after = affinage.json("device", "update", "renewed", "--new-keys", "--enable", "--show-keys")
    assert set(keys(before).values()).isdisjoint(keys(after).values())
    assert affinage.json("device", "update", "renewed", "--edge")["capabilities"]["iotEdge"]


def test_an_update_must_name_something_and_one_means_of_proof(affinage: CommandLine) -> None:
    assert affinage("device", "update", "any").status == 2
    assert affinage("device", "update", "any", "--new-keys", "--keys", "-").status == 2
    assert affinage("device", "update", "any", "--keys", "-", stdin="one").status == 2


def test_a_list_says_when_a_device_was_last_heard_and_nothing_if_never(
    affinage: CommandLine,
) -> None:
    affinage.ok("device", "create", "listed", "--tag", "a=x[red]")
    listed = affinage.ok("device", "list", "--where", "deviceId = 'listed'").lines
    assert listed[0].split() == ["device", "status", "connection", "last", "activity", "tags"]
    assert listed[1].split() == ["listed", "enabled", "Disconnected", '{"a":', '"x[red]"}']


def test_without_a_command_it_teaches() -> None:
    assert "affinage device" in run("device").out
