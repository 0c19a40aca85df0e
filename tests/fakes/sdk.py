"""The device SDK, handled: how its clients are made, and how a test hears what they are told."""

import queue
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import pytest

from affinage.testing.waiting import PATIENCE_S as PATIENCE_S
from affinage.testing.waiting import wait_until as wait_until

ITS_WARNINGS: Final = (
    # It pins TLS 1.2 with a constant that Python would rather not see any more.
    pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2 is deprecated:DeprecationWarning"),
    # paho forgets the sockets of the connection before, which it never closed.
    pytest.mark.filterwarnings(
        "ignore:unclosed <(socket.socket|ssl.SSLSocket) .*'127.0.0.1':ResourceWarning"
    ),
)
"""What the device SDK does that is not for us to mend; a mark for each test that uses it."""


Desire = Callable[..., None]
"""As an operator, change a device's desired properties: ``desire(device, rate=5)``."""


class Connect(Protocol):
    """Makes a connected client of a device or module; ``via`` is another name of the hub."""

    def __call__(
        self, device: str, module: str | None = None, *, via: str = "", **options: Any
    ) -> Any: ...


def client_of(device_sdk: ModuleType, string: str, ca_file: Path, **options: Any) -> Any:
    """A client of the SDK that is not connected yet."""
    kind = "IoTHubModuleClient" if "ModuleId=" in string else "IoTHubDeviceClient"
    return getattr(device_sdk, kind).create_from_connection_string(
        string, server_verification_cert=ca_file.read_text(), **options
    )


def heard(client: Any) -> "queue.Queue[dict[str, Any]]":
    """What the client is told of its desired properties, from now on, in order."""
    patches: queue.Queue[dict[str, Any]] = queue.Queue()
    client.on_twin_desired_properties_patch_received = patches.put
    return patches
