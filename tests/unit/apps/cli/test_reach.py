import asyncio
from pathlib import Path

import pytest

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.clock import wall_time
from affinage.apps.cli.reach import (
    CA_FILE,
    CONNECTION_STRING,
    HTTPS,
    MQTT,
    ask,
    own_id_scope,
    reach,
)
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject
from fakes.authority import authority
from fakes.command_line import CommandLine

OWNER = "HostName=hub.test;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0"


def test_a_data_folder_tells_all(affinage: CommandLine) -> None:
    found = reach(affinage.folder, {CONNECTION_STRING: OWNER})
    assert (found.hub.host, found.hub.policy) == ("localhost", "iothubowner")
    assert found.address == "127.0.0.1"
    assert found.https_port != found.mqtt_port


def test_work_is_done_with_a_client_of_that_hub(affinage: CommandLine) -> None:
    assert ask(affinage.folder, lambda hub: hub.list_devices()) == []


def test_the_environment_names_a_hub_elsewhere() -> None:
    ports = {HTTPS: "8443", MQTT: "8884"}
    ca_file = {CA_FILE: str(authority().ca_file)}
    found = reach(None, {CONNECTION_STRING: OWNER, **ca_file, **ports})
    assert found.hub.text == OWNER
    assert (found.address, found.https_port, found.mqtt_port) == (None, 8443, 8884)
    assert len(found.context.get_ca_certs()) == 1


def test_without_ports_and_authority_they_are_the_public_ones() -> None:
    found = reach(None, {CONNECTION_STRING: OWNER})
    assert (found.https_port, found.mqtt_port) == (443, 8883)


def test_else_it_is_the_hub_over_the_folder_at_hand(
    affinage: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "affinage-data").symlink_to(affinage.folder)
    monkeypatch.chdir(tmp_path)
    assert reach(None, {}).hub == reach(affinage.folder, {}).hub


def test_if_nothing_names_a_hub_the_ways_to_do_so_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match=f"--data DIR.*{CONNECTION_STRING}"):
        reach(None, {})


def test_a_device_has_no_right_to_command() -> None:
    with pytest.raises(Invalid, match="a device's"):
        reach(None, {CONNECTION_STRING: "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0"})


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "²"])
def test_a_port_must_be_one(port: str) -> None:
    with pytest.raises(Invalid, match="from 1 to 65535"):
        reach(None, {CONNECTION_STRING: OWNER, HTTPS: port})


def test_the_id_scope_is_in_the_folder_or_must_be_told(affinage: CommandLine) -> None:
    scope = affinage.ok("connection-string", "--id-scope").out.strip()
    assert own_id_scope(affinage.folder, {CONNECTION_STRING: OWNER}) == scope
    with pytest.raises(Invalid, match="say --id-scope"):
        own_id_scope(None, {CONNECTION_STRING: OWNER})


def test_what_is_no_connection_string_is_refused_without_being_told() -> None:
    with pytest.raises(Invalid, match=CONNECTION_STRING) as caught:
        reach(None, {CONNECTION_STRING: "HostName=h;SharedAccessKey=c2VjcmV0"})
    assert "c2VjcmV0" not in str(caught.value)


def test_a_hub_that_was_given_its_certificate_is_believed_by_that(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "given")
    made.ensure(("localhost", "127.0.0.1"), wall_time())
    leaf_alone = tmp_path / "hub.pem"
    leaf_alone.write_text(
        made.server.read_text().split("-----END")[0] + "-----END CERTIFICATE-----"
    )
    settings = HubSettings(
        tmp_path / "data", https_port=0, mqtt_port=0, certificate=leaf_alone, key=made.server_key
    )

    async def listed() -> list[JsonObject]:
        async with Hub(settings), reach(settings.data, {}).service() as hub:
            return await hub.list_devices()

    assert asyncio.run(listed()) == []
