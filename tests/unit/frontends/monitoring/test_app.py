"""frontends/monitoring/app.py: the numbers of a hub that runs, and who may see them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fakes.hub import Hub, running_hub
from fakes.looped import looped


async def seen(hub: Hub, policy: str = "iothubowner") -> dict[str, float]:
    """Every number without labels, and those with them by their labels' values."""
    answer = await hub.ask("GET", "/metrics", policy=policy)
    assert answer.status_code == 200, answer.text
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@looped
async def test_numbers_move_with_what_is_done() -> None:
    """METRICS-1"""
    async with running_hub() as hub:
        before = await seen(hub)
        for name in "abc":
            await hub.device(name)
        await hub.ask("GET", "/devices/nobody")
        after = await seen(hub)
    assert (before["affinage_devices"], after["affinage_devices"]) == (0, 3)
    commits = "affinage_commit_units_count"
    assert after[commits] - before[commits] == 3
    assert after["affinage_http_requests_total PUT /devices/{id} 200"] == 3
    assert after["affinage_http_requests_total GET /devices/{id} 404"] == 1
    assert after["affinage_http_request_duration_seconds_count /devices/{id}"] == 4


@pytest.mark.parametrize("policy", ["service", "registryRead", "registryReadWrite"])
@looped
async def test_who_may_read_the_registry_or_connect_as_a_service_may_watch(policy: str) -> None:
    """METRICS-2"""
    async with running_hub() as hub:
        assert "affinage_devices" in await seen(hub, policy)


@looped
async def test_a_stranger_and_who_lacks_the_right_see_nothing() -> None:
    """METRICS-2"""
    async with running_hub() as hub:
        stranger = await hub.ask("GET", "/metrics", headers={"Authorization": ""})
        device = await hub.ask("GET", "/metrics", policy="device")
    assert (stranger.status_code, device.status_code) == (401, 403)
    assert "affinage" not in stranger.text + device.text
    assert "lacks the right" in device.text


@looped
async def test_the_format_is_negotiated() -> None:
    """METRICS-3"""
    async with running_hub() as hub:
        wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = await hub.ask("GET", "/metrics", headers=wanted)
        assert answer.headers["content-type"].startswith("application/openmetrics-text;")
        assert answer.text.endswith("# EOF\n")
        plain = await hub.ask("GET", "/metrics")
        assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@looped
async def test_there_is_nothing_else_at_the_door() -> None:
    async with running_hub() as hub:
        for method, path, status in (("POST", "/metrics", 405), ("GET", "/metrics/a", 404)):
            assert (await hub.ask(method, path)).status_code == status
