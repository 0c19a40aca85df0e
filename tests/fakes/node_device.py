"""A device of Microsoft's SDK for Node.js, in a process of its own that does what a test says."""

import itertools
import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import pytest

import node
from affinage.testing.hubs import RunningHub
from affinage.testing.waiting import PATIENCE_S

TRANSPORTS: Final = ("Mqtt", "MqttWs")

EVENTS: Final = ("connect", "desired", "disconnect", "error", "message", "method")


class NodeError(Exception):
    """What the SDK gave to a callback; `name` is of its class."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class NodeDevice:
    """``ask`` has something done, ``heard`` tells what came by itself."""

    def __init__(self, process: "subprocess.Popen[str]", place: dict[str, Any]) -> None:
        self._process, self._place = process, place
        self._ids = itertools.count()
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._events: dict[str, queue.Queue[dict[str, Any]]] = {
            event: queue.Queue() for event in EVENTS
        }
        self.called: set[str] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def make(self, *given: Any, do: str = "make", **said: Any) -> Self:
        """A client that is not connected yet."""
        self.ask(do, given=given, **self._place, **said)
        return self

    def ask(self, do: str, **said: Any) -> Any:
        """Have it done, and give what came of it; raise NodeError if that is an error."""
        number = next(self._ids)
        self._say(id=number, do=do, **said)
        answer = self._answers.get(timeout=PATIENCE_S)
        assert answer["id"] == number
        if error := answer.get("error"):
            raise NodeError(error["name"], error["message"])
        return answer["result"]

    def heard(self, event: str) -> dict[str, Any]:
        """The next of that kind that has not been asked for yet."""
        return self._events[event].get(timeout=PATIENCE_S)

    def has_heard(self, event: str) -> bool:
        return not self._events[event].empty()

    def end(self) -> None:
        self._say(do="end")
        self._process.wait(PATIENCE_S)

    def _say(self, **said: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "called" in told:
                self.called |= set(told["called"])
            elif "event" in told:
                self._events[told["event"]].put(told)
            else:
                self._answers.put(told)


def installed() -> Path:
    """The program; the test is skipped where the SDK is not installed."""
    program = node.node()
    if program is None or not (node.INSTALLED / "node_modules/azure-iot-device").exists():
        pytest.skip("Node.js or its packages are not installed: make .venv/npm/ready")
    return program


@contextmanager
def node_device(hub: RunningHub, transport: str) -> Iterator[NodeDevice]:
    """One process, for one device or module."""
    process = subprocess.Popen(
        [installed(), node.PROJECT / "device.js"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"NODE_PATH": str(node.INSTALLED / "node_modules")},
    )
    device = NodeDevice(process, {"transport": transport, "ca": hub.ca_file.read_text()})
    with process:
        try:
            yield device
            device.end()
        finally:
            process.kill()
