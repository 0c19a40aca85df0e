"""How a hub process begins and ends, and what it says when it cannot."""

import socket
import sqlite3
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from subprocess import CompletedProcess

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.service import ServiceError
from affinage.domain.values import JsonObject
from affinage.protocol.identities import API_VERSION
from affinage.protocol.tokens import make_token
from affinage.testing.waiting import wait_until
from fakes.hub_process import PATIENCE_S, HubProcess, affinage

pytestmark = pytest.mark.system


def refused(hub: HubProcess) -> str:
    """What a start that fails says; it fails with 1, in one line, and is never ready."""
    ended: CompletedProcess[str] = affinage(*hub.command[1:])
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("error: ") == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr.replace("\n", " ")


def test_a_hub_says_once_that_it_is_ready_and_ends_when_asked(hub: HubProcess) -> None:
    assert hub.ready_line == f"ready https://{hub.address}:443 mqtts://{hub.address}:8883"
    assert hub.stop() == (0, "")


def test_a_request_under_way_is_finished_before_the_hub_ends(hub: HubProcess) -> None:
    body = b'{"deviceId": "late"}'
    with closing(https(hub)) as line:
        line.sendall(creation(hub, "late", len(body)) + body[:5])
        assert line.recv(65536).startswith(b"HTTP/1.1 100 ")
        hub.terminate()
        until_deaf(hub)
        line.sendall(body[5:])
        assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert hub.stop() == (0, "")
    assert hub.identity("late").device == "late"


def test_a_hub_that_ends_waits_for_no_device(hub: HubProcess) -> None:
    """METHOD-14"""
    hub.device("away")
    method: JsonObject = {"methodName": "stop", "connectTimeoutInSeconds": 300}
    with ThreadPoolExecutor(1) as apart:
        call = apart.submit(hub.operate, lambda client: client.invoke("away", method))
        wait_until(lambda: b"affinage_method_calls 1.0" in metrics(hub))
        assert hub.stop() == (0, "")
        with pytest.raises(ServiceError, match="503"):
            call.result()


def metrics(hub: HubProcess) -> bytes:
    return hub.operate(lambda client: client.exchange("GET", "/metrics")).body


def test_a_second_hub_is_refused_the_folder(hub: HubProcess) -> None:
    said = refused(HubProcess(hub.data, hub.address, https_port=0, mqtt_port=0))
    assert str(hub.data) in said
    assert "in use by another hub" in said
    assert hub.stop() == (0, "")


@pytest.mark.parametrize("port", [443, 8883])
def test_a_port_that_is_taken_is_named_and_nothing_stays_locked(hub: HubProcess, port: int) -> None:
    hub.stop()
    with socket.create_server((hub.address, port)):
        assert f"{hub.address}:{port}" in refused(hub)
    hub.start()


def test_a_store_of_a_newer_release_is_left_alone(hub: HubProcess) -> None:
    hub.stop()
    store = hub.data / "hub.db"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = store.read_bytes()
    assert "schema 99" in refused(hub)
    assert store.read_bytes() == before


@pytest.mark.parametrize("key", [b"", b"garbage", b"x" * 32, b"x" * 33])
def test_a_vault_key_that_is_none_of_the_hubs_is_refused(hub: HubProcess, key: bytes) -> None:
    hub.stop()
    vault = hub.data / "vault.key"
    good = vault.read_bytes()
    vault.write_bytes(key)
    assert "vault" in refused(hub)
    assert vault.read_bytes() == key
    vault.write_bytes(good)
    hub.start()


def https(hub: HubProcess) -> ssl.SSLSocket:
    line = socket.create_connection((hub.address, hub.https_port), PATIENCE_S)
    return hub.context.wrap_socket(line, server_hostname=hub.address)


def creation(hub: HubProcess, device: str, length: int) -> bytes:
    """The header that creates a device; the hub answers 100 once it has begun with the request."""
    policy = hub.policy()
    assert policy.key is not None
    expiry = int(wall_time().timestamp()) + PATIENCE_S
    token = make_token(policy.host, policy.key, expiry, policy.policy)
    return (
        f"PUT /devices/{device}?api-version={API_VERSION} HTTP/1.1\r\nHost: {policy.host}\r\n"
        f"Authorization: {token}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    ).encode()


def until_deaf(hub: HubProcess) -> None:
    """Return once the hub listens no more."""
    with suppress(ConnectionError):
        while True:
            socket.create_connection((hub.address, hub.https_port)).close()
