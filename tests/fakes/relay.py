"""A network between a client and a hub that can be cut: TCP, byte for byte, on both its ports."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Final, Self

PORTS: Final = (8883, 443)


class Relay:
    """Listens on one address and passes everything on to another; `with` closes it."""

    def __init__(self, address: str, to: str, ports: tuple[int, ...] = PORTS) -> None:
        self.address = address
        self._listeners = {port: socket.create_server((address, port)) for port in ports}
        self._to = to
        self._lines: list[socket.socket] = []
        self._is_up = True
        self.count = 0
        """Connections so far."""

    def __enter__(self) -> Self:
        for port in self._listeners:
            threading.Thread(target=self._accept, args=(port,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners.values():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._cut()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """No connection stands, and none can be made."""
        self._is_up = False
        self._cut()
        yield
        self._is_up = True

    def _cut(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self, port: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listeners[port].accept()
                self.count += 1
                if self._is_up:
                    self._connect(near, port)
                else:
                    near.close()

    def _connect(self, near: socket.socket, port: int) -> None:
        try:
            far = socket.create_connection((self._to, port))
        except OSError:
            near.close()
            return
        for line in (near, far):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines += [near, far]
        threading.Thread(target=_carry, args=(near, far), daemon=True).start()


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until one end hangs up."""
    with near, far:
        back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
        back.start()
        _pass_on(near, far)
        back.join()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while received := one.recv(65536):
            other.sendall(received)
    for line in (one, other):
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
