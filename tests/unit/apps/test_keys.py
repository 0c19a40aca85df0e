"""apps/keys.py: connection strings from a data folder, whether its hub runs or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affinage.apps.hub import Hub
from affinage.apps.keys import Keys
from affinage.apps.settings import HubSettings
from affinage.domain.errors import DeviceNotFound, ModuleNotFound, NotFound, Unavailable
from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject
from fakes.life import OWNER, key_of
from fakes.looped import looped


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Hub, Keys]]:
    """A hub over the folder, and who reads beside it."""
    async with Hub(HubSettings(folder, https_port=0, mqtt_port=0)) as hub:
        yield hub, Keys(folder)


async def create(hub: Hub, name: str, **body: Any) -> Any:
    return await hub.parts.registry.create(key_of(name), body, by=OWNER)


@looped
async def test_a_policys_is_made_with_its_primary_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as (hub, keys):
        found = keys.of_policy("service")
        assert (found.host, found.policy) == ("localhost", "service")
        assert found.key == hub.parts.access.keys("service")[0]
        with pytest.raises(NotFound, match="no policy nobody: there are device, iothubowner"):
            keys.of_policy("nobody")


@looped
async def test_an_identitys_is_made_with_its_own_primary_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as (hub, keys):
        for name in ("d", "d/m", "e"):
            shown = await create(hub, name)
            found = keys.of_identity(key_of(name))
            assert TwinKey(found.device or "", found.module) == key_of(name)
            assert found.key == shown["authentication"]["symmetricKey"]["primaryKey"]


@looped
async def test_of_who_shows_a_certificate_it_says_so_and_has_no_key(tmp_path: Path) -> None:
    """TOKEN-11"""
    prints: JsonObject = {"primaryThumbprint": "A" * 40}
    async with serving(tmp_path) as (hub, keys):
        await create(hub, "d", authentication={"type": "selfSigned", "x509Thumbprint": prints})
        await create(hub, "e", authentication={"type": "certificateAuthority"})
        for name in ("d", "e"):
            assert keys.of_identity(key_of(name)).text.endswith(f";DeviceId={name};x509=true")


@looped
async def test_what_has_no_key_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as (hub, keys):
        await create(hub, "d", authentication={"type": "none"})
        for name, error in (("e", DeviceNotFound), ("d/m", ModuleNotFound)):
            with pytest.raises(error):
                keys.of_identity(key_of(name))
        with pytest.raises(NotFound, match="d has no symmetric key: it proves itself by none"):
            keys.of_identity(key_of("d"))


@looped
async def test_when_the_hub_has_stopped_they_are_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path) as (hub, keys):
        await create(hub, "d")
        before = keys.of_identity(TwinKey("d"))
    assert Keys(tmp_path).of_identity(TwinKey("d")) == before


def test_where_no_hub_has_served_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no hub has served"):
        Keys(tmp_path)
    assert list(tmp_path.iterdir()) == []
