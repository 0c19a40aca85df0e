"""azure-iot-device for Node.js, unmodified, with azure-iot-device-mqtt: over MQTT and a WebSocket.

What it stumbles over is in test_device_cases.py; what of it is covered, and what is not, in
docs/reference/conformance.md.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

import pytest

import node
from affinage.adapters.system.clock import wall_time
from affinage.clients.native import NativeClient
from affinage.domain.values import JsonObject
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess
from fakes.node_device import TRANSPORTS, NodeDevice, NodeError, installed, node_device
from fakes.relay import Relay
from fakes.sdk import ITS_WARNINGS, Desire, wait_until
from fakes.tls import ders, self_signed

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

PAGE: Final = (Path(__file__).parents[2] / "docs/reference/conformance.md").read_text()
SECTION: Final = PAGE.partition("## azure-iot-device 1.18, Node.js")[2].partition("\n## ")[0]
ROWS: Final = dict(re.findall(r"^\| `(\w+\.\w+)` \| (.+) \|$", SECTION, re.MULTILINE))
NEW: Final = {"desired": {"$version": 1}, "reported": {"$version": 1}}

Plug = Callable[[], NodeDevice]
"""Start a process for one more client."""

called: set[str] = set()
"""The methods that the tests called, as `Client.open`."""


@pytest.fixture(params=TRANSPORTS)
def plug(request: pytest.FixtureRequest, hub: HubProcess) -> Iterator[Plug]:
    clients: list[NodeDevice] = []
    with ExitStack() as stack:

        def plug() -> NodeDevice:
            clients.append(stack.enter_context(node_device(hub, request.param)))
            return clients[-1]

        yield plug
    for client in clients:
        called.update(client.called)


@pytest.fixture
def client(plug: Plug, hub: HubProcess, device: str) -> NodeDevice:
    """The device, connected."""
    client = plug().make(hub.identity(device).text)
    client.ask("open")
    return client


@pytest.fixture
def module(plug: Plug, hub: HubProcess, registry: Any, device: str) -> NodeDevice:
    """A module of the device, `pump`, connected."""
    registry.create_module_with_sas(device, "pump", "", "", "")
    client = plug().make(hub.identity(device, "pump").text, kind="ModuleClient")
    client.ask("open")
    return client


def token(hub: HubProcess, device: str, module: str | None = None) -> str:
    string = hub.identity(device, module)
    assert string.key is not None
    return make_token(string.resource, string.key, int(wall_time().timestamp()) + 600)


def invoke(hub: HubProcess, device: str, method: JsonObject, module: str | None = None) -> Any:
    return hub.operate(lambda client: client.invoke(device, method, module=module))


def test_a_device_reports_and_is_told_what_is_desired(
    client: NodeDevice, desire: Desire, registry: Any, device: str
) -> None:
    assert client.ask("twin") == NEW
    client.ask("desired")
    assert client.heard("desired")["patch"] == {"$version": 1}
    client.ask("report", patch={"fan": {"speed": 3}, "mode": "eco"})
    desire(device, fan={"speed": 5})
    assert client.heard("desired")["patch"] == {"fan": {"speed": 5}, "$version": 2}
    client.ask("report", patch={"fan": {"speed": 5}, "mode": None})
    reported = client.ask("again")["reported"]
    assert reported == {"fan": {"speed": 5}, "$version": 3}
    assert registry.get_device(device).connection_state == "Connected"


@pytest.mark.parametrize("payload", [7, "text", [1, None], {"who": "Zoë"}])
def test_a_device_runs_methods(
    client: NodeDevice, hub: HubProcess, device: str, payload: Any
) -> None:
    client.ask("method", name="reboot")
    wait_until(lambda: _runs(hub, device))
    answer = invoke(hub, device, {"methodName": "reboot", "payload": payload})
    assert answer == {"status": 200, "payload": {"ran": "reboot", "with": payload}}


def _runs(hub: HubProcess, device: str) -> bool:
    """Whether it has subscribed; until then it is waited for."""
    method: JsonObject = {"methodName": "reboot", "connectTimeoutInSeconds": 30}
    return bool(invoke(hub, device, method)["status"] == 200)


def test_a_device_takes_messages_with_their_properties(
    client: NodeDevice, hub: HubProcess, registry: Any, device: str
) -> None:
    client.ask("messages")
    said: JsonObject = {"body": "wärmer", "messageId": "m-1", "properties": {"zone": "a/b &c"}}
    hub.operate(lambda operator: NativeClient(operator).send_message(device, said))
    message = client.heard("message")
    assert (message["body"], message["messageId"]) == ("wärmer", "m-1")
    assert message["properties"]["zone"] == "a/b &c"
    wait_until(lambda: registry.get_device(device).cloud_to_device_message_count == 0)


def test_messages_are_acknowledged(client: NodeDevice) -> None:
    client.ask("send", body="22.5", messageId="m-1", properties={"zone": "a/b &c"})
    client.ask("send", body="x" * 200_000)
    client.ask("close")


def test_a_batch_is_the_transports_to_refuse(client: NodeDevice) -> None:
    with pytest.raises(NodeError) as refusal:
        client.ask("sendBatch", bodies=["1", "2"])
    assert refusal.value.name == "NotImplementedError"


def test_a_module_has_a_twin_methods_and_outputs(
    module: NodeDevice, hub: HubProcess, device: str
) -> None:
    assert module.ask("twin") == NEW
    module.ask("report", patch={"rpm": 900})
    assert module.ask("again")["reported"] == {"rpm": 900, "$version": 2}
    module.ask("moduleMethod", name="stop")
    stop: JsonObject = {"methodName": "stop", "connectTimeoutInSeconds": 30}
    assert invoke(hub, device, stop, "pump")["payload"] == {"ran": "stop", "with": None}
    module.ask("inputs")
    module.ask("output", output="temperature", body="22.5")
    module.ask("send", body="22.5")
    module.ask("close")


def test_a_device_is_known_by_a_token_and_given_another(
    plug: Plug, hub: HubProcess, device: str
) -> None:
    client = plug().make(token(hub, device), by="fromSharedAccessSignature")
    client.ask("open")
    assert client.ask("twin") == NEW
    client.ask("updateToken", token=token(hub, device))
    assert client.ask("again") == NEW
    client.ask("close")


def test_a_module_is_known_by_a_token(
    plug: Plug, hub: HubProcess, registry: Any, device: str
) -> None:
    registry.create_module_with_sas(device, "pump", "", "", "")
    given = token(hub, device, "pump")
    client = plug().make(given, by="fromSharedAccessSignature", kind="ModuleClient")
    client.ask("open")
    client.ask("updateToken", token=token(hub, device, "pump"))
    assert client.ask("twin") == NEW


def test_a_token_is_renewed_and_handlers_still_work(
    plug: Plug, hub: HubProcess, desire: Desire, relay: Relay, device: str
) -> None:
    string = hub.identity(device).text.replace(hub.address, relay.address)
    client = plug().make(string, do="renewing", seconds=4, margin=2)
    client.ask("open")
    client.ask("method", name="stop")
    client.ask("twin")
    client.ask("desired")
    assert client.heard("desired")["patch"] == {"$version": 1}
    wait_until(lambda: relay.count >= 2)
    client.ask("report", patch={"mode": "eco"})
    desire(device, rate=1)
    assert client.heard("desired")["patch"] == {"rate": 1, "$version": 2}


def test_a_device_is_known_by_its_certificate(
    plug: Plug, hub: HubProcess, registry: Any, request: pytest.FixtureRequest
) -> None:
    name = request.node.name.replace("[", ".").replace("]", "")
    pem = self_signed(name)
    fingerprint = sha1(ders(pem)[0]).hexdigest()
    registry.create_device_with_x509(name, fingerprint, fingerprint, "enabled")
    string = f"HostName={hub.address};DeviceId={name};x509=true"
    client = plug().make(string, do="show", certificate=pem.read_text())
    client.ask("open")
    assert client.ask("twin") == NEW


def test_who_may_not_is_refused_and_not_tried_again(
    plug: Plug, hub: HubProcess, relay: Relay
) -> None:
    string = f"HostName={relay.address};DeviceId=nobody;SharedAccessKey=AAAA"
    client = plug().make(string)
    client.ask("never")
    with pytest.raises(NodeError) as refusal:
        client.ask("open")
    assert (refusal.value.name, relay.count) == ("UnauthorizedError", 1)


def test_every_method_is_in_the_page() -> None:
    surface = json.loads(
        subprocess.run(
            [installed(), node.PROJECT / "device_surface.js"],
            check=True,
            capture_output=True,
            env={"NODE_PATH": str(node.INSTALLED / "node_modules")},
        ).stdout
    )
    assert {f"{kind}.{name}" for kind, names in surface.items() for name in names} == ROWS.keys()


def test_what_the_page_says_is_covered_is_called() -> None:
    """The last of this file: by then the others have called what they call."""
    assert called == {method for method, said in ROWS.items() if said.startswith("covered")}
