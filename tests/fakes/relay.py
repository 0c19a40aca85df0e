"""A network between a client and a hub that can be cut: TCP, byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self


class Relay:
    """Listens on one address and passes everything on to another; `with` closes it."""

    def __init__(self, address: str, to: str, port: int = 8883) -> None:
        self.address = address
        self._listener = socket.create_server((address, port))
        self._to = (to, port)
        self._lines: list[socket.socket] = []
        self._is_up = True
        self.count = 0
        """Connections so far."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
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

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.count += 1
                if self._is_up:
                    self._connect(near)
                else:
                    near.close()

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._to)
        except OSError:
            near.close()
            return
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
