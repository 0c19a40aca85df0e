"""Keys of a policy are made anew while clients go on: azure-iot-hub, unmodified, asks all the time.

The steps are those of docs/howto/rotate-keys.md.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from fakes.hub_process import HubProcess, affinage

pytestmark = pytest.mark.conformance

POLICY: Final = "registryReadWrite"


def rotated(hub: HubProcess, key: str) -> dict[str, str]:
    """Both keys, after one was made anew or the two have changed places."""
    done = affinage(
        "policy", "rotate", POLICY, "--key", key, "--show-keys", "--json", "--data", hub.data
    )
    assert done.returncode == 0, done.stderr
    shown: dict[str, str] = json.loads(done.stdout)
    return shown


def client(hub: HubProcess, key: str) -> Any:
    """The SDK with a connection string of the policy."""
    sdk = pytest.importorskip("azure.iot.hub")
    text = f"HostName={hub.address};SharedAccessKeyName={POLICY};SharedAccessKey={key}"
    return sdk.IoTHubRegistryManager.from_connection_string(text)


@contextmanager
def asking(registry: Any) -> Iterator[None]:
    """Ask on and on, from a thread; what is refused meanwhile is raised in the end."""
    is_over, refused = threading.Event(), list[Exception]()

    def ask() -> None:
        while not is_over.is_set() and not refused:
            try:
                registry.get_devices(1)
            except Exception as error:  # noqa: BLE001  # told below
                refused.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    is_over.set()
    thread.join()
    assert refused == []


@pytest.mark.usefixtures("registry")
def test_clients_go_on_while_both_keys_of_their_policy_are_made_anew(hub: HubProcess) -> None:
    """POLICY-7"""
    old = hub.policy(POLICY).key or ""
    with asking(client(hub, old)):
        fresh = rotated(hub, "secondary")["secondaryKey"]
    with asking(client(hub, fresh)):  # the clients have moved
        swapped = rotated(hub, "swap")
        newest = rotated(hub, "secondary")
    assert swapped["primaryKey"] == newest["primaryKey"] == fresh
    assert old not in newest.values()
    error = pytest.importorskip("msrest.exceptions").HttpOperationError
    with pytest.raises(error) as refusal:
        client(hub, old).get_devices(1)
    assert refusal.value.response.status_code == 401
