"""A server of NATS, as a process of its own; a test that has none is skipped."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from affinage.testing.waiting import PATIENCE_S

PROGRAM: Final = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")


class NatsServer:
    """One with JetStream, at a port of its own; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert PROGRAM is not None
        where = ["-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self._folder)]
        self._process = subprocess.Popen([PROGRAM, "-js", *where], stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE_S
        while not _listens(self.port):
            assert time.monotonic() < end, "nats-server does not come up"
            time.sleep(0.01)  # a process that is not ours tells nobody when it is ready

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def nats_server(folder: Path) -> Iterator[NatsServer]:
    if PROGRAM is None:
        pytest.skip("there is no nats-server here")
    server = NatsServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
