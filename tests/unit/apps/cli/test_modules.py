from affinage.apps.cli.identities import HIDDEN
from fakes.command_line import CommandLine


def test_a_module_is_made_shown_listed_and_deleted(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "host")
    assert affinage.json("module", "create", "host", "logger")["moduleId"] == "logger"
    assert affinage.json("module", "show", "host", "logger")["deviceId"] == "host"
    listed = affinage.ok("module", "list", "host").lines
    assert listed[1].split() == ["logger", "Disconnected", "sas"]
    affinage.ok("module", "delete", "host", "logger")
    assert affinage.json("module", "list", "host") == []


def test_keys_of_modules_are_hidden_in_lists_too(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "safe")
    affinage.ok("module", "create", "safe", "logger")
    (shown,) = affinage.json("module", "list", "safe")
    assert set(shown["authentication"]["symmetricKey"].values()) == {HIDDEN}


def test_what_an_update_does_not_name_stays(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "kept")
    before = affinage.json("module", "create", "kept", "m", "--managed-by", "me", "--show-keys")
    after = affinage.json("module", "update", "kept", "m", "--new-keys", "--show-keys")
    assert after["managedBy"] == "me"
    assert after["authentication"] != before["authentication"]
    again = affinage.json("module", "update", "kept", "m", "--managed-by", "you", "--show-keys")
    assert again["managedBy"] == "you"
    assert again["authentication"] == after["authentication"]


def test_a_module_may_be_admitted_by_certificate(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "certified")
    made = affinage.json("module", "create", "certified", "m", "--thumbprint", "a" * 40)
    assert made["authentication"]["type"] == "selfSigned"


def test_a_module_that_is_not_there_is_not_shown(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "empty")
    answer = affinage("module", "show", "empty", "logger")
    assert answer.status == 1
    assert "affinage module list" in answer.err


def test_an_update_must_name_something(affinage: CommandLine) -> None:
    assert affinage("module", "update", "any", "any").status == 2
