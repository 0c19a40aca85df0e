"""apps/hub.py where it cannot start; that it serves is what tests/system and the demo show."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from affinage.adapters.files.certificates import Certificates
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings
from affinage.domain.errors import Unavailable
from affinage.domain.names import TwinKey
from fakes.clock import START
from fakes.life import OWNER
from fakes.looped import looped


def started(settings: HubSettings) -> str:
    """Start a hub and end it; what it printed."""

    async def start() -> str:
        async with Hub(settings) as hub:
            return hub.ready_line

    return asyncio.run(start())


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    return HubSettings(tmp_path / "data", https_port=0, mqtt_port=0)


@pytest.mark.parametrize("door", ["https_port", "mqtt_port"])
def test_a_port_that_is_taken_is_named_and_the_folder_is_free_again(
    settings: HubSettings, door: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"127.0.0.1:{port} cannot be listened on: address"):
            started(replace(settings, **{door: port}))
    assert started(settings).startswith("ready https://localhost:")


def test_a_hub_does_not_start_with_another_hubs_vault_key(settings: HubSettings) -> None:
    started(settings)
    vault = settings.data / "vault.key"
    good = vault.read_bytes()
    vault.write_bytes(bytes(len(good)))
    with pytest.raises(Unavailable, match="another key than the vault's"):
        started(settings)
    vault.write_bytes(good)
    assert started(settings)


def test_a_folder_in_use_is_refused(settings: HubSettings) -> None:
    async def both() -> None:
        async with Hub(settings), Hub(settings):
            pass

    with pytest.raises(Unavailable, match="in use by another hub"):
        asyncio.run(both())


@looped
async def test_a_hub_serves_until_it_is_told_to_stop(settings: HubSettings) -> None:
    stop = asyncio.Event()
    async with Hub(settings) as hub:
        serving = asyncio.ensure_future(hub.serve_until(stop))
        await asyncio.sleep(0)
        assert not serving.done()
        stop.set()
        await serving


@looped
async def test_a_hub_whose_store_breaks_its_word_stops_and_answers_whoever_waits(
    settings: HubSettings,
) -> None:
    async with Hub(settings) as hub:
        hub.parts.store._thread.shutdown()
        creating = hub.parts.registry.create(TwinKey("d"), {}, by=OWNER)
        with pytest.raises(Unavailable, match="may have been written"):
            await creating
        with pytest.raises(ExceptionGroup):
            await hub.serve_until(asyncio.Event())


def test_a_certificate_that_is_given_is_the_one_that_is_shown(
    settings: HubSettings, tmp_path: Path
) -> None:
    made = Certificates(tmp_path / "given")
    made.ensure(("localhost",), START)
    given = replace(settings, certificate=made.server, key=made.server_key)
    assert started(given)
    assert not (settings.data / "tls").exists()
