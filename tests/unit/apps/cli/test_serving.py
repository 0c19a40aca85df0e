from pathlib import Path
from typing import Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.tokens import parse, verify
from fakes.command_line import CommandLine, run

DAY_S: Final = 86_400


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


def test_a_token_is_a_policys_and_lasts_as_long_as_is_asked_for(affinage: CommandLine) -> None:
    key = ConnectionString.parse(affinage.ok("connection-string").out.strip()).key or ""
    text = affinage.ok("token", "--policy", "iothubowner", "--days", "2").out.strip()
    token, now = parse(text), wall_time().timestamp()
    assert 1.9 * DAY_S < token.expiry - now <= 2 * DAY_S
    verify(token, resource="localhost/metrics", keys=[key], now=now)


@pytest.mark.parametrize("days", ["0", "3651", "soon"])
def test_a_token_lasts_a_day_or_more_and_not_for_ever(affinage: CommandLine, days: str) -> None:
    assert affinage("token", "--days", days).status == 2
