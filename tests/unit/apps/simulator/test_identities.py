"""The identities of a fleet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from affinage.apps.simulator.identities import ensure_identities
from affinage.apps.simulator.members import Member, members_of
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.errors import Invalid
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.https_server import Playback, playback
from fakes.looped import looped

HUB = ConnectionString(HOST, policy="iothubowner", key="a2V5")
SETTINGS = SimulatorSettings(HUB, trust(authority().ca_file), tags={"ring": "canary"})
DONE: dict[str, Any] = {"isSuccessful": True, "errors": [], "warnings": []}


def fleet(count: int) -> tuple[Member, ...]:
    return members_of(replace(SETTINGS, count=count))


def failed(device: str, code: object) -> dict[str, Any]:
    error = {"deviceId": device, "errorCode": code, "errorStatus": "no room"}
    return {"isSuccessful": False, "errors": [error], "warnings": []}


@asynccontextmanager
async def service() -> AsyncIterator[tuple[Playback, ServiceClient]]:
    async with (
        playback() as server,
        ServiceClient(
            HUB, context=SETTINGS.context, clock=lambda: 0, port=server.port, address="127.0.0.1"
        ) as client,
    ):
        yield server, client


@looped
async def test_identities_are_made_a_hundred_at_a_time() -> None:
    ready: list[int] = []
    async with service() as (server, client):
        for _ in range(3):
            server.play(DONE)
        keys = await ensure_identities(client, fleet(201), on_ready=ready.append)
        assert ready == [100, 100, 1]
        assert len({*keys.values()}) == len(keys) == 201


@looped
async def test_a_new_identity_has_its_tags_and_the_key_that_is_given_back() -> None:
    async with service() as (server, client):
        server.play(DONE)
        keys = await ensure_identities(client, fleet(1))
        (entry,) = server.asked[0].document
        assert entry["id"] == "sim-00000"
        assert entry["importMode"] == "create"
        assert entry["tags"] == {"ring": "canary"}
        assert entry["authentication"]["symmetricKey"]["primaryKey"] == keys["sim-00000"]


@pytest.mark.parametrize("code", [409001, "DeviceAlreadyExists"])
@looped
async def test_an_identity_that_exists_is_used_with_its_own_key(code: object) -> None:
    async with service() as (server, client):
        server.play(failed("sim-00001", code), status=400)
        server.play({"authentication": {"symmetricKey": {"primaryKey": "its own"}}})
        keys = await ensure_identities(client, fleet(3))
        assert keys["sim-00001"] == "its own"
        assert server.asked[1].line.startswith("GET /devices/sim-00001?")


@looped
async def test_a_refused_identity_is_an_error_with_the_hubs_reason() -> None:
    async with service() as (server, client):
        server.play(failed("sim-00001", 403002), status=400)
        with pytest.raises(Invalid, match="the hub refuses sim-00001: no room"):
            await ensure_identities(client, fleet(3))


@pytest.mark.parametrize(
    "authentication", [None, {}, {"symmetricKey": {"primaryKey": None}}], ids=str
)
@looped
async def test_an_identity_without_a_key_cannot_be_simulated(authentication: object) -> None:
    async with service() as (server, client):
        server.play(failed("sim-00000", 409001), status=400)
        server.play({"deviceId": "sim-00000", "authentication": authentication})
        with pytest.raises(Invalid, match="sim-00000 exists, and is not admitted by a key"):
            await ensure_identities(client, fleet(1))
