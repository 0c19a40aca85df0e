from pathlib import Path

import pytest
import typer

from affinage.apps.cli.identities import HIDDEN, authentication, shown, write, write_one
from affinage.apps.cli.reach import ask
from affinage.clients.service import ServiceError
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine

KEYS: JsonObject = {"primaryKey": "YQ==", "secondaryKey": "Yg=="}


def test_nothing_said_of_a_proof_is_none() -> None:
    assert authentication() is None


def test_new_keys_are_the_hubs_to_make() -> None:
    means = {"primaryKey": None, "secondaryKey": None}
    assert authentication(new_keys=True) == {"type": "sas", "symmetricKey": means}


def test_who_an_authority_signed_for_needs_nothing_more() -> None:
    assert authentication(by_authority=True) == {"type": "certificateAuthority"}
    with pytest.raises(typer.BadParameter, match="name one of"):
        authentication(by_authority=True, new_keys=True)


def test_own_keys_are_two_lines(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("YQ==\nYg==\n")
    assert authentication(file) == {"type": "sas", "symmetricKey": KEYS}
    file.write_text("YQ==")
    with pytest.raises(typer.BadParameter, match="1 of 2 keys") as caught:
        authentication(file)
    assert "YQ==" not in str(caught.value)


def test_a_certificate_may_have_a_successor() -> None:
    assert authentication(thumbprints=["aa"]) == {
        "type": "selfSigned",
        "x509Thumbprint": {"primaryThumbprint": "aa"},
    }
    with pytest.raises(typer.BadParameter, match="at most two"):
        authentication(thumbprints=["aa", "bb", "cc"])


def test_of_entries_those_refused_are_given_back(affinage: CommandLine) -> None:
    entries: list[JsonObject] = [{"id": "a"}, {"id": "b b"}]
    refusals = ask(affinage.folder, lambda hub: write(hub, entries))
    assert [(one.status, one.code) for one in refusals] == [(400, "ArgumentInvalid")]
    assert affinage.json("device", "show", "a")["deviceId"] == "a"


def test_a_single_entry_that_is_refused_is_raised(affinage: CommandLine) -> None:
    ask(affinage.folder, lambda hub: write_one(hub, {"id": "once"}))
    with pytest.raises(ServiceError) as caught:
        ask(affinage.folder, lambda hub: write_one(hub, {"id": "once"}))
    assert (caught.value.status, caught.value.code) == (409, "DeviceAlreadyExists")


def test_one_proof_is_enough() -> None:
    with pytest.raises(typer.BadParameter, match="name one of"):
        authentication(thumbprints=["aa"], new_keys=True)


def test_keys_are_hidden_and_nothing_else() -> None:
    identity: JsonObject = {
        "deviceId": "a",
        "authentication": {"symmetricKey": KEYS, "type": "sas"},
    }
    hidden = {"primaryKey": HIDDEN, "secondaryKey": HIDDEN}
    assert shown(identity, show_keys=True) == identity
    assert shown(identity, show_keys=False) == {
        "deviceId": "a",
        "authentication": {"symmetricKey": hidden, "type": "sas"},
    }


def test_where_there_are_no_keys_none_are_hidden() -> None:
    none: JsonObject = {"symmetricKey": {"primaryKey": None, "secondaryKey": None}}
    assert shown({"authentication": none}, show_keys=False) == {"authentication": none}
    assert shown({"deviceId": "a"}, show_keys=False) == {"deviceId": "a"}
