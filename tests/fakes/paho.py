"""A paho 2 in a process of its own, handled: what it is told to do, and what it says happened."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from affinage.testing.waiting import PATIENCE_S
from fakes.hub_process import HubProcess
from fakes.wire import greeting

PUPPET: Final = Path(__file__).parents[1] / "conformance/paho/puppet.py"
INSTALLED: Final = Path(sys.prefix) / "paho"
"""Where ``make .venv/paho/ready`` has put it: beside the paho 1 that the device SDK needs."""


class Paho:
    """One client of the hub, as a device; `paho` ends it."""

    def __init__(self, hub: HubProcess, device: str) -> None:
        self._hub, self._device = hub, device
        self._said: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, PUPPET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(INSTALLED)},
        )
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def connect(self, **how: Any) -> dict[str, Any]:
        """Connect; what it says of the CONNACK. ``how`` is for `made` in the puppet."""
        hello = greeting(self._hub.identity(self._device))
        usual = {
            "host": self._hub.address,
            "port": self._hub.mqtt_port,
            "ca_file": str(self._hub.ca_file),
            "client_id": hello.client_id,
            "username": hello.username,
            "password": (hello.password or b"").decode(),
            "clean": False,
        }
        self.call("connect", usual | how)
        return self.hear("connected")

    def call(self, name: str, *arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()

    def hear(self, event: str) -> dict[str, Any]:
        """The next event of that kind; others are passed over."""
        while True:
            name, what = self._said.get(timeout=PATIENCE_S)
            if name == event:
                return what

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self.kill()
        self._listening.join()  # who still reads what is closed would fail
        self._process.communicate()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, what = json.loads(line)
            self._said.put((name, what))


@contextmanager
def paho(hub: HubProcess, device: str) -> Iterator[Paho]:
    client = Paho(hub, device)
    try:
        yield client
    finally:
        client.close()
