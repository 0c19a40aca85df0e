"""mosquitto's clients, from Debian, as a second opinion on MQTT: they know nothing of hubs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from typing import Any, Final

import pytest

from affinage.clients.native import NativeClient
from affinage.protocol.identities import API_VERSION, Identity, Username
from fakes.hub_process import HubProcess
from fakes.sdk import wait_until
from fakes.tls import ders, self_signed
from fakes.wire import greeting

pytestmark = pytest.mark.conformance

NOT_AUTHORISED: Final = 5
"""What mosquitto_pub ends with: the code of the CONNACK."""


@pytest.fixture(autouse=True)
def _installed() -> None:
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto-clients are not installed")


def client(hub: HubProcess, tool: str, device: str, *options: str, token: bool = True) -> list[str]:
    """The command of a client that connects as the device."""
    hello = greeting(hub.identity(device)) if token else None
    proof = ["-P", (hello.password or b"").decode()] if hello else []
    name = Username(hub.address, Identity(device), {"api-version": API_VERSION}).text
    where = ["-h", hub.address, "-p", str(hub.mqtt_port), "--cafile", str(hub.ca_file)]
    return [tool, *where, "-V", "mqttv311", "-i", device, "-u", name, *proof, *options]


def ran(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=15)


@contextmanager
def running(command: list[str]) -> Iterator[Iterator[str]]:
    """The client as a process that has subscribed: what it says of its packets from then on.

    It is given a terminal: to anything else it says nothing before its end.
    """
    ours, its = os.openpty()
    with os.fdopen(ours) as lines, subprocess.Popen([*command, "-d"], stdout=its) as process:
        os.close(its)
        try:
            assert any("Subscribed" in line for line in lines)
            yield lines
        finally:
            process.kill()


def told(hub: HubProcess, device: str) -> list[dict[str, Any]]:
    """What the feed keeps of the device's messages."""
    page: Any = hub.operate(
        lambda operator: NativeClient(operator).events("0", kind="telemetry", device=device)
    )
    return list(page["events"])


def send(hub: HubProcess, device: str, body: str) -> None:
    hub.operate(lambda operator: NativeClient(operator).send_message(device, {"body": body}))


def bound(device: str) -> str:
    return f"devices/{device}/messages/devicebound/#"


def events(device: str) -> str:
    return f"devices/{device}/messages/events/"


@pytest.fixture
def device(hub: HubProcess, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.translate({ord("["): ".", ord("]"): "", ord(" "): "-"})[:128]
    hub.device(name)
    return name


@pytest.mark.parametrize("qos", ["0", "1"])
def test_a_message_that_it_publishes_is_kept(hub: HubProcess, device: str, qos: str) -> None:
    command = client(hub, "mosquitto_pub", device, "-t", events(device) + "a=b", "-m", "x")
    assert ran([*command, "-q", qos]).returncode == 0
    wait_until(lambda: told(hub, device))  # at QoS 0 it has not been told that it is kept
    [event] = told(hub, device)
    assert event["properties"] == {"a": "b"}


def test_a_message_to_retain_is_kept_and_says_so(hub: HubProcess, device: str) -> None:
    """MQTT-58"""
    command = client(hub, "mosquitto_pub", device, "-t", events(device), "-m", "x", "-q", "1")
    assert ran([*command, "-r"]).returncode == 0
    [event] = told(hub, device)
    assert event["properties"] == {"mqtt-retain": "true"}


def test_lines_are_kept_in_the_order_they_were_published(hub: HubProcess, device: str) -> None:
    """MQTT-40"""
    command = client(hub, "mosquitto_pub", device, "-t", events(device), "-l", "-q", "1")
    lines = [str(n) for n in range(300)]
    subprocess.run(command, input="\n".join(lines), text=True, check=True, timeout=15)
    assert [event["body"] for event in told(hub, device)] == lines


@pytest.mark.parametrize(
    ("wrong", "code"),
    [(["-P", "no token"], NOT_AUTHORISED), (["-i", "another"], 2), (["-V", "mqttv5"], None)],
    ids=["token", "client id", "version"],
)
def test_who_is_refused_is_told_why(
    hub: HubProcess, device: str, wrong: list[str], code: int | None
) -> None:
    """MQTT-2, MQTT-13, MQTT-15"""
    command = client(hub, "mosquitto_pub", device, "-t", events(device), "-m", "x")
    ended = ran([*command, *wrong])
    assert ended.returncode == code if code else ended.returncode
    assert not told(hub, device)


def test_it_connects_with_a_certificate(hub: HubProcess) -> None:
    path = self_signed("by-mosquitto")
    [der] = ders(path)
    prints = dict.fromkeys(["primaryThumbprint", "secondaryThumbprint"], sha1(der).hexdigest())
    shown: Any = {"type": "selfSigned", "x509Thumbprint": prints}
    document: Any = {"deviceId": "by-mosquitto", "authentication": shown}
    hub.operate(lambda operator: operator.create_device(document))
    shows = ["--cert", str(path), "--key", str(path)]
    topic = ["-t", events("by-mosquitto"), "-m", "x", "-q", "1"]
    command = client(hub, "mosquitto_pub", "by-mosquitto", *topic, *shows, token=False)
    assert ran(command).returncode == 0
    assert len(told(hub, "by-mosquitto")) == 1


def test_a_subscription_outlives_the_client_and_the_hub(hub: HubProcess, device: str) -> None:
    """MQTT-35"""
    listen = client(hub, "mosquitto_sub", device, "-t", bound(device), "-q", "1", "-c")
    assert ran([*listen, "-E"]).returncode == 0
    send(hub, device, "while it was away")
    hub.restart()
    without = client(hub, "mosquitto_sub", device, "-t", "$iothub/twin/res/#", "-c")
    assert ran([*without, "-C", "1"]).stdout == "while it was away\n"


def test_filters_of_which_one_is_refused(hub: HubProcess, device: str) -> None:
    """MQTT-33"""
    listen = client(hub, "mosquitto_sub", device, "-t", bound(device), "-t", "#", "-q", "1", "-d")
    send(hub, device, "hello")
    said = ran([*listen, "-C", "1"]).stdout
    assert "Subscribed (mid: 1): 1, 128" in said
    assert said.endswith("hello\n") or "hello\n" in said


def test_the_will_of_a_client_that_is_killed_is_kept(hub: HubProcess, device: str) -> None:
    """MQTT-17"""
    will = ["--will-topic", events(device), "--will-payload", "gone", "--will-qos", "1"]
    listen = client(hub, "mosquitto_sub", device, "-t", bound(device), *will)
    with running(listen):
        assert not told(hub, device)
    wait_until(lambda: len(told(hub, device)) == 1)
    assert told(hub, device)[0]["properties"] == {"iothub-MessageType": "Will"}


def test_a_newer_client_takes_over(hub: HubProcess, device: str) -> None:
    """MQTT-18: the older one comes back by itself, and takes over in turn."""
    listen = client(hub, "mosquitto_sub", device, "-t", bound(device), "-q", "1")
    with running(listen) as older:
        assert ran([*listen, "-E"]).returncode == 0
        assert any("sending CONNECT" in line for line in older)
