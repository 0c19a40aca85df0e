"""Certificates as the device SDKs show them, for Python and for Node.js, on both ports.

By thumbprint the hub knows a certificate without having seen it (M14); by authority it knows
nobody but who signs. What of the SDKs is covered: docs/reference/conformance.md.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha1, sha256
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import httpx
import pytest

import node
from affinage.adapters.system.clock import wall_time
from affinage.clients.native import NativeClient
from affinage.clients.possession import proof
from affinage.clients.service import ServiceClient
from fakes.hub_process import HubProcess
from fakes.pki import Made, authority, leaf
from fakes.sdk import ITS_WARNINGS, PATIENCE_S, wait_until
from fakes.sdk_ways import WAYS, Sdk, Way, sdk_in

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

BY_AUTHORITY: Final[Any] = {"type": "certificateAuthority"}
END: Final = wall_time() + timedelta(days=30)
EXPIRED: Final = wall_time() - timedelta(minutes=1)

ROOT: Final = authority("Cave root", end=END)
PLANT: Final = authority("Plant", ROOT, end=END)
"""It signs devices, and is none that the hub knows: devices have to show it."""

_numbers = count(1)

Client = Callable[..., Any]


@pytest.fixture(scope="module", params=WAYS, ids=str)
def sdk(request: pytest.FixtureRequest) -> Iterator["Sdk | ModuleType"]:
    way: Way = request.param
    with sdk_in(way, pytest.importorskip("azure.iot.device")) as found:
        yield found


@pytest.fixture(autouse=True, scope="module")
def _believed(hub: HubProcess) -> None:
    hub.operate(partial(believe, name="cave", by=ROOT))


@pytest.fixture
def name() -> str:
    """Of a device that is not there yet; it has room in a common name."""
    return f"shower-{next(_numbers)}"


@pytest.fixture
def client(hub: HubProcess, sdk: Any) -> Iterator[Client]:
    """A client that shows the certificates of a file; all are shut down in the end."""
    made: list[Any] = []

    def client(pem: Path, device: str, module: str | None = None, **options: Any) -> Any:
        kind = sdk.IoTHubModuleClient if module else sdk.IoTHubDeviceClient
        names = [device, module] if module else [device]
        made.append(
            kind.create_from_x509_certificate(
                sdk.X509(str(pem), str(pem)),
                hub.address,
                *names,
                server_verification_cert=hub.ca_file.read_text(),
                **options,
            )
        )
        return made[-1]

    yield client
    for one in made:
        one.shutdown()


async def believe(operator: ServiceClient, name: str, by: Made) -> None:
    """Bring an authority, and prove that its key is at hand."""
    native = NativeClient(operator)
    await native.put_certificate(name, {"certificate": by.pem}, if_match=None)
    code = str((await native.challenge_certificate(name))["verificationCode"])
    shown = proof(code, by.pem, by.key_pem.encode(), now=wall_time())
    await native.verify_certificate(name, shown)


def by_thumbprint(first: str, second: str) -> Any:
    prints = {"primaryThumbprint": first, "secondaryThumbprint": second}
    return {"type": "selfSigned", "x509Thumbprint": prints}


def create(hub: HubProcess, device: str, means: Any, module: str | None = None) -> None:
    hub.operate(lambda api: api.create_device({"deviceId": device, "authentication": means}))
    if module:
        body = {"deviceId": device, "moduleId": module, "authentication": means}
        hub.operate(lambda api: api.create_module(body))


def refused(sdk: Any, client: Any) -> None:
    with pytest.raises(sdk.exceptions.CredentialError):
        client.connect()


@pytest.mark.parametrize("digest", [sha1, sha256])
def test_m14_a_certificate_is_known_by_either_thumbprint(
    hub: HubProcess, client: Client, name: str, digest: Any
) -> None:
    """ACCESS-10"""
    now, next_one = leaf(name, end=END), leaf(name, end=EXPIRED)
    prints = [digest(one.der).hexdigest() for one in (now, next_one)]
    create(hub, name, by_thumbprint(prints[0].upper(), prints[1]))
    for shown in (now, next_one):
        one = client(shown.file(), name)
        one.connect()
        one.patch_twin_reported_properties({"here": True})
        one.disconnect()


def test_m14_a_certificate_that_is_not_known_is_refused(
    hub: HubProcess, sdk: Any, client: Client, name: str
) -> None:
    """ACCESS-10"""
    create(hub, name, by_thumbprint("A" * 40, "B" * 40))
    for shown in (leaf(name, end=END), leaf(name, ROOT, end=END)):
        refused(sdk, client(shown.file(), name))


def test_whom_an_authority_signed_for_comes_in(hub: HubProcess, client: Client, name: str) -> None:
    """ACCESS-11, CERT-7"""
    create(hub, name, BY_AUTHORITY, "pump")
    device = client(leaf(name, PLANT, end=END).file(PLANT, ROOT), name)
    module = client(leaf(f"{name}/pump", ROOT, end=END).file(), name, "pump")
    for one in (device, module):
        one.connect()
        one.patch_twin_reported_properties({"here": True})
        assert one.get_twin()["reported"]["here"]


def test_what_no_authority_stands_for_is_refused(
    hub: HubProcess, sdk: Any, client: Client, name: str
) -> None:
    """ACCESS-11, CERT-7, CERT-11"""
    create(hub, name, BY_AUTHORITY)
    files = [
        leaf(name, end=END).file(),
        leaf("another", ROOT, end=END).file(),
        leaf(name, ROOT, end=EXPIRED).file(),
        leaf(name, PLANT, end=END).file(),  # without the one that signed it
        leaf(name, authority("Cave root", end=END), end=END).file(),
    ]
    for file in files:
        refused(sdk, client(file, name))


def test_an_identity_that_proves_itself_by_nothing_is_refused(
    hub: HubProcess, sdk: Any, client: Client, name: str
) -> None:
    """ACCESS-13"""
    create(hub, name, {"type": "none"})
    refused(sdk, client(leaf(name, ROOT, end=END).file(), name))


def test_a_connection_ends_with_its_authority(
    hub: HubProcess, sdk: Any, client: Client, name: str
) -> None:
    """AUTHORITY-8"""
    own = authority("Annex", end=END)
    hub.operate(partial(believe, name=name, by=own))
    create(hub, name, BY_AUTHORITY)
    one = client(leaf(name, own, end=END).file(), name)
    one.connect()
    hub.operate(lambda api: NativeClient(api).delete_certificate(name))
    wait_until(lambda: not one.connected)
    refused(sdk, one)


@pytest.mark.parametrize("change", ["disabled", "replaced"])
def test_a_connection_ends_with_what_it_was_proven_by(
    hub: HubProcess, client: Client, name: str, change: str
) -> None:
    """IDENTITY-31"""
    shown = leaf(name, end=END)
    create(hub, name, by_thumbprint(shown.certificate.sha1, shown.certificate.sha1))
    one = client(shown.file(), name)
    one.connect()
    other: Any = {"authentication": by_thumbprint("A" * 40, "B" * 40)}
    body = {"deviceId": name, **({"status": "disabled"} if change == "disabled" else other)}
    hub.operate(lambda api: api.update_device(body, if_match="*"))
    wait_until(lambda: not one.connected)


def test_an_authority_outlives_a_power_cut(hub: HubProcess, client: Client, name: str) -> None:
    """AUTHORITY-7"""
    create(hub, name, BY_AUTHORITY)
    one = client(leaf(name, ROOT, end=END).file(), name, connection_retry_interval=1)
    one.connect()
    hub.kill()
    hub.start()
    wait_until(lambda: one.connected)
    one.patch_twin_reported_properties({"back": True})


@pytest.fixture
def program() -> Path:
    found = node.node()
    if found is None or not (node.INSTALLED / "node_modules/azure-iot-device").exists():
        pytest.skip("the SDK for Node.js is not installed")
    return found


def over_https(hub: HubProcess, pem: Path, path: str) -> int:
    """The status of the answer to a message that is sent with the certificates of that file."""
    context = hub.context
    context.load_cert_chain(pem)
    with httpx.Client(verify=context) as http:
        url = f"https://{hub.address}:{hub.https_port}/devices/{path}/messages/events"
        return http.post(url, params={"api-version": "2020-03-13"}, content=b"21").status_code


def test_whom_an_authority_signed_for_sends_over_https_too(hub: HubProcess, name: str) -> None:
    """ACCESS-11, TLS-33"""
    create(hub, name, BY_AUTHORITY, "pump")
    device = leaf(name, PLANT, end=END).file(PLANT)
    module = leaf(f"{name}/pump", PLANT, end=END).file(PLANT)
    assert over_https(hub, device, name) == 204
    assert over_https(hub, module, f"{name}/modules/pump") == 204
    refused = [
        over_https(hub, device, f"{name}/modules/pump"),
        over_https(hub, leaf(name, PLANT, end=END).file(), name),
        over_https(hub, leaf(name, PLANT, end=EXPIRED).file(PLANT), name),
    ]
    assert refused == [401, 401, 401]


def test_a_known_certificate_sends_over_https_too(hub: HubProcess, name: str) -> None:
    """ACCESS-10, TLS-33"""
    shown, other = leaf(name, end=END), leaf(name, end=END)
    create(hub, name, by_thumbprint(shown.certificate.sha1, ""))
    assert [over_https(hub, one.file(), name) for one in (shown, other)] == [204, 401]


@dataclass(frozen=True)
class Node:
    """The device of the SDK for Node.js; its modules take no certificate."""

    program: Path
    hub: HubProcess
    transport: str

    def __call__(self, device: str, pem: Path) -> Any:
        """What it says of a connection that shows the certificates of that file."""
        string = f"HostName={self.hub.address};DeviceId={device};x509=true"
        words = [string, self.transport, str(pem), str(self.hub.ca_file)]
        run = subprocess.run(
            [str(self.program), str(node.PROJECT / "by_certificate.js"), *words],
            check=True,
            capture_output=True,
            timeout=PATIENCE_S,
            env=os.environ | {"NODE_PATH": str(node.INSTALLED / "node_modules")},
        )
        return json.loads(run.stdout)


@pytest.fixture(params=["Mqtt", "MqttWs"])
def connects(request: pytest.FixtureRequest, hub: HubProcess) -> Node:
    found = node.node()
    if found is None or not (node.INSTALLED / "node_modules/azure-iot-device").exists():
        pytest.skip("the SDK for Node.js is not installed")
    return Node(found, hub, request.param)


HERE: Final = {"twin": {"$version": 1}}
REFUSED: Final = {"error": "UnauthorizedError"}


def test_m14_node_is_known_by_a_thumbprint(hub: HubProcess, connects: Node, name: str) -> None:
    """ACCESS-10"""
    shown, other = leaf(name, end=END), leaf(name, end=END)
    create(hub, name, by_thumbprint("A" * 64, shown.certificate.sha256))
    assert connects(name, shown.file()) == HERE
    assert connects(name, other.file()) == REFUSED


def test_node_is_known_by_an_authority(hub: HubProcess, connects: Node, name: str) -> None:
    """ACCESS-11, CERT-7, CERT-11"""
    create(hub, name, BY_AUTHORITY)
    shown, old = leaf(name, PLANT, end=END), leaf(name, ROOT, end=EXPIRED)
    assert connects(name, shown.file(PLANT)) == HERE
    assert [connects(name, one.file()) for one in (shown, old)] == [REFUSED, REFUSED]
