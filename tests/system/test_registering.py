"""Devices that register with whole hubs: many at once, by a webhook, to another hub."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.provisioning import Assigned, Enrolled, register
from affinage.domain.errors import Forbidden
from affinage.domain.values import JsonObject
from affinage.testing.hubs import RunningHub
from fakes.choosing import Webhook, webhook
from fakes.enrolling import KEY, derived, enroll, enroll_group, scope_of, symmetric
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.system

AT_ONCE: Final = 1000
WITHIN_S: Final = 60


def come(hub: RunningHub, name: str, key: str = KEY, payload: Any = None) -> Assigned:
    return asyncio.run(_registered(hub, scope_of(hub), name, key, payload))


async def _registered(
    hub: RunningHub, scope: str, name: str, key: str, payload: Any = None
) -> Assigned:
    device = Enrolled(hub.address, scope, name, key)
    now = wall_time().timestamp()
    return await register(device, hub.device_options(), now=now, payload=payload)


@pytest.fixture(scope="module")
def chooser(shared_address: str) -> Iterator[Webhook]:
    with webhook(shared_address) as found:
        yield found


@pytest.fixture(scope="module")
def hub(
    chooser: Webhook, shared_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    data = tmp_path_factory.mktemp("registering") / "data"
    settings = data.with_name("hub.toml")
    settings.write_text(f'webhook_urls = ["{chooser.url}"]\n')
    with HubProcess(data, shared_address, options=(f"--config={settings}",)) as hub:
        yield hub


@pytest.fixture
def other(address: str, tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "other", address) as hub:
        yield hub


def test_a_thousand_devices_register_at_once(hub: HubProcess) -> None:
    """REGISTER-9, PROV-44: each is there once, and the store has all of them after a kill."""
    enroll_group(hub, "storm", symmetric(initialTwin={"tags": {"storm": True}}))
    scope, names = scope_of(hub), [f"storm-{number}" for number in range(AT_ONCE)]

    async def all_of_them() -> list[Assigned]:
        came = [_registered(hub, scope, name, derived(name)) for name in names]
        return await asyncio.gather(*came)

    began = time.monotonic()
    assigned = asyncio.run(all_of_them())
    assert time.monotonic() - began < WITHIN_S
    assert [one.device_id for one in assigned] == names
    hub.kill()
    hub.start()
    counted: Any = hub.operate(lambda client: client.page(COUNT))
    assert counted[0] == [{"n": AT_ONCE}]


MOVING: Final = "/devices/moving?api-version=2021-04-12"
COUNT: Final = "SELECT COUNT() AS n FROM devices WHERE tags.storm = true"


def test_d4_a_webhook_that_fails_fails_the_registration(hub: HubProcess, chooser: Webhook) -> None:
    """PROV-34"""
    enroll(hub, "d4", custom(chooser))
    chooser.status = 500
    with pytest.raises(Forbidden, match="Custom allocation failed with status code: 500"):
        come(hub, "d4")
    chooser.status = 200


def test_a_webhook_chooses_and_tells_the_device_something(
    hub: HubProcess, chooser: Webhook
) -> None:
    enroll(hub, "chosen", custom(chooser))
    twin = {"tags": {"by": "webhook"}}
    told = {"welcome": "P-17"}
    chooser.answer = {"iotHubHostName": hub.address, "initialTwin": twin, "payload": told}
    assert come(hub, "chosen", payload={"serial": 17}).payload == told
    assert chooser.asked[-1]["deviceRuntimeContext"]["payload"] == {"serial": 17}
    assert chooser.asked[-1]["linkedHubs"] == [hub.address]
    found: Any = hub.operate(lambda client: client.get_twin("chosen"))
    assert found["tags"] == {"by": "webhook"}


def custom(chooser: Webhook) -> JsonObject:
    definition: JsonObject = {"webhookUrl": f"{chooser.url}/choose", "apiVersion": "2021-10-01"}
    return symmetric(allocationPolicy="custom", customAllocationDefinition=definition)


def test_d5_a_device_is_configured_before_it_connects_first(hub: HubProcess) -> None:
    configuration: JsonObject = {
        "id": "d5",
        "targetCondition": "tags.line = 'd5'",
        "priority": 10,
        "content": {"deviceContent": {"properties.desired.rate": 9}},
    }
    hub.operate(lambda client: client.create_configuration(configuration))
    enroll(hub, "d5", symmetric(initialTwin={"tags": {"line": "d5"}}))
    come(hub, "d5")
    twin: Any = hub.operate(lambda client: client.get_twin("d5"))
    assert twin["properties"]["desired"]["rate"] == 9
    assert twin["connectionState"] == "Disconnected"


def test_a_device_is_given_to_another_hub_and_takes_its_twin_along(
    hub: HubProcess, other: HubProcess
) -> None:
    """LINK-1, LINK-3, LINK-6."""
    link: JsonObject = {
        "connectionString": other.policy().text,
        "certificate": other.ca_file.read_text(),
        "port": other.https_port,
    }
    hubs = "/affinage/v1/provisioning/hubs"
    linked = hub.operate(lambda client: client.exchange("PUT", f"{hubs}/{other.address}", link))
    assert linked.status == 200, linked.body
    at_home = symmetric(allocationPolicy="static", iotHubs=[hub.address])
    enroll(hub, "moving", {**at_home, "initialTwin": {"tags": {"line": 7}}})
    assert come(hub, "moving").host == hub.address
    hub.operate(lambda client: client.patch_twin("moving", {"tags": {"seen": True}}))
    enroll(hub, "moving", symmetric(allocationPolicy="static", iotHubs=[other.address]))
    assert come(hub, "moving").host == other.address
    twin: Any = other.operate(lambda client: client.get_twin("moving"))
    assert twin["tags"] == {"line": 7, "seen": True}
    gone = hub.operate(
        lambda client: client.exchange("GET", "/devices/moving?api-version=2021-04-12")
    )
    assert (gone.status, json.loads(gone.body)["Message"][:24]) == (404, "ErrorCode:DeviceNotFound")
