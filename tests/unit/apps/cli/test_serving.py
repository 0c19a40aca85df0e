from pathlib import Path

from fakes.command_line import CommandLine, run


def test_connection_strings_are_printed_alone_for_policies_devices_and_modules(
    affinage: CommandLine,
) -> None:
    affinage.ok("device", "create", "pump")
    affinage.ok("module", "create", "pump", "valve")
    owner = affinage.ok("connection-string").out
    policy = affinage.ok("connection-string", "--policy", "service").out
    module = affinage.ok("connection-string", "--device", "pump", "--module", "valve").out
    assert owner.startswith("HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=")
    assert ";SharedAccessKeyName=service;" in policy
    assert ";DeviceId=pump;ModuleId=valve;" in module
    assert owner.count("\n") == 1


def test_one_connection_string_is_asked_for_at_a_time(affinage: CommandLine) -> None:
    both = ("--policy", "service", "--device", "pump")
    assert affinage("connection-string", *both).status == 2
    assert affinage("connection-string", "--module", "valve").status == 2


def test_a_policy_that_there_is_not_is_refused_with_those_that_there_are(
    affinage: CommandLine,
) -> None:
    answer = affinage("connection-string", "--policy", "chef")
    assert answer.status == 1
    assert "iothubowner" in answer.err


def test_a_hub_is_not_served_from_settings_that_there_are_not(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("colour = 'red'")
    answer = run("serve", "--config", str(tmp_path / "hub.toml"))
    assert answer.status == 1
    assert "no setting colour" in answer.err
