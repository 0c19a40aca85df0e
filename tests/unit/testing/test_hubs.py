"""A hub as a process; the tests of this file share one where they leave it as it was."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import DeviceClient, connect
from affinage.clients.service import ServiceError
from affinage.testing.hubs import NoHub, RunningHub, running_hub
from affinage.testing.waiting import PATIENCE_S, wait_until


@pytest.fixture(scope="module")
def hub() -> Iterator[RunningHub]:
    with running_hub(log_level="warning") as hub:
        yield hub


def test_a_device_and_its_module_are_given_connection_strings(hub: RunningHub) -> None:
    device = hub.device("pump", tags={"line": 4})
    assert device.startswith(f"HostName={hub.address};DeviceId=pump;SharedAccessKey=")
    assert "DeviceId=pump;ModuleId=valve;SharedAccessKey=" in hub.module("pump", "valve")
    assert hub.operate(lambda client: client.get_twin("pump"))["tags"] == {"line": 4}


def test_a_device_may_be_of_any_kind(hub: RunningHub) -> None:
    hub.device("gateway", capabilities={"iotEdge": True})
    modules = hub.operate(lambda client: client.list_modules("gateway"))
    assert {module["moduleId"] for module in modules} == {"$edgeAgent", "$edgeHub"}


def test_a_policy_is_given_its_connection_string(hub: RunningHub) -> None:
    text = hub.connection_string("service")
    assert text.startswith(f"HostName={hub.address};SharedAccessKeyName=service;SharedAccessKey=")


def test_our_client_can_be_used_from_within_an_event_loop(hub: RunningHub) -> None:
    async def test() -> str:
        return hub.device("made-in-a-loop")

    assert "made-in-a-loop" in asyncio.run(test())


async def connected(hub: RunningHub, device: str, on_lost: Callable[[], None]) -> DeviceClient:
    return await connect(
        hub.identity(device),
        hub.device_options(),
        now=wall_time().timestamp(),
        on_desired=lambda *_: None,
        on_lost=on_lost,
    )


def test_a_device_connects(hub: RunningHub) -> None:
    async def test() -> int:
        client = await connected(hub, "connected", lambda: None)
        version = await client.report({"rpm": 900})
        await client.close()
        return version

    hub.device("connected")
    assert asyncio.run(test()) == 2


def test_a_device_whose_token_has_aged_is_hung_up_on(tmp_path: Path) -> None:
    async def test(hub: RunningHub) -> None:
        lost = asyncio.Event()
        client = await connected(hub, "pump", lost.set)
        hub.advance(24 * 3600)
        assert await client.report({"rpm": 900}) == 2
        hub.age_tokens(24 * 3600)
        async with asyncio.timeout(PATIENCE_S):
            await lost.wait()

    with running_hub(tmp_path / "hub") as hub:
        hub.device("pump")
        asyncio.run(test(hub))


def test_what_a_process_needs_to_believe_the_hub_is_in_its_environment(hub: RunningHub) -> None:
    environment = hub.environment
    assert Path(environment["NODE_EXTRA_CA_CERTS"]).read_text().startswith("-----BEGIN CERT")
    assert environment["AFFINAGE_CONNECTION_STRING"] == hub.connection_string()
    assert environment["AFFINAGE_HTTPS_PORT"] == str(hub.https_port)


def test_it_is_said_whether_sdks_can_reach_it(tmp_path: Path) -> None:
    assert RunningHub(tmp_path, "127.0.0.1").has_sdk_ports
    assert not RunningHub(tmp_path, "127.0.0.1", https_port=8443).has_sdk_ports


def test_time_passes_at_once_and_outlives_a_restart(tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub") as hub:
        before = hub.advance(0)
        assert 3600 <= (hub.advance(3600) - before).total_seconds() < 3660
        ports = (hub.https_port, hub.mqtt_port)
        hub.restart()
        assert (hub.https_port, hub.mqtt_port) == ports
        assert 3600 <= (hub.advance(0) - before).total_seconds() < 3660


def test_what_the_hub_answered_outlives_a_kill(tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub") as hub:
        string = hub.device("pump")
        hub.kill()
        assert not hub.is_running
        hub.start()
        assert hub.identity("pump").text == string


def test_tokens_expire_when_they_have_aged_and_not_when_time_passes(tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub") as hub:
        hub.device("pump")
        hub.advance(7 * 24 * 3600)
        assert hub.operate(lambda client: client.get_device("pump"))["deviceId"] == "pump"
        hub.age_tokens(2 * 3600)
        with pytest.raises(ServiceError, match="expired"):
            hub.operate(lambda client: client.get_device("pump"))


def test_a_hub_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(NoHub, match="throttle"),
        running_hub(tmp_path / "hub", throttle="S9"),
    ):
        pass


def test_a_hub_ends_with_the_tests_that_started_it(tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub") as hub:
        assert hub._process.stdin is not None
        hub._process.stdin.close()
        wait_until(lambda: not hub.is_running)
        hub._process.stdin = None
