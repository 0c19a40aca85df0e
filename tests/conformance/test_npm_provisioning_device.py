"""azure-iot-provisioning-device for Node.js, unmodified: over MQTT, WebSocket and HTTPS.

All devices of this file register at once, in one process: the SDK waits seconds for each.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any, Final

import pytest

import node
from affinage.domain.values import JsonObject
from fakes.enrolling import (
    KEY,
    certified,
    custom,
    derived,
    enroll,
    enroll_group,
    leaf_of_today,
    scope_of,
    symmetric,
)
from fakes.enrolling import authority_of_today as authority
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

TRANSPORTS: Final = ("Mqtt", "MqttWs", "Http")
PACKAGES: Final = ("azure-iot-provisioning-device", "azure-iot-provisioning-device-http")
PATIENCE_S: Final = 120

Told = Mapping[str, Any]


@pytest.fixture(scope="module")
def told(hub: HubProcess) -> Told:
    """What the SDK said of each device."""
    devices = [device for transport in TRANSPORTS for device in enrolled(hub, transport)]
    place = {"host": hub.address, "scope": scope_of(hub)}
    said = script(hub, [{**place, **device} for device in devices])
    return {one["name"]: one for one in map(json.loads, said.splitlines())}


def enrolled(hub: HubProcess, transport: str) -> list[JsonObject]:
    """The devices that register over that transport, once the hub knows what it is to know."""
    own, member, signed = f"own-{transport}", f"member-{transport}", f"signed-{transport}"
    shown, stranger = f"shown-{transport}", f"stranger-{transport}"
    enroll(hub, own, symmetric(initialTwin={"tags": {"line": 7}}))
    enroll_group(hub, f"group-{transport}", symmetric())
    enroll(hub, f"wrong-{transport}", symmetric())
    enroll(hub, f"unchosen-{transport}", custom())
    certificate = leaf_of_today(shown)
    enroll(hub, shown, certified("clientCertificates", certificate))
    signing = authority(f"Signing {transport}")
    enroll_group(hub, f"certified-{transport}", certified("signingCertificates", signing))
    of_group = leaf_of_today(signed, signing).file(signing).read_text()
    by: list[JsonObject] = [
        {"name": own, "key": KEY, "payload": {"serial": "P-17"}},
        {"name": member, "key": derived(member)},
        {"name": shown, "certificate": certificate.file().read_text()},
        {"name": signed, "certificate": of_group},
        {"name": f"wrong-{transport}", "key": "d3JvbmcgaW4gYW55IGNhc2U="},
        {"name": stranger, "key": KEY},
        {"name": f"unchosen-{transport}", "key": KEY},
    ]
    return [{**device, "transport": transport} for device in by]


def script(hub: HubProcess, devices: list[JsonObject]) -> str:
    program = node.node()
    modules = node.INSTALLED / "node_modules"
    if program is None or not all((modules / package).exists() for package in PACKAGES):
        pytest.skip("Node.js or its packages are not installed: make .venv/npm")
    done = subprocess.run(
        [program, node.PROJECT / "register.js"],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ
        | hub.environment
        | {"NODE_PATH": str(modules), "DEVICES": json.dumps(devices)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ["own", "member", "shown", "signed"])
def test_d1_a_device_registers(told: Told, hub: HubProcess, kind: str, transport: str) -> None:
    name = f"{kind}-{transport}"
    assert "error" not in told[name], told[name]
    result = told[name]["result"]
    assert (result["status"], result["assignedHub"]) == ("assigned", hub.address)
    assert result["deviceId"] == name.lower()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ["wrong", "stranger"])
def test_d2_who_has_no_proof_is_unauthorized(told: Told, kind: str, transport: str) -> None:
    assert told[f"{kind}-{transport}"]["error"]["name"] == "UnauthorizedError"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_d4_a_webhook_that_fails_fails_the_registration(told: Told, transport: str) -> None:
    """PROV-35, PROV-42"""
    error = told[f"unchosen-{transport}"]["error"]
    assert error["name"] == "ProvisioningRegistrationFailedError", error


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_d1_the_device_is_there_with_its_twin(told: Told, hub: HubProcess, transport: str) -> None:
    assert f"own-{transport}" in told
    twin: Any = hub.operate(lambda client: client.get_twin(f"own-{transport}".lower()))
    assert twin["tags"] == {"line": 7}
