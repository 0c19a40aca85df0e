"""A network of one's own: loopback and nothing else, every port free."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

import netns

HUB_AND_DEVICE = """
import socket
for address in ("127.0.7.1", "127.0.7.2"):
    for port in (443, 8883):
        with socket.create_server((address, port)) as hub:
            socket.create_connection(hub.getsockname()).close()
print([name for _, name in socket.if_nameindex()])
"""


@pytest.fixture(autouse=True)
def needs_a_namespace() -> None:
    if not netns.is_possible():
        pytest.skip("this machine admits no network namespace")


def python(script: str) -> str:
    command = netns.inside([sys.executable, "-c", script])
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_two_hubs_listen_on_the_same_two_ports() -> None:
    assert "lo" in python(HUB_AND_DEVICE)


def test_nothing_outside_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        address = outside.getsockname()
        found = python(f"import socket; print(socket.socket().connect_ex({address}))")
    assert int(found) > 0


def test_the_command_gets_its_arguments_and_its_exit_code_comes_back() -> None:
    command = [sys.executable, netns.__file__, "sh", "-c", 'exit "$1"', "sh", "7"]
    assert subprocess.run(command, check=False).returncode == 7


def test_no_address_is_given_twice() -> None:
    addresses = [netns.next_address() for _ in range(200)]
    assert len({*addresses}) == 200
    assert all(address.startswith("127.") for address in addresses)


def test_it_is_the_file_that_the_makefile_runs() -> None:
    assert "tests/netns.py" in (Path(netns.__file__).parents[1] / "Makefile").read_text()
