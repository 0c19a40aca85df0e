"""apps/hub.py where it cannot start; that it serves is what tests/system and the demo show."""

import asyncio
import shutil
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.clock import wall_time
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.names import TwinKey
from affinage.frontends.tls import presented
from fakes.clock import START
from fakes.life import OWNER
from fakes.looped import looped
from fakes.tls import ders


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
        with pytest.raises(
            Unavailable, match=f"127.0.0.1:{port} cannot be listened on: address"
        ) as e:
            started(replace(settings, **{door: port}))
    assert str(e.value).splitlines()[1].endswith("name other ports")
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


@looped
async def test_another_certificate_is_shown_on_both_ports_as_the_hub_runs(
    settings: HubSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS-23"""
    monkeypatch.setattr(presented, "LOOK_S", 0.01)
    first, second = (Certificates(tmp_path / name) for name in ("first", "second"))
    for one in (first, second):
        one.ensure(("localhost",), wall_time())
    async with Hub(replace(settings, certificate=first.server, key=first.server_key)) as hub:
        ports = (hub.place.https_port, hub.place.mqtt_port)
        assert await shown_on(*ports) == {ders(first.server)[0]}
        shutil.copyfile(second.server, first.server)
        shutil.copyfile(second.server_key, first.server_key)
        async with asyncio.timeout(10):
            while await shown_on(*ports) != {ders(second.server)[0]}:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)


async def shown_on(*ports: int) -> set[bytes]:
    """The certificates that the hub shows there."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found = set()
    for port in ports:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        found.add(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.transport.abort()
    return found


def test_files_that_do_not_fit_each_other_are_named(settings: HubSettings, tmp_path: Path) -> None:
    """TLS-24"""
    made = Certificates(tmp_path / "given")
    made.ensure(("localhost",), START)
    with pytest.raises(Invalid, match="key values mismatch"):
        started(replace(settings, certificate=made.server, key=made.authority_key))
    assert started(settings)
