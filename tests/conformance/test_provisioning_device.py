"""azure-iot-device's ProvisioningDeviceClient, unmodified: over MQTT and WebSocket, sync and aio.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.service import ServiceClient
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.tokens import make_token
from affinage.testing.hubs import RunningHub
from fakes.enrolling import (
    KEY,
    OTHER_KEY,
    VERSION,
    certified,
    custom,
    derived,
    enroll,
    enroll_group,
    scope_of,
    symmetric,
)
from fakes.enrolling import authority_of_today as authority
from fakes.enrolling import leaf_of_today as leaf
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, client_of, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]


class Manner(NamedTuple):
    """How the SDK is used."""

    is_async: bool
    websockets: bool


MANNERS: Final = {
    "mqtt": Manner(is_async=False, websockets=False),
    "ws": Manner(is_async=False, websockets=True),
    "aio-mqtt": Manner(is_async=True, websockets=False),
    "aio-ws": Manner(is_async=True, websockets=True),
}

Register = Callable[..., Any]


EVERY: Final = pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
"""For a test that is run in each; the others take the first, as the SDK takes its time."""


@pytest.fixture
def manner() -> Manner:
    return MANNERS["mqtt"]


@pytest.fixture
def register(hub: HubProcess, manner: Manner) -> Register:
    """Register as a device: by a key, or by a certificate; gives the SDK's result."""
    device = pytest.importorskip("azure.iot.device")
    kind = pytest.importorskip("azure.iot.device.aio") if manner.is_async else device

    def register(
        registration: str, *, key: str = "", pem: Path | None = None, payload: Any = None
    ) -> Any:
        given = {
            "provisioning_host": hub.address,
            "registration_id": registration,
            "id_scope": scope_of(hub),
            "server_verification_cert": hub.ca_file.read_text(),
            "websockets": manner.websockets,
        }
        client = _client(kind.ProvisioningDeviceClient, device, key, pem, given)
        if payload is not None:
            client.provisioning_payload = payload
        return asyncio.run(_registered(client)) if manner.is_async else client.register()

    return register


def _client(kind: Any, device: Any, key: str, pem: Path | None, given: dict[str, Any]) -> Any:
    if pem is None:
        return kind.create_from_symmetric_key(symmetric_key=key, **given)
    shown = device.X509(str(pem), str(pem))
    return kind.create_from_x509_certificate(x509=shown, **given)


async def _registered(client: Any) -> Any:
    return await client.register()


def named(manner: Manner, name: str) -> str:
    """A registration id of this test's own in this manner."""
    return f"{name}-{'aio' if manner.is_async else 'sync'}-{'ws' if manner.websockets else 'mqtt'}"


@EVERY
def test_d1_a_device_registers_with_its_key_and_connects(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    name = named(manner, "d1")
    twin = {"tags": {"line": 7}, "properties": {"desired": {"rate": 5}}}
    enroll(hub, name, symmetric(deviceId=f"{name}-pump", initialTwin=twin))
    result = register(name, key=KEY)
    state = result.registration_state
    assert (result.status, state.assigned_hub, state.device_id) == (
        "assigned",
        hub.address,
        f"{name}-pump",
    )
    string = ConnectionString(hub.address, device=state.device_id, key=KEY)
    client = client_of(device_sdk, string.text, hub.ca_file)
    client.connect()
    assert client.get_twin()["desired"]["rate"] == 5
    client.shutdown()


def test_d1_a_device_of_a_group_registers_with_its_derived_key(
    hub: HubProcess, manner: Manner, register: Register
) -> None:
    group = named(manner, "d1-group")
    enroll_group(hub, group, symmetric())
    name = named(manner, "of-the-group")
    result = register(name, key=derived(name), payload={"serial": "P-17"})
    assert (result.status, result.registration_state.device_id) == ("assigned", name)
    again = register(name, key=derived(name, OTHER_KEY))
    assert again.registration_state.created_date_time == result.registration_state.created_date_time


@EVERY
def test_d2_a_wrong_key_is_refused(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    enroll(hub, named(manner, "d2"), symmetric())
    for name in (named(manner, "d2"), "nobody"):
        with pytest.raises(device_sdk.exceptions.ClientError):
            register(name, key="d3JvbmcgaW4gYW55IGNhc2U=")


def test_d3_a_device_that_is_throttled_comes_again(
    device_sdk: Any, tmp_path: Path, address: str
) -> None:
    """REGISTER-24, REGISTER-25."""
    names, enough = [f"d3-{number}" for number in range(9)], threading.Event()
    with running_hub_at(tmp_path, address) as hub, ThreadPoolExecutor(1) as apart:
        for name in names:
            enroll(hub, name, symmetric())
        enroll_group(hub, "crowd", symmetric())
        crowding = apart.submit(hub.operate, partial(crowd, hub, enough))
        wait_until(lambda: is_throttled(hub, "crowd-"))
        refused = (name for name in names if registered(device_sdk, hub, name, enough))
        assert next(refused, None), "nobody met the throttle"
        assert crowding.result() > 0


def registered(device_sdk: Any, hub: RunningHub, name: str, enough: threading.Event) -> bool:
    """Whether the device was throttled before it was assigned; then the others stop."""
    watching = threading.Thread(target=watch, args=(hub, name, enough))
    watching.start()
    client = device_sdk.ProvisioningDeviceClient.create_from_symmetric_key(
        provisioning_host=hub.address,
        registration_id=name,
        id_scope=scope_of(hub),
        symmetric_key=KEY,
        server_verification_cert=hub.ca_file.read_text(),
    )
    assert client.register().status == "assigned"
    watching.join()
    return enough.is_set()


def watch(hub: RunningHub, name: str, enough: threading.Event) -> None:
    """Have the others stop as soon as the device was throttled."""
    wait_until(lambda: is_throttled(hub, name) or is_assigned(hub, name))
    if is_throttled(hub, name):
        enough.set()


def is_throttled(hub: RunningHub, name: str) -> bool:
    return any(
        name in line and '"throttled"' in line for line in hub.log.read_text().splitlines()
    ) or (name == "crowd-" and '"status": 429' in hub.log.read_text())


def is_assigned(hub: RunningHub, name: str) -> bool:
    found = hub.operate(lambda client: client.exchange("GET", f"/registrations/{name}?{VERSION}"))
    return found.status == 200


async def crowd(hub: RunningHub, enough: threading.Event, client: ServiceClient) -> int:
    """More devices than may register in a minute, until there were enough; how many came."""
    scope, expiry, count = scope_of(hub), int(wall_time().timestamp()) + 3600, 0

    async def come(name: str) -> None:
        token = make_token(f"{scope}/registrations/{name}", derived(name), expiry)
        path = f"/{scope}/registrations/{name}/register?api-version=2021-06-01"
        await client.exchange("PUT", path, {}, headers={"Authorization": token})

    while not enough.is_set():
        await asyncio.gather(*(come(f"crowd-{count + number}") for number in range(50)))
        count += 50
    return count


def running_hub_at(folder: Path, address: str) -> RunningHub:
    return RunningHub(folder / "throttled", address, settings={"throttle": "S1"})


def test_d4_a_webhook_that_fails_fails_the_registration(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    """PROV-35, PROV-42"""
    name = named(manner, "d4")
    enroll(hub, name, custom())
    with pytest.raises(device_sdk.exceptions.ClientError) as failed:
        register(name, key=KEY)
    assert type(failed.value.__cause__).__name__ == "ServiceError"
    found = hub.operate(lambda client: client.exchange("GET", f"/registrations/{name}?{VERSION}"))
    assert b'"errorCode":400207' in found.body


def test_d6_a_disabled_enrollment_blocks_one_of_a_group(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    name = named(manner, "d6")
    enroll_group(hub, named(manner, "d6-group"), symmetric())
    enroll(hub, name, symmetric(provisioningStatus="disabled"))
    with pytest.raises(device_sdk.exceptions.ClientError):
        register(name, key=derived(name))
    with pytest.raises(device_sdk.exceptions.ClientError):
        register(name, key=KEY)


def test_a_device_registers_with_its_certificate_and_connects(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    name = named(manner, "certified")
    made = leaf(name)
    enroll(hub, name, certified("clientCertificates", made))
    pem = made.file()
    result = register(name, pem=pem)
    assert result.registration_state.device_id == name
    client = device_sdk.IoTHubDeviceClient.create_from_x509_certificate(
        device_sdk.X509(str(pem), str(pem)),
        result.registration_state.assigned_hub,
        name,
        server_verification_cert=hub.ca_file.read_text(),
    )
    client.connect()
    client.shutdown()


def test_a_device_of_a_group_registers_with_its_certificate(
    hub: HubProcess, manner: Manner, register: Register
) -> None:
    root = authority("Root")
    signing = authority("Signing", root)
    enroll_group(hub, named(manner, "certified-group"), certified("signingCertificates", signing))
    name = named(manner, "signed")
    result = register(name, pem=leaf(name, signing).file(signing))
    assert result.registration_state.device_id == name


def test_a_certificate_of_another_is_refused(
    hub: HubProcess, manner: Manner, register: Register, device_sdk: Any
) -> None:
    name = named(manner, "forged")
    enroll(hub, name, certified("clientCertificates", leaf(name)))
    with pytest.raises(device_sdk.exceptions.ClientError):
        register(name, pem=leaf(name).file())


def test_registered_devices_outlive_the_hub(
    hub: HubProcess, manner: Manner, register: Register
) -> None:
    name = named(manner, "outlives")
    enroll(hub, name, symmetric())
    before = register(name, key=KEY).registration_state
    hub.kill()
    hub.start()
    after = register(name, key=KEY).registration_state
    assert (after.assigned_hub, after.device_id) == (before.assigned_hub, before.device_id)
    assert after.created_date_time == before.created_date_time
