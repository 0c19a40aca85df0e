"""The tutorial and the how-tos, followed to the letter, each in a folder of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import node
from affinage.domain.values import JsonObject
from affinage.testing.hubs import RunningHub, running_hub
from fakes.node_device import installed
from fakes.reader import Reader

pytestmark = pytest.mark.system

FANS: Final[JsonObject] = {
    "id": "fans",
    "targetCondition": "tags.ring = 'canary'",
    "priority": 10,
    "content": {"deviceContent": {"properties.desired.fan": {"speed": 3}}},
}

DOCS: Final = Path(__file__).parents[2] / "docs"


@pytest.fixture
def sdk() -> None:
    """The page wants Microsoft's SDKs."""
    for name in ("azure.iot.device", "azure.iot.hub"):
        pytest.importorskip(name, reason="the SDK is not installed")


def served_at(address: str) -> dict[str, str]:
    """`affinage serve` at an address of the test's own, where every port is free."""
    return {"affinage serve": f"affinage serve --host {address} --hostname {address}"}


def test_the_tutorial(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "tutorial.md")


def test_simulate(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "howto/simulate.md")


def test_run_a_hub(tmp_path: Path, address: str) -> None:
    here = {
        "/var/lib/affinage": str(tmp_path / "data"),
        "hub.example.com": address,
        "0.0.0.0": address,
    }
    with Reader(tmp_path, here) as reader:
        reader.follow(DOCS / "howto/run-a-hub.md")


def test_back_up_and_restore(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "howto/back-up-and-restore.md")


def test_audit(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "howto/audit.md")


def test_follow_events(tmp_path: Path, address: str) -> None:
    with Reader(tmp_path, {**served_at(address), "localhost": address}) as reader:
        reader.follow(DOCS / "howto/follow-events.md")


def test_forward_telemetry(tmp_path: Path, address: str) -> None:
    here = {"127.0.0.1": address, "affinage serve": f"affinage serve --host {address}"}
    with Reader(tmp_path, here) as reader:
        reader.follow(DOCS / "howto/forward-telemetry.md")


def test_rotate_keys(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "howto/rotate-keys.md")


@pytest.mark.parametrize("page", ["group-devices", "apply-files", "replace-a-device"])
def test_groups_files_and_successors(tmp_path: Path, page: str) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / f"howto/{page}.md")


def test_run_jobs(tmp_path: Path) -> None:
    ports = {"affinage serve": "affinage serve --https-port 0 --mqtt-port 0"}
    with Reader(tmp_path, ports) as reader:
        reader.follow(DOCS / "howto/run-jobs.md")


@pytest.mark.usefixtures("sdk")
def test_connect_a_device(tmp_path: Path, address: str) -> None:
    with Reader(tmp_path, served_at(address)) as reader:
        reader.follow(DOCS / "howto/connect-a-device.md")


@pytest.mark.usefixtures("sdk")
def test_only_443(tmp_path: Path, address: str) -> None:
    with Reader(tmp_path, {**served_at(address), "localhost": address}) as reader:
        reader.follow(DOCS / "howto/only-443.md")


@pytest.mark.usefixtures("sdk")
def test_upload_files(tmp_path: Path, address: str) -> None:
    pytest.importorskip("azure.storage.blob", reason="the storage client is not installed")
    with Reader(tmp_path, served_at(address)) as reader:
        reader.follow(DOCS / "howto/upload-files.md")


@pytest.mark.usefixtures("sdk")
def test_x509(tmp_path: Path, address: str) -> None:
    here = {**served_at(address), "localhost": address}
    with Reader(tmp_path, here) as reader:
        reader.follow(DOCS / "howto/x509.md")


@pytest.mark.usefixtures("sdk")
def test_provision_devices(tmp_path: Path, address: str) -> None:
    here = {**served_at(address), "localhost": address}
    with Reader(tmp_path, here) as reader:
        reader.follow(DOCS / "howto/provision-devices.md")


def test_connect_node(tmp_path: Path, address: str) -> None:
    here = {
        "npm install": "true",  # they are installed, beside Python's
        "node chiller.js": f"{installed()} chiller.js",
    }
    packages = {"NODE_PATH": str(node.INSTALLED / "node_modules")}
    with Reader(tmp_path, {**served_at(address), **here}, packages) as reader:
        reader.follow(DOCS / "howto/connect-node.md")


def test_connect_any_mqtt_client(tmp_path: Path, address: str) -> None:
    if shutil.which("mosquitto_rr") is None:
        pytest.skip("mosquitto's clients are not installed")
    with Reader(tmp_path, {**served_at(address), "localhost": address}) as reader:
        reader.follow(DOCS / "howto/connect-any-mqtt-client.md")


@pytest.mark.usefixtures("sdk")
def test_call_and_message_devices(tmp_path: Path, address: str) -> None:
    with Reader(tmp_path, served_at(address)) as reader:
        reader.follow(DOCS / "howto/call-and-message-devices.md")


@pytest.mark.usefixtures("sdk")
def test_create_configurations(tmp_path: Path, address: str) -> None:
    with Reader(tmp_path, served_at(address)) as reader:
        reader.follow(DOCS / "howto/create-configurations.md")


@pytest.mark.usefixtures("sdk")
def test_test_against_a_hub(tmp_path: Path, address: str) -> None:
    here = {"pip install": "echo", "127.0.0.1": address}
    with Reader(tmp_path, here) as reader:
        reader.follow(DOCS / "howto/test-against-a-hub.md")


@pytest.fixture
def old_hub() -> Iterator[RunningHub]:
    """A hub to move from: two pumps, one below a gateway and with a module, and a configuration."""
    with running_hub() as hub:
        hub.device("gateway-1", capabilities={"iotEdge": True})
        scope = hub.operate(lambda client: client.get_device("gateway-1"))["deviceScope"]
        hub.device("pump-1", deviceScope=scope, tags={"ring": "canary"})
        hub.device("pump-2", status="disabled")
        hub.module("pump-1", "valve")
        hub.operate(lambda client: client.create_configuration(FANS))
        yield hub


@pytest.mark.usefixtures("sdk")
def test_move_from_azure(tmp_path: Path, address: str, old_hub: RunningHub) -> None:
    here = {
        "HostName=yours.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=…": (
            old_hub.connection_string()
        ),
        "hub.example.com": address,
        "0.0.0.0": address,
    }
    trusted = {"REQUESTS_CA_BUNDLE": str(old_hub.ca_file)}  # as everybody trusts Azure's
    with Reader(tmp_path, here, trusted) as reader:
        reader.follow(DOCS / "howto/move-from-azure.md")
