"""azure-iot-device for Python, unmodified: what a device or module can do, in each way of the SDK.

That is with and without asyncio, over MQTT on its port and in a WebSocket on that of HTTPS.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from types import ModuleType
from typing import Any, Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.native import NativeClient
from affinage.domain.values import JsonObject
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess, affinage
from fakes.sdk import ITS_WARNINGS, PATIENCE_S, Connect, Desire, client_of, heard, wait_until
from fakes.sdk_ways import WAYS, Way
from fakes.tls import ders, self_signed

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.parametrize("way", WAYS, ids=str, scope="module"),
    *ITS_WARNINGS,
]

SOON_S: Final = 1
"""Seconds between two attempts to connect; the SDK's own 10 are long for a test."""


def test_a_device_connects_with_the_string_that_the_command_line_prints(
    hub: HubProcess, device_sdk: ModuleType, device: str
) -> None:
    printed = affinage("connection-string", "--data", hub.data, "--device", device).stdout
    client = client_of(device_sdk, printed.strip(), hub.ca_file)
    client.connect()
    assert client.get_twin() == {"desired": {"$version": 1}, "reported": {"$version": 1}}
    client.shutdown()


def test_a_device_reports_and_reads_back_what_it_reported(
    connect: Connect, registry: Any, device: str
) -> None:
    client = connect(device)
    client.patch_twin_reported_properties({"firmware": {"version": "1"}, "mode": "eco"})
    client.patch_twin_reported_properties({"firmware": {"version": "2"}, "mode": None})
    told = {"firmware": {"version": "2"}, "$version": 3}
    assert client.get_twin()["reported"] == told
    reported = registry.get_twin(device).properties.reported
    assert reported["firmware"] == told["firmware"]
    assert registry.get_twin(device).connection_state == "Connected"


def test_a_desired_patch_reaches_the_handler(connect: Connect, desire: Desire, device: str) -> None:
    client = connect(device)
    patches = heard(client)
    desire(device, rate=5, mode=None)
    assert patches.get(timeout=PATIENCE_S) == {"rate": 5, "mode": None, "$version": 2}
    assert client.get_twin()["desired"] == {"rate": 5, "$version": 2}


def test_subscriptions_outlive_the_hub(
    hub: HubProcess, connect: Connect, desire: Desire, device: str
) -> None:
    client = connect(device, connection_retry_interval=SOON_S)
    patches = heard(client)
    desire(device, rate=1)
    assert patches.get(timeout=PATIENCE_S)["rate"] == 1
    hub.kill()
    wait_until(lambda: not client.connected)
    hub.start()
    wait_until(lambda: client.connected)
    desire(device, rate=2)
    assert patches.get(timeout=PATIENCE_S) == {"rate": 2, "$version": 3}
    client.patch_twin_reported_properties({"rate": 2})
    assert client.get_twin()["reported"] == {"rate": 2, "$version": 2}


def test_twenty_reports_at_once_are_all_merged(connect: Connect, device: str) -> None:
    client = connect(device)
    with ThreadPoolExecutor(20) as threads:
        [*threads.map(lambda n: client.patch_twin_reported_properties({f"p{n}": n}), range(20))]
    reported = client.get_twin()["reported"]
    assert reported == {f"p{n}": n for n in range(20)} | {"$version": 21}


def test_a_report_that_is_too_large_is_an_error_and_changes_nothing(
    connect: Connect, device_sdk: ModuleType, device: str
) -> None:
    client = connect(device)
    with pytest.raises(device_sdk.exceptions.ClientError):
        client.patch_twin_reported_properties({f"p{n}": "x" * 4000 for n in range(9)})
    assert client.get_twin()["reported"] == {"$version": 1}


def test_a_module_has_a_twin_of_its_own(
    connect: Connect, registry: Any, models: ModuleType, device: str
) -> None:
    registry.create_module_with_sas(device, "pump", "", "", "")
    client = connect(device, "pump")
    patches = heard(client)
    client.patch_twin_reported_properties({"rpm": 900})
    twin = models.Twin(properties=models.TwinProperties(desired={"rpm": 1000}))
    registry.update_module_twin(device, "pump", twin)
    assert patches.get(timeout=PATIENCE_S) == {"rpm": 1000, "$version": 2}
    assert registry.get_module_twin(device, "pump").properties.reported["rpm"] == 900
    assert "rpm" not in registry.get_twin(device).properties.reported


def test_a_device_is_known_by_its_certificate(
    hub: HubProcess, device_sdk: ModuleType, registry: Any, way: Way
) -> None:
    name = f"by-certificate-{way}"
    pem = self_signed(name)
    fingerprint = sha1(ders(pem)[0]).hexdigest()
    registry.create_device_with_x509(name, fingerprint, fingerprint, "enabled")
    client = device_sdk.IoTHubDeviceClient.create_from_x509_certificate(
        device_sdk.X509(str(pem), str(pem)),
        hub.address,
        name,
        server_verification_cert=hub.ca_file.read_text(),
    )
    client.connect()
    assert client.get_twin()["reported"] == {"$version": 1}
    client.shutdown()


def test_an_unknown_certificate_is_refused(
    hub: HubProcess, device_sdk: ModuleType, registry: Any, way: Way
) -> None:
    name = f"by-another-{way}"
    registry.create_device_with_x509(name, "A" * 40, "B" * 40, "enabled")
    pem = str(self_signed(name))
    client = device_sdk.IoTHubDeviceClient.create_from_x509_certificate(
        device_sdk.X509(pem, pem),
        hub.address,
        name,
        server_verification_cert=hub.ca_file.read_text(),
    )
    with pytest.raises(device_sdk.exceptions.CredentialError):
        client.connect()
    client.shutdown()


def test_a_module_is_known_by_its_certificate(
    hub: HubProcess, device_sdk: ModuleType, registry: Any, device: str
) -> None:
    pem = self_signed(f"{device}/pump")
    fingerprint = sha1(ders(pem)[0]).hexdigest()
    registry.create_module_with_x509(device, "pump", "", fingerprint, fingerprint)
    client = device_sdk.IoTHubModuleClient.create_from_x509_certificate(
        device_sdk.X509(str(pem), str(pem)),
        hub.address,
        device,
        "pump",
        server_verification_cert=hub.ca_file.read_text(),
    )
    client.connect()
    client.shutdown()


def test_a_device_is_known_by_its_bare_key(
    hub: HubProcess, device_sdk: ModuleType, device: str
) -> None:
    client = device_sdk.IoTHubDeviceClient.create_from_symmetric_key(
        hub.identity(device).key,
        hub.address,
        device,
        server_verification_cert=hub.ca_file.read_text(),
    )
    client.connect()
    client.disconnect()
    client.patch_twin_reported_properties({"connects": "by itself"})
    client.shutdown()


def test_a_token_that_others_made_is_renewed_when_the_sdk_asks(
    hub: HubProcess, device_sdk: ModuleType, device: str
) -> None:
    def token() -> str:
        string = hub.identity(device)
        assert string.key is not None
        return make_token(string.resource, string.key, int(wall_time().timestamp()) + 124)

    client = device_sdk.IoTHubDeviceClient.create_from_sastoken(
        token(), server_verification_cert=hub.ca_file.read_text()
    )
    asked = threading.Event()
    client.on_new_sastoken_required = asked.set
    client.connect()
    assert asked.wait(PATIENCE_S)  # 120 s before its end
    client.update_sastoken(token())
    assert client.get_twin()["reported"] == {"$version": 1}
    client.shutdown()


def test_a_modules_message_to_an_output_is_acknowledged(
    connect: Connect, registry: Any, device: str
) -> None:
    registry.create_module_with_sas(device, "pump", "", "", "")
    connect(device, "pump").send_message_to_output("22.5", "temperature")


def test_a_message_is_acknowledged(connect: Connect, device: str) -> None:
    connect(device).send_message("22.5")


def test_a_device_answers_a_method(
    hub: HubProcess, connect: Connect, device_sdk: ModuleType, device: str
) -> None:
    client = connect(device)

    def answer(request: Any) -> None:
        told = {"ran": request.name, "with": request.payload}
        made = device_sdk.MethodResponse.create_from_method_request(request, 1000, told)
        client.send_method_response(made)

    client.on_method_request_received = answer
    asked: JsonObject = {"methodName": "reboot", "payload": {"who": "Zoë"}}
    result = hub.operate(lambda operator: operator.invoke(device, asked))
    assert result == {"status": 1000, "payload": {"ran": "reboot", "with": {"who": "Zoë"}}}


def test_a_device_takes_messages_that_waited_and_new_ones(
    hub: HubProcess, connect: Connect, registry: Any, device: str
) -> None:
    def send(body: str) -> None:
        hub.operate(lambda operator: NativeClient(operator).send_message(device, {"body": body}))

    send("waited")
    client = connect(device)
    bodies: queue.Queue[bytes] = queue.Queue()
    client.on_message_received = lambda message: bodies.put(message.data)
    assert bodies.get(timeout=PATIENCE_S) == b"waited"
    send("new")
    assert bodies.get(timeout=PATIENCE_S) == b"new"
    wait_until(lambda: registry.get_device(device).cloud_to_device_message_count == 0)


def test_a_device_that_was_disabled_is_cut_off_and_not_let_in_again(
    connect: Connect, device_sdk: ModuleType, registry: Any, device: str
) -> None:
    client = connect(device, connection_retry=False, auto_connect=False)
    found = registry.get_device(device)
    keys = found.authentication.symmetric_key
    registry.update_device_with_sas(
        device, found.etag, keys.primary_key, keys.secondary_key, "disabled"
    )
    wait_until(lambda: not client.connected)
    with pytest.raises(device_sdk.exceptions.CredentialError):
        client.connect()
