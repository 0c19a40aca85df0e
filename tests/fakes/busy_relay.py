"""A network to a hub that has no time: some first clients are told so, MQTT's CONNACK 3."""

import socket
import ssl
from contextlib import suppress
from typing import Final

from affinage.testing.hubs import RunningHub
from fakes.relay import Relay

BUSY: Final = bytes([0x20, 2, 0, 3])
"""The CONNACK that asks to come again."""


class BusyRelay(Relay):
    def __init__(self, address: str, hub: RunningHub, times: int) -> None:
        """``times`` connections are refused; the address must be one of the hub's names."""
        super().__init__(address, to=hub.address, ports=(8883,))
        self._times = times
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls = hub.data / "tls"
        self._context.load_cert_chain(tls / "server.pem", tls / "server.key")

    def _connect(self, near: socket.socket, port: int) -> None:
        if self.count > self._times:
            super()._connect(near, port)
            return
        with suppress(OSError), self._context.wrap_socket(near, server_side=True) as line:
            line.recv(4096)  # its CONNECT
            line.sendall(BUSY)
            line.recv(1)  # until it has hung up
