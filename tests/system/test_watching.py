"""A hub watched from outside: the numbers at /metrics, and the lines of its log."""

import asyncio
import json
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import connect
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.errors import Unauthorized
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from fakes.hub_process import PATIENCE_S, HubProcess, affinage

pytestmark = pytest.mark.system

PASSWORD: Final = "correct-horse-battery"
"""Of a container registry, as a deployment has it in the desired properties of `$edgeAgent`."""


def edge_agent() -> JsonObject:
    registry: JsonObject = {"address": "r.example", "username": "u", "password": PASSWORD}
    image: JsonObject = {"type": "docker", "settings": {"image": "r.example/one:1"}}
    return {
        "schemaVersion": "1.1",
        "runtime": {"type": "docker", "settings": {"registryCredentials": {"r": registry}}},
        "systemModules": {"edgeAgent": image, "edgeHub": image},
        "modules": {},
    }


async def seen(operator: ServiceClient) -> dict[str, float]:
    answer = await operator.exchange("GET", "/metrics")
    assert answer.status == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


async def report(hub: HubProcess, string: ConnectionString) -> None:
    """Come as a device, report, and go."""
    options, now = hub.device_options(timeout_s=PATIENCE_S), wall_time().timestamp()
    unheard: Any = {"on_desired": lambda *_: None, "on_lost": lambda: None}
    device = await connect(string, options, now=now, **unheard)
    await device.report({"n": 1})
    await device.close()


async def work(hub: HubProcess) -> dict[str, float]:
    """What a hub sees in a day, in a second; the numbers afterwards."""
    async with hub.operator() as operator:
        await operator.create_device({"deviceId": "e", "capabilities": {"iotEdge": True}})
        await operator.patch_twin("e", {"tags": {"ring": "a"}})
        content: JsonObject = {
            "modulesContent": {
                "$edgeAgent": {"properties.desired": edge_agent()},
                "$edgeHub": {"properties.desired": {"schemaVersion": "1.1", "routes": {}}},
            }
        }
        deployment: JsonObject = {"id": "d", "targetCondition": "*", "content": content}
        await operator.create_configuration(deployment)
        with pytest.raises(ServiceError):
            await operator.create_configuration({**deployment, "targetCondition": "no = "})
        await report(hub, hub.identity("e"))
        stranger = ConnectionString(hub.address, device="e", key="c3RyYW5nZXI=")
        with pytest.raises(Unauthorized):
            await report(hub, stranger)
        return await seen(operator)


def test_a_hub_is_watched_while_it_works(hub: HubProcess) -> None:
    """METRICS-1"""
    found = asyncio.run(work(hub))
    assert (found["affinage_devices"], found["affinage_configurations"]) == (1, 1)
    assert found["affinage_mqtt_requests_total report"] == 1
    assert found["affinage_mqtt_connections_opened_total"] == 2
    assert found["affinage_mqtt_connections_admitted_total"] == 1
    assert found["affinage_http_requests_total PUT /devices/{id} 200"] == 1
    assert found["affinage_store_commits_total"] >= 4
    assert found["process_resident_memory_bytes"] > 0


def test_no_secret_is_in_the_log(hub: HubProcess) -> None:
    """ACCESS-8"""
    asyncio.run(work(hub))
    printed = affinage("token", "--data", hub.data).stdout.strip()
    strings = (hub.policy(), hub.identity("e"))
    hub.stop()
    log = hub.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"request", "connected", "refused", "connection closed"} <= {
        line["event"] for line in lines
    }
    assert all({"event", "level", "timestamp"} <= {*line} for line in lines)
    for secret in (PASSWORD, printed, "sig=", *(string.key or "" for string in strings)):
        assert secret
        assert secret not in log


def test_a_hub_logs_from_the_level_that_it_is_told(hub: HubProcess) -> None:
    hub.stop()
    (hub.data / "hub.toml").write_text('log_level = "error"')
    before = hub.log.stat().st_size
    hub.options = (f"--config={hub.data / 'hub.toml'}",)
    hub.start()
    asyncio.run(work(hub))
    hub.stop()
    assert hub.log.stat().st_size == before
