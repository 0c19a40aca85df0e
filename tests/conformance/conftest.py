"""What the conformance suite runs on: a hub as a process, and the SDKs as they were published.

The tests of a module share a hub; each names its devices after itself.
"""

import gc
from collections.abc import Iterator
from types import ModuleType
from typing import Any, cast

import pytest

import netns
from fakes.enrolling import SILENT_WEBHOOK
from fakes.hub_process import HubProcess
from fakes.relay import Relay
from fakes.sdk import Connect, Desire, client_of
from fakes.sdk_ways import WAYS, Way, sdk_in


@pytest.fixture(scope="module")
def relayed() -> str:
    """Another address of the hub, behind a network that can be cut."""
    return netns.next_address()


@pytest.fixture(scope="module")
def hub(
    shared_address: str, relayed: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """A running hub; the SDKs that use the system's authorities trust its own."""
    data = tmp_path_factory.mktemp("hub") / "data"
    settings = data.with_name("hub.toml")
    settings.write_text(
        f'transfer_folder = "{data.with_name("blobs")}"\n'
        f'upload_folder = "{data.with_name("uploads")}"\n'
        f'webhook_urls = ["{SILENT_WEBHOOK}"]\n'
    )
    options = (f"--config={settings}",)
    with (
        HubProcess(data, shared_address, names=(relayed,), options=options) as hub,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(hub.ca_file))
        yield hub


@pytest.fixture(scope="module")
def blobs(hub: HubProcess) -> str:
    """The address of the folder in which the hub may write and read files."""
    return hub.data.with_name("blobs").as_uri()


@pytest.fixture
def relay(hub: HubProcess, relayed: str) -> Iterator[Relay]:
    """The network between a device and ``relayed``."""
    with Relay(relayed, to=hub.address) as relay:
        yield relay


@pytest.fixture(scope="module")
def way() -> Way:
    """How the device SDK is used; a module that wants it in all ways is parametrized by this."""
    return WAYS[0]


@pytest.fixture(scope="module")
def device_sdk(way: Way) -> Iterator[ModuleType]:
    with sdk_in(way, _installed("azure.iot.device")) as sdk:
        yield cast("ModuleType", sdk)


@pytest.fixture(scope="session")
def models() -> ModuleType:
    """The documents of the service SDK."""
    return _installed("azure.iot.hub.models")


@pytest.fixture(scope="module")
def registry(hub: HubProcess) -> Any:
    sdk = _installed("azure.iot.hub")
    return sdk.IoTHubRegistryManager.from_connection_string(hub.policy().text)


@pytest.fixture(scope="module")
def configurations(hub: HubProcess) -> Any:
    sdk = _installed("azure.iot.hub")
    return sdk.IoTHubConfigurationManager.from_connection_string(hub.policy().text)


@pytest.fixture(autouse=True)
def _sockets_that_paho_forgets() -> Iterator[None]:
    """Have them collected within the test that left them, where the warning is let pass."""
    yield
    gc.collect()


@pytest.fixture
def device(request: pytest.FixtureRequest, registry: Any) -> str:
    """A new device, named after the test; it makes its own keys."""
    name: str = request.node.name[:128].replace("[", ".").replace("]", "")
    registry.create_device_with_sas(name, "", "", "enabled")
    return name


@pytest.fixture
def desire(registry: Any, models: ModuleType) -> Desire:
    def desire(device: str, **desired: Any) -> None:
        properties = models.TwinProperties(desired=desired)
        registry.update_twin(device, models.Twin(properties=properties))

    return desire


@pytest.fixture
def connect(hub: HubProcess, device_sdk: ModuleType) -> Iterator[Connect]:
    """Connect a device or module of the hub; all are shut down in the end."""
    clients: list[Any] = []

    def connect(device: str, module: str | None = None, *, via: str = "", **options: Any) -> Any:
        string = hub.identity(device, module).text
        client = client_of(
            device_sdk, string.replace(hub.address, via or hub.address), hub.ca_file, **options
        )
        clients.append(client)
        client.connect()
        return client

    yield connect
    for client in clients:
        client.shutdown()


def _installed(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(name, reason="the SDK is not installed")
    return module
