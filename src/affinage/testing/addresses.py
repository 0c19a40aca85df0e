"""Where the hub of a test listens: at an address of its own, on the ports that SDKs insist on.

On Linux every 127.x.y.z is this machine, so each hub can have one for itself, and 443 and 8883 are
free there. What the machine does not let us have is replaced: a port below 1024 by a free one, an
address that is not there, as on macOS, by 127.0.0.1.
"""

import secrets
import socket
from ipaddress import IPv4Address
from typing import Final, NamedTuple

HTTPS_PORT: Final = 443
MQTT_PORT: Final = 8883

ANY: Final = 0
"""A port that the hub finds for itself."""

_LOOPBACK: Final = IPv4Address("127.0.0.0")
_HOSTS: Final = 2**24
_ATTEMPTS: Final = 8


class Listen(NamedTuple):
    address: str
    https_port: int
    mqtt_port: int


def place_of_its_own() -> Listen:
    """An address with both ports if there is one, or the best that this machine offers."""
    for _ in range(_ATTEMPTS):
        address = str(_LOOPBACK + 256 + secrets.randbelow(_HOSTS - 512))
        if _is_free(address, ANY):
            found = _at(address)
            if found.mqtt_port:
                return found
    return _at("127.0.0.1")


def _at(address: str) -> Listen:
    ports = (port if _is_free(address, port) else ANY for port in (HTTPS_PORT, MQTT_PORT))
    return Listen(address, *ports)


def _is_free(address: str, port: int) -> bool:
    try:
        socket.create_server((address, port)).close()
    except OSError:
        return False
    return True
