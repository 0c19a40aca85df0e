"""What device SDKs are known to stumble over, case by case, with the SDKs themselves, unmodified.

M1 to M13 are numbered as in docs/reference/conformance.md, which says what each of them is.
"""

import itertools
import queue
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from socket import create_connection
from types import ModuleType
from typing import Any, Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.protocol.mqtt.packets import Connect as ConnectPacket
from affinage.protocol.mqtt.packets import encode
from affinage.protocol.tokens import make_token
from fakes.busy_relay import BusyRelay
from fakes.hub_process import HubProcess
from fakes.node_device import TRANSPORTS, NodeDevice, NodeError, node_device
from fakes.relay import Relay
from fakes.sdk import ITS_WARNINGS, PATIENCE_S, Connect, Desire, client_of, heard, wait_until
from fakes.sdk_ways import WAYS
from fakes.websocket import REQUEST, WebSocketClient

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

python = pytest.mark.parametrize("way", WAYS, ids=str, scope="module")
python_waiting = pytest.mark.parametrize("way", WAYS[:1], ids=str, scope="module")
node = pytest.mark.parametrize("transport", TRANSPORTS)

SOON_S: Final = 1
"""Seconds between two attempts to connect; the SDK's own 10 are long for a test."""

Plug = Callable[..., NodeDevice]
"""Make a client of Node.js for the device, at another name of the hub if there is one."""


@pytest.fixture
def plug(hub: HubProcess, transport: str) -> Iterator[Plug]:
    with ExitStack() as stack:

        def plug(device: str, via: str = "") -> NodeDevice:
            string = hub.identity(device).text.replace(hub.address, via or hub.address)
            return stack.enter_context(node_device(hub, transport)).make(string)

        yield plug


def token_for(hub: HubProcess, device: str, module: str | None = None) -> str:
    string = hub.identity(device, module)
    assert string.key is not None
    return make_token(string.resource, string.key, int(wall_time().timestamp()) + 600)


def turns(hub: HubProcess, device: str) -> int:
    """How often the device has been let in."""
    return sum(event["device"] == device for event in hub.events("connected"))


def told(patches: "queue.Queue[dict[str, Any]]") -> dict[str, Any]:
    return patches.get(timeout=PATIENCE_S)


# ── M1: a handler that is set before the device connects ─────────────────────────────────────────


@python
def test_m1_a_handler_set_before_connecting_is_told_patches(
    hub: HubProcess, device_sdk: ModuleType, desire: Desire, device: str
) -> None:
    client = client_of(device_sdk, hub.identity(device).text, hub.ca_file)
    patches = heard(client)  # connects by itself, and asks for the twin without a subscription
    desire(device, rate=5)
    rates = [told(patches).get("rate")]
    if rates == [None]:  # the twin as it was found comes first, where it is answered
        rates.append(told(patches).get("rate"))
    assert rates[-1] == 5
    client.shutdown()


# ── M2, M3, M4: what is desired while the line is cut ────────────────────────────────────────────


@python
def test_m2_what_changed_while_the_line_was_cut_is_told_once(
    relay: Relay, connect: Connect, desire: Desire, device: str
) -> None:
    client = connect(device, via=relay.address, connection_retry_interval=SOON_S)
    patches = heard(client)
    desire(device, rate=1)
    assert told(patches)["rate"] == 1
    with relay.down():
        desire(device, rate=2)
    assert told(patches) == {"rate": 2, "$version": 3}
    desire(device, rate=3)
    assert told(patches) == {"rate": 3, "$version": 4}, "rate 2 was told twice"


@python
def test_m3_subscriptions_stand_when_the_hub_was_killed_meanwhile(
    hub: HubProcess, relay: Relay, connect: Connect, desire: Desire, device: str
) -> None:
    client = connect(device, via=relay.address, connection_retry_interval=SOON_S)
    patches = heard(client)
    desire(device, rate=1)
    assert told(patches)["rate"] == 1
    with relay.down():
        desire(device, rate=2)
        hub.kill()
        hub.start()
    assert told(patches) == {"rate": 2, "$version": 3}
    desire(device, rate=3)
    assert told(patches) == {"rate": 3, "$version": 4}


@node
@pytest.mark.parametrize("killed", [False, True])
def test_m4_node_is_told_later_patches_though_it_subscribes_to_none_again(
    hub: HubProcess, relay: Relay, plug: Plug, desire: Desire, device: str, *, killed: bool
) -> None:
    client = plug(device, relay.address)
    client.ask("open")
    client.ask("method", name="stop")  # without any, and without messages, it stays away
    client.ask("twin")
    client.ask("desired")
    assert client.heard("desired")["patch"] == {"$version": 1}  # what the twin said
    client.ask("report", patch={"mode": "eco"})  # behind the subscription, which so has come
    desire(device, rate=1)
    assert client.heard("desired")["patch"] == {"rate": 1, "$version": 2}
    with relay.down():
        desire(device, rate=2)
        if killed:
            hub.kill()
            hub.start()
    wait_until(lambda: turns(hub, device) == 2)
    desire(device, rate=3)
    assert client.heard("desired")["patch"] == {"rate": 3, "$version": 4}
    assert client.ask("again")["desired"] == {"rate": 3, "$version": 4}


# ── M5, M6: what Node reads of an answer, and of a request ───────────────────────────────────────


@node
def test_m5_node_is_told_why_a_report_is_refused(plug: Plug, device: str) -> None:
    client = plug(device)
    client.ask("open")
    client.ask("twin")
    with pytest.raises(NodeError, match=r"a\.b"):
        client.ask("report", patch={"a.b": 1})
    client.ask("report", patch={"a": 1})
    assert client.ask("again")["reported"] == {"a": 1, "$version": 2}


@python
def test_m6_a_method_without_a_payload_reaches_pythons_handler(
    hub: HubProcess, connect: Connect, device_sdk: ModuleType, device: str
) -> None:
    client = connect(device)
    asked: list[Any] = []

    def answer(request: Any) -> None:
        asked.append(request.payload)
        made = device_sdk.MethodResponse.create_from_method_request(request, 200, None)
        client.send_method_response(made)

    client.on_method_request_received = answer
    result = hub.operate(lambda client: client.invoke(device, {"methodName": "stop"}))
    assert (asked, result) == ([None], {"status": 200, "payload": None})


@node
def test_m6_a_method_without_a_payload_reaches_nodes_handler(
    hub: HubProcess, plug: Plug, device: str
) -> None:
    client = plug(device)
    client.ask("open")
    client.ask("method", name="stop")
    result = hub.operate(lambda client: client.invoke(device, {"methodName": "stop"}))
    assert client.heard("method")["payload"] is None
    assert result == {"status": 200, "payload": {"ran": "stop", "with": None}}


# ── M7, M8: refused for good, and for now ────────────────────────────────────────────────────────


@python
def test_m7_a_wrong_key_is_refused_and_python_does_not_try_again(
    hub: HubProcess, device_sdk: ModuleType, device: str, relay: Relay
) -> None:
    wrong = f"HostName={relay.address};DeviceId={device};SharedAccessKey=AAAA"
    client = client_of(device_sdk, wrong, hub.ca_file)
    with pytest.raises(device_sdk.exceptions.CredentialError):
        client.connect()
    client.shutdown()
    assert relay.count == 1


@node
def test_m7_a_wrong_key_is_refused_and_node_does_not_try_again(
    hub: HubProcess, transport: str, device: str, relay: Relay
) -> None:
    wrong = f"HostName={relay.address};DeviceId={device};SharedAccessKey=AAAA"
    with node_device(hub, transport) as client:
        client.make(wrong)
        with pytest.raises(NodeError) as refusal:
            client.ask("open")
    assert refusal.value.name == "UnauthorizedError"
    assert relay.count == 1


@python_waiting
def test_m8_python_raises_where_it_is_asked_to_come_again(
    hub: HubProcess, device_sdk: ModuleType, relayed: str, device: str
) -> None:
    string = hub.identity(device).text.replace(hub.address, relayed)
    with BusyRelay(relayed, hub, times=1):
        first, second = (client_of(device_sdk, string, hub.ca_file) for _ in range(2))
        with pytest.raises(device_sdk.exceptions.ConnectionFailedError):
            first.connect()
        first.shutdown()
        second.connect()
        second.shutdown()


@pytest.mark.parametrize("transport", ["Mqtt"])
def test_m8_node_comes_again_by_itself(
    hub: HubProcess, plug: Plug, relayed: str, device: str
) -> None:
    with BusyRelay(relayed, hub, times=2) as relay:
        client = plug(device, relayed)
        client.ask("open")
        assert relay.count == 3
        client.ask("close")


# ── M9: tokens that are made anew ────────────────────────────────────────────────────────────────


@python
def test_m9_a_token_is_renewed_and_handlers_still_work(
    relay: Relay, connect: Connect, desire: Desire, device: str
) -> None:
    client = connect(device, via=relay.address, sastoken_ttl=124)  # renewed 120 s before its end
    patches = heard(client)
    desire(device, rate=1)
    assert told(patches)["rate"] == 1
    wait_until(lambda: relay.count == 2 and client.connected)
    desire(device, rate=2)
    assert told(patches) == {"rate": 2, "$version": 3}


# ── M10: the filter of C# modules, and the order of acknowledgements ─────────────────────────────


def test_m10_a_module_subscribes_to_all_of_its_own_and_is_acknowledged_in_order(
    hub: HubProcess, registry: Any, device: str
) -> None:
    paho = pytest.importorskip("paho.mqtt.client")
    registry.create_module_with_sas(device, "pump", "", "", "")
    client = paho.Client(f"{device}/pump", clean_session=False)
    client.username_pw_set(
        f"{hub.address}/{device}/pump/?api-version=2020-09-30", token_for(hub, device, "pump")
    )
    client.tls_set_context(hub.context)
    granted: queue.Queue[Any] = queue.Queue()
    acknowledged: queue.Queue[int] = queue.Queue()
    client.on_subscribe = lambda *said: granted.put(said[3])
    client.on_publish = lambda *said: acknowledged.put(said[2])
    client.connect(hub.address, 8883)
    client.loop_start()
    client.subscribe(f"devices/{device}/modules/pump/#", 1)
    assert granted.get(timeout=PATIENCE_S) == (1,)
    topic = f"devices/{device}/modules/pump/messages/events/"
    sent = [client.publish(topic, str(number), 1).mid for number in range(20)]
    assert [acknowledged.get(timeout=PATIENCE_S) for _ in sent] == sent
    client.disconnect()
    client.loop_stop()


# ── M11: frames that are no packets ──────────────────────────────────────────────────────────────


def test_m11_the_first_message_of_a_websocket_may_hold_one_byte(
    hub: HubProcess, device: str
) -> None:
    user = f"{hub.address}/{device}/?api-version=2021-04-12"
    hello = encode(ConnectPacket(device, user, token_for(hub, device).encode(), clean=False))
    client = WebSocketClient()
    with (
        create_connection((hub.address, 443)) as tcp,
        hub.context.wrap_socket(tcp, server_hostname=hub.address) as line,
    ):
        line.sendall(REQUEST)
        assert _until(line, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        for part in itertools.chain([hello[:1]], [hello[1:20]], [hello[20:]]):
            line.sendall(client.say(part))
        assert client.heard(line.recv(4096)) == [bytes([0x20, 2, 0, 0])]


def _until(line: ssl.SSLSocket, end: bytes) -> bytes:
    heard = b""
    while not heard.endswith(end):
        heard += line.recv(1)
    return heard


@node
def test_m11_node_connects_with_its_byte_in_front(plug: Plug, device: str) -> None:
    client = plug(device)
    client.ask("open")
    assert client.ask("twin") == {"desired": {"$version": 1}, "reported": {"$version": 1}}


# ── M12: the reports of a firmware update ────────────────────────────────────────────────────────


@python
def test_m12_eleven_reports_end_at_version_12(connect: Connect, device: str) -> None:
    """With all that is around them: test_firmware_update.py."""
    client = connect(device)
    for step in range(11):
        client.patch_twin_reported_properties({"firmware": {"step": step, f"s{step}": ""}})
    steps = {f"s{step}": "" for step in range(11)}
    told = {"firmware": {"step": 10, **steps}, "$version": 12}
    assert client.get_twin()["reported"] == told


# ── M13: two clients of one device ───────────────────────────────────────────────────────────────


@python
def test_m13_a_second_client_of_one_device_takes_over(connect: Connect, device: str) -> None:
    first = connect(device, connection_retry=False, auto_connect=False)
    second = connect(device)
    wait_until(lambda: not first.connected)
    second.patch_twin_reported_properties({"who": "second"})
    assert second.connected


@python_waiting
def test_m13_two_clients_that_come_again_take_turns(
    hub: HubProcess, device_sdk: ModuleType, device: str
) -> None:
    """The hub does not hold back who is dropped, and comes again after the SDK's own delay."""
    options = {"connection_retry_interval": SOON_S}
    string = hub.identity(device).text
    clients = [client_of(device_sdk, string, hub.ca_file, **options) for _ in range(2)]
    for client in clients:
        client.connect()
    wait_until(lambda: turns(hub, device) >= 5)

    def is_down(client: Any) -> bool:
        try:
            client.shutdown()
        except device_sdk.exceptions.ClientError:  # it was dropped while it said goodbye
            return False
        return True

    for client in clients:
        wait_until(partial(is_down, client))
