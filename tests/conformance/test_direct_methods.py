"""Direct methods between both Python SDKs, unmodified: asked over HTTPS, answered over MQTT.

What of the SDKs is covered, and what is not: docs/reference/conformance.md.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection
from types import ModuleType
from typing import Any

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, Connect, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

Ask = Callable[..., Any]


@pytest.fixture
def refused() -> Any:
    return pytest.importorskip("msrest.exceptions").HttpOperationError


@pytest.fixture
def ask(registry: Any, models: ModuleType) -> Ask:
    """As a back end, have a device or module run a method."""

    def ask(device: str, method: str, payload: Any = None, module: str = "", **times: int) -> Any:
        request = models.CloudToDeviceMethod(method_name=method, payload=payload, **times)
        if module:
            return registry.invoke_device_module_method(device, module, request)
        return registry.invoke_device_method(device, request)

    return ask


def answering(client: Any, device_sdk: ModuleType, status: int = 200) -> None:
    """Have the client answer every method with its name and payload."""

    def answer(request: Any) -> None:
        told = {"ran": request.name, "with": request.payload}
        client.send_method_response(
            device_sdk.MethodResponse.create_from_method_request(request, status, told)
        )

    client.on_method_request_received = answer


@pytest.mark.parametrize("payload", ["", 7, "text", [1, None], {"delay": 3, "who": "Zoë"}])
def test_a_device_runs_a_method_and_its_answer_comes_back(
    connect: Connect, device_sdk: ModuleType, ask: Ask, device: str, payload: Any
) -> None:
    answering(connect(device), device_sdk, status=1000)
    result = ask(device, "reboot", payload)
    assert (result.status, result.payload) == (1000, {"ran": "reboot", "with": payload})


def test_a_module_runs_a_method_of_its_own(
    connect: Connect, device_sdk: ModuleType, registry: Any, ask: Ask, device: str
) -> None:
    registry.create_module_with_sas(device, "pump", "", "", "")
    answering(connect(device, "pump"), device_sdk)
    assert ask(device, "stop", module="pump").payload["ran"] == "stop"


def test_a_device_is_waited_for(
    connect: Connect, device_sdk: ModuleType, ask: Ask, device: str
) -> None:
    with ThreadPoolExecutor(1) as apart:
        call = apart.submit(ask, device, "stop", connect_timeout_in_seconds=60)
        answering(connect(device), device_sdk)
        assert call.result().status == 200


def test_ten_methods_run_at_once(
    connect: Connect, device_sdk: ModuleType, ask: Ask, device: str
) -> None:
    answering(connect(device), device_sdk)
    with ThreadPoolExecutor(10) as apart:
        results = [*apart.map(lambda number: ask(device, "stop", number), range(10))]
    assert [result.payload["with"] for result in results] == [*range(10)]


def test_who_is_not_online_is_said_to_be_so(ask: Ask, device: str, refused: Any) -> None:
    """METHOD-10: the form that the field's own hub answers with."""
    with pytest.raises(refused) as refusal:
        ask(device, "stop")
    answer = refusal.value.response
    assert (answer.status_code, answer.headers["iothub-errorcode"]) == (404, "DeviceNotOnline")
    assert json.loads(answer.json()["Message"])["errorCode"] == 404103


def test_who_does_not_exist_is_told_apart(ask: Ask, device: str, refused: Any) -> None:
    for module, name in ("", "DeviceNotFound"), ("none", "ModuleNotFound"):
        with pytest.raises(refused) as refusal:
            ask(device if module else "nobody", "stop", module=module)
        assert refusal.value.response.headers["iothub-errorcode"] == name


def test_a_device_that_goes_before_it_has_answered_is_told(
    connect: Connect, ask: Ask, device: str, refused: Any
) -> None:
    client = connect(device)
    asked: list[Any] = []
    client.on_method_request_received = asked.append
    with ThreadPoolExecutor(1) as apart:
        call = apart.submit(ask, device, "stop")
        wait_until(lambda: bool(asked))
        client.disconnect()
        with pytest.raises(refused) as refusal:
            call.result()
    name = refusal.value.response.headers["iothub-errorcode"]
    assert name == "DeviceConnectionClosedRemotely"


def test_a_device_that_does_not_answer_is_not_waited_for_longer(
    connect: Connect, ask: Ask, device: str, refused: Any
) -> None:
    client = connect(device)
    asked: list[Any] = []
    client.on_method_request_received = asked.append
    with pytest.raises(refused) as refusal:
        ask(device, "stop", response_timeout_in_seconds=5)
    assert refusal.value.response.headers["iothub-errorcode"] == "GatewayTimeout"
    assert [request.name for request in asked] == ["stop"], "it was asked again"


def test_who_hangs_up_is_not_waited_for(
    hub: HubProcess, registry: Any, ask: Ask, device: str, refused: Any
) -> None:
    """METHOD-11, METHOD-15: else the device would have all the calls that it may have."""
    token = hub.policy()
    assert token.key is not None
    signed = make_token(hub.address, token.key, int(wall_time().timestamp()) + 600, token.policy)
    body = json.dumps({"methodName": "stop", "connectTimeoutInSeconds": 300})
    for _ in range(10):
        line = HTTPSConnection(hub.address, hub.https_port, context=hub.context)
        path = f"/twins/{device}/methods?api-version=2021-04-12"
        line.request("POST", path, body, {"Authorization": signed})
        line.close()

    def name() -> str:
        with pytest.raises(refused) as refusal:
            ask(device, "stop")
        answer: str = refusal.value.response.headers["iothub-errorcode"]
        return answer

    wait_until(lambda: name() == "DeviceNotOnline")
