"""azure-iot-hub for Python, unmodified, over HTTPS: digital twins and their commands.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

from types import ModuleType
from typing import Any, Final

import pytest

from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, Connect

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

MODEL: Final = "dtmi:com:example:TemperatureController;1"
"""The device SDK sends as model-id a product_info that begins as a model id does."""


@pytest.fixture(scope="module")
def twins(hub: HubProcess) -> Any:
    sdk = pytest.importorskip("azure.iot.hub")
    return sdk.DigitalTwinClient.from_connection_string(hub.policy("service").text)


@pytest.fixture
def refused() -> Any:
    return pytest.importorskip("msrest.exceptions").HttpOperationError


def test_a_model_is_announced_and_found(
    twins: Any, registry: Any, models: ModuleType, connect: Connect, device: str
) -> None:
    connect(device, product_info=MODEL)
    query = models.QuerySpecification(query=f"SELECT * FROM devices WHERE modelId = '{MODEL}'")
    assert [twin.device_id for twin in registry.query_iot_hub(query).items] == [device]
    found = twins.get_digital_twin(device)
    assert (found["$dtId"], found["$metadata"]["$model"]) == (device, MODEL)


def test_properties_and_components_are_written_and_acknowledged(
    twins: Any, connect: Connect, device: str
) -> None:
    client = connect(device, product_info=MODEL)
    wanted = {"op": "add", "path": "/thermostat1/targetTemperature", "value": 21.5}
    twins.update_digital_twin(device, [wanted])
    version = client.get_twin()["desired"]["$version"]
    done = {"value": 21.5, "ac": 200, "av": version, "ad": "done"}
    client.patch_twin_reported_properties({"thermostat1": {"__t": "c", "targetTemperature": done}})
    found = twins.get_digital_twin(device)["thermostat1"]
    assert found["targetTemperature"] == 21.5
    told = found["$metadata"]["targetTemperature"]
    assert (told["desiredValue"], told["desiredVersion"], told["ackVersion"], told["ackCode"]) == (
        21.5,
        version,
        version,
        200,
    )


def test_a_patch_on_an_old_etag_or_of_what_is_not_there_is_refused(
    twins: Any, registry: Any, refused: Any, device: str
) -> None:
    old = registry.get_twin(device).etag
    twins.update_digital_twin(device, [{"op": "add", "path": "/a", "value": 1}], f'"{old}"')
    for patch, etag, name in (
        ([{"op": "replace", "path": "/a", "value": 2}], f'"{old}"', "PreconditionFailed"),
        ([{"op": "remove", "path": "/b"}], None, "InvalidDigitalTwinPatch"),
    ):
        with pytest.raises(refused) as refusal:
            twins.update_digital_twin(device, patch, etag)
        assert refusal.value.response.headers["iothub-errorcode"] == name
    assert twins.get_digital_twin(device)["$metadata"]["a"]["desiredValue"] == 1


def test_commands_are_carried_out(
    twins: Any, connect: Connect, device_sdk: ModuleType, refused: Any, device: str
) -> None:
    with pytest.raises(refused) as refusal:
        twins.invoke_command(device, "reboot", {"delay": 1})
    assert refusal.value.response.headers["iothub-errorcode"] == "DeviceNotOnline"
    client = connect(device, product_info=MODEL)

    def answer(asked: Any) -> None:
        told = {"ran": asked.name, "with": asked.payload}
        make = device_sdk.MethodResponse.create_from_method_request
        client.send_method_response(make(asked, 200, told))

    client.on_method_request_received = answer
    told = twins.invoke_command(device, "reboot", {"delay": 1}, 10, 10)
    assert told == {"ran": "reboot", "with": {"delay": 1}}
    told = twins.invoke_component_command(device, "fan", "stop", 3)
    assert told == {"ran": "fan*stop", "with": 3}
