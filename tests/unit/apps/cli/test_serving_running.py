import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.command_line import run
from fakes.logging_restored import logging_restored


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    with logging_restored():
        yield


def stop_once_there_is(place: Path) -> None:
    """As a service manager does; by then the hub listens."""
    while not place.exists():
        threading.Event().wait(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_hub_says_where_it_is_and_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    data = tmp_path / "data"
    stopper = threading.Thread(target=stop_once_there_is, args=[data / "place.json"])
    stopper.start()
    ports = ("--https-port", "0", "--mqtt-port", "0")
    answer = run("serve", "--data", str(data), "--hostname", "cave.test", *ports)
    stopper.join()
    assert answer.status == 0
    assert answer.out.startswith("ready https://cave.test:")
    assert "stopped" in answer.err
    assert (data / "tls/ca.pem").exists()
