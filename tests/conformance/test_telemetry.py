"""What azure-iot-device sends, as the feed has it: each property, and whose it is."""

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from affinage.clients.native import NativeClient
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, Connect

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]


def told(hub: HubProcess, device: str) -> list[Any]:
    """The messages of a device, and of its modules."""
    page: Any = hub.operate(
        lambda client: NativeClient(client).events("0", kind="telemetry", device=device)
    )
    return list(page["events"])


def test_every_property_of_a_message_arrives(
    hub: HubProcess, connect: Connect, device_sdk: ModuleType, registry: Any, device: str
) -> None:
    """EVENT-1 to EVENT-3, MQTT-26"""
    message = device_sdk.Message(
        '{"t": 21.5}', "id-1", content_encoding="utf-8", content_type="application/json"
    )
    message.correlation_id, message.user_id = "of/1", "Berthe & Cie"
    message.expiry_time_utc = datetime(2030, 1, 2, tzinfo=UTC)
    message.custom_properties = {"cave": "n° 3", "a=b&c": "/?#%"}
    connect(device).send_message(message)
    (event,) = told(hub, device)
    generation = registry.get_device(device).generation_id
    assert (event["bodyIs"], event["body"]) == ("json", {"t": 21.5})
    assert event["properties"] == {"cave": "n° 3", "a=b&c": "/?#%"}
    system = event["systemProperties"]
    assert system.pop("iothub-enqueuedtime") == event["at"]
    assert system == {
        "message-id": "id-1",
        "correlation-id": "of/1",
        "user-id": "Berthe & Cie",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "absolute-expiry-time": "2030-01-02T00:00:00+00:00",
        "iothub-connection-device-id": device,
        "iothub-connection-auth-generation-id": generation,
        "iothub-connection-auth-method": (
            '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}'
        ),
        "iothub-message-source": "Telemetry",
    }


def test_an_output_of_a_module_has_its_name(
    hub: HubProcess, connect: Connect, registry: Any, device: str
) -> None:
    """EVENT-2, EVENT-3"""
    registry.create_module_with_sas(device, "pump", "", "", "")
    connect(device, "pump").send_message_to_output("22.5", "temperature")
    (event,) = told(hub, device)
    assert (event["moduleId"], event["body"]) == ("pump", "22.5")
    system = event["systemProperties"]
    assert system["iothub-outputname"] == "temperature"
    assert system["iothub-connection-module-id"] == "pump"
    assert '"scope":"module"' in system["iothub-connection-auth-method"]


def test_a_hub_that_was_killed_goes_on_keeping_what_comes_in_order(
    hub: HubProcess, connect: Connect, device: str
) -> None:
    """EVENT-8, MQTT-40"""
    client = connect(device)
    for number in range(5):
        client.send_message(str(number))
    hub.kill()
    hub.start()
    for number in range(5, 10):
        client.send_message(str(number))
    assert [event["body"] for event in told(hub, device)] == [str(n) for n in range(10)]


def test_the_hub_knows_what_its_devices_run(hub: HubProcess, connect: Connect, device: str) -> None:
    """MQTT-59, QUERY-51"""
    connect(device, product_info="cave/1.0")
    text = f"SELECT productInfo FROM devices WHERE deviceId = '{device}'"

    async def asked(client: Any) -> list[Any]:
        return [row async for row in client.query(text)]

    (row,) = hub.operate(asked)
    assert row["productInfo"].startswith("azure-iot-device-iothub-py/2")
    assert row["productInfo"].endswith("cave/1.0")
