"""paho 2 as a second opinion on MQTT: it knows nothing of hubs, and shows what it is sent."""

from typing import Any, Final

import pytest

from affinage.clients.native import NativeClient
from fakes.hub_process import HubProcess
from fakes.paho import INSTALLED, Paho, paho
from fakes.sdk import wait_until

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not (INSTALLED / "paho").exists(), reason="paho 2 is not installed"),
]

MQTT_5: Final = 5
REFUSED: Final = 128
QOS_0, QOS_1, QOS_2 = range(3)
TWIN: Final = "$iothub/twin/res/#"


@pytest.fixture
def device(hub: HubProcess, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.replace("[", ".").replace("]", "")[:128]
    hub.device(name)
    return name


def told(hub: HubProcess, device: str) -> list[dict[str, Any]]:
    """What the feed keeps of the device's messages."""
    page: Any = hub.operate(
        lambda operator: NativeClient(operator).events("0", kind="telemetry", device=device)
    )
    return list(page["events"])


def send(hub: HubProcess, device: str, body: str) -> None:
    hub.operate(lambda operator: NativeClient(operator).send_message(device, {"body": body}))


def state(hub: HubProcess, device: str) -> object:
    return hub.operate(lambda operator: operator.get_twin(device))["connectionState"]


def bound(device: str) -> str:
    return f"devices/{device}/messages/devicebound/#"


def events(device: str) -> str:
    return f"devices/{device}/messages/events/"


def listening(client: Paho, *filters: str, **how: Any) -> dict[str, Any]:
    """Connect and subscribe; what was said of the CONNACK."""
    connack = client.connect(**how)
    for text in filters:
        client.call("subscribe", text, QOS_1)
        assert client.hear("subscribed") == {"codes": [QOS_1]}
    return connack


def test_a_session_is_there_if_it_subscribed_to_anything(hub: HubProcess, device: str) -> None:
    """MQTT-35"""
    with paho(hub, device) as client:
        assert listening(client, bound(device)) == {"present": False, "code": 0, "why": "Success"}
        client.call("disconnect")
        client.hear("lost")
        assert client.connect()["present"]
        assert not client.connect(clean=True)["present"]
        assert not client.connect()["present"]


def test_a_message_that_was_not_acknowledged_comes_again(hub: HubProcess, device: str) -> None:
    """MESSAGE-11, MESSAGE-12"""
    with paho(hub, device) as client:
        listening(client, bound(device), manual_ack=True)
        send(hub, device, "take care")
        first = client.hear("message")
        client.call("drop")
        client.connect(manual_ack=True)
        again = client.hear("message")
        assert (first["dup"], again["dup"], again["retain"]) == (False, True, False)
        assert again == first | {"dup": True}
        client.call("ack", again["id"], QOS_1)
        send(hub, device, "the next one")
        assert client.hear("message")["body"] == "the next one"


def test_a_thousand_messages_are_acknowledged_in_order(hub: HubProcess, device: str) -> None:
    """MQTT-40"""
    with paho(hub, device) as client:
        client.connect(in_flight=1000)
        for n in range(1000):
            client.call("publish", events(device), str(n), QOS_1)
        acknowledged = [client.hear("acknowledged")["id"] for _ in range(1000)]
        assert acknowledged == sorted(acknowledged)
        page: Any = told(hub, device)
        assert [int(event["body"]) for event in page] == list(range(1000))


def test_pings_keep_it_and_silence_ends_it(hub: HubProcess, device: str) -> None:
    """MQTT-8, MQTT-42"""
    with paho(hub, device) as client:
        listening(client, bound(device), keep_alive=1)
        for _ in range(2):  # two seconds, of 1.5 that it may be silent
            client.hear("ponged")
        assert state(hub, device) == "Connected"
        client.call("fall_silent")
        wait_until(lambda: state(hub, device) == "Disconnected")


def test_the_will_of_a_client_that_falls_silent_is_kept(hub: HubProcess, device: str) -> None:
    """MQTT-17"""
    will = (events(device), "gone", QOS_1, True)
    with paho(hub, device) as client:
        client.connect(keep_alive=1, will=will)
        client.call("fall_silent")
        wait_until(lambda: told(hub, device))
    [event] = told(hub, device)
    assert event["body"] == "gone"
    assert event["properties"] == {"mqtt-retain": "true", "iothub-MessageType": "Will"}


def test_the_will_of_a_client_that_says_goodbye_is_dropped(hub: HubProcess, device: str) -> None:
    """MQTT-17"""
    with paho(hub, device) as client:
        client.connect(will=(events(device), "gone", QOS_1))
        client.call("disconnect")
        client.hear("lost")
        wait_until(lambda: state(hub, device) == "Disconnected")
    assert not told(hub, device)


def test_a_newer_client_takes_over(hub: HubProcess, device: str) -> None:
    """MQTT-18"""
    with paho(hub, device) as older, paho(hub, device) as newer:
        listening(older, bound(device))
        assert newer.connect()["present"]
        older.hear("lost")
        send(hub, device, "for whoever is there")
        assert newer.hear("message")["body"] == "for whoever is there"


def test_a_message_at_qos_2_ends_the_connection(hub: HubProcess, device: str) -> None:
    """MQTT-6"""
    with paho(hub, device) as client:
        client.connect()
        client.call("publish", events(device), "x", QOS_2)
        client.hear("lost")
    assert not told(hub, device)


def test_filters_are_granted_as_they_are_known(hub: HubProcess, device: str) -> None:
    """MQTT-6, MQTT-33"""
    with paho(hub, device) as client:
        client.connect()
        client.call("subscribe", [[bound(device), QOS_2], ["#", QOS_0], [TWIN, QOS_0]])
        assert client.hear("subscribed") == {"codes": [QOS_1, REFUSED, QOS_0]}


def test_version_5_is_told_that_it_is_not_spoken(hub: HubProcess, device: str) -> None:
    """MQTT-2"""
    with paho(hub, device) as client:
        refused = client.connect(version=MQTT_5)
        assert refused["why"] == "Unsupported protocol version"


def test_it_may_come_through_a_websocket(hub: HubProcess, device: str) -> None:
    """WEBSOCKET-1"""
    with paho(hub, device) as client:
        listening(client, TWIN, transport="websockets", port=hub.https_port)
        client.call("publish", "$iothub/twin/GET/?$rid=1", " ", QOS_1)
        assert client.hear("message")["topic"] == "$iothub/twin/res/200/?$rid=1"
