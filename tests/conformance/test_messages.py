"""Messages to devices with both Python SDKs, unmodified: sent over HTTPS, taken over MQTT.

To send one takes AMQP in the service SDK; here it is sent at our own door. What of the SDKs is
covered, and what is not: docs/reference/conformance.md.
"""

import queue
from types import ModuleType
from typing import Any

import pytest

from affinage.clients.native import NativeClient
from affinage.domain.values import JsonObject, JsonValue
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, PATIENCE_S, Connect, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

SOON_S = 1


@pytest.fixture
def feedback(hub: HubProcess) -> Any:
    """The service SDK, as far as it speaks of messages over HTTPS."""
    sdk = pytest.importorskip("azure.iot.hub", reason="the SDK is not installed")
    return sdk.IoTHubHttpRuntimeManager.from_connection_string(hub.policy().text)


def send(hub: HubProcess, device: str, body: str, **said: JsonValue) -> JsonObject:
    document: JsonObject = {"body": body, **said}
    return hub.operate(lambda client: NativeClient(client).send_message(device, document))


def received(client: Any) -> "queue.Queue[Any]":
    """What the client is told from now on, in order."""
    messages: queue.Queue[Any] = queue.Queue()
    client.on_message_received = messages.put
    return messages


def bodies(messages: "queue.Queue[Any]", count: int) -> list[str]:
    return [messages.get(timeout=PATIENCE_S).data.decode() for _ in range(count)]


def waits_for(registry: Any, device: str) -> int:
    count: int = registry.get_device(device).cloud_to_device_message_count
    return count


def test_a_message_arrives_with_its_properties(
    hub: HubProcess, connect: Connect, registry: Any, device: str
) -> None:
    messages = received(connect(device))
    system = {"messageId": "m-1", "correlationId": "c", "userId": "u", "ack": "full"}
    types = {"contentType": "text/plain", "contentEncoding": "utf-8"}
    send(hub, device, "wärmer", properties={"zone": "a/b &c", "empty": ""}, **system, **types)
    message = messages.get(timeout=PATIENCE_S)
    assert (message.data.decode(), message.ack) == ("wärmer", "full")
    assert message.custom_properties == {"zone": "a/b &c", "empty": ""}
    assert (message.message_id, message.correlation_id, message.user_id) == ("m-1", "c", "u")
    assert (message.content_type, message.content_encoding) == ("text/plain", "utf-8")
    assert message.expiry_time_utc is not None
    wait_until(lambda: waits_for(registry, device) == 0)


def test_messages_wait_for_a_device_in_order_and_outlive_the_hub(
    hub: HubProcess, connect: Connect, registry: Any, device: str
) -> None:
    client = connect(device, connection_retry_interval=SOON_S)
    messages = received(client)
    send(hub, device, "before")
    assert bodies(messages, 1) == ["before"]
    wait_until(lambda: waits_for(registry, device) == 0)
    client.disconnect()
    for number in range(20):
        send(hub, device, str(number))
    hub.kill()
    hub.start()
    assert waits_for(registry, device) == 20
    client.connect()
    assert bodies(messages, 20) == [str(number) for number in range(20)]
    wait_until(lambda: waits_for(registry, device) == 0)
    assert messages.empty()


def test_a_connected_device_goes_on_taking_messages_after_the_hub_was_killed(
    hub: HubProcess, connect: Connect, registry: Any, device: str
) -> None:
    client = connect(device, connection_retry_interval=SOON_S)
    messages = received(client)
    send(hub, device, "first")
    assert bodies(messages, 1) == ["first"]
    wait_until(lambda: waits_for(registry, device) == 0)  # else it comes again, as it must
    hub.kill()
    wait_until(lambda: not client.connected)
    hub.start()
    wait_until(lambda: client.connected)
    send(hub, device, "second")
    assert bodies(messages, 1) == ["second"]


def test_feedback_comes_to_who_asks_over_https(
    hub: HubProcess, connect: Connect, feedback: Any, device: str
) -> None:
    messages = received(connect(device))
    send(hub, device, "x", messageId=device, ack="positive")
    bodies(messages, 1)
    answers: list[Any] = []

    def has_come() -> bool:
        receive = feedback.protocol.cloud_to_device_messages.receive_feedback_notification
        answers.append(receive(raw=True).response)
        return answers[-1].status_code == 200 and device in answers[-1].text

    wait_until(has_come)
    record = answers[-1].json()[-1]
    assert (record["originalMessageId"], record["statusCode"]) == (device, "Success")
    feedback.abandon_feedback_notification(answers[-1].headers["ETag"].strip('"'))
    assert has_come()
    feedback.complete_feedback_notification(answers[-1].headers["ETag"].strip('"'))
    assert not has_come()


def test_what_waits_is_purged(
    hub: HubProcess, connect: Connect, registry: Any, models: ModuleType, device: str
) -> None:
    for body in "abc":
        send(hub, device, body)
    result = registry.protocol.cloud_to_device_messages.purge_cloud_to_device_message_queue(device)
    assert (result.total_messages_purged, result.device_id) == (3, device)
    messages = received(connect(device))
    send(hub, device, "d")
    assert bodies(messages, 1) == ["d"]
