"""Devices that come from the factory, and register."""

import asyncio
from typing import Any

import pytest

from affinage.apps.simulator.factory import Group, Registering, group_of
from affinage.apps.simulator.members import members_of
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.errors import Invalid
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.tokens import derived_key, parse, verify
from fakes.authority import HOST, authority
from fakes.clock import FixedClock
from fakes.https_server import playback
from fakes.looped import looped
from fakes.registering_service import Service, served

HUB = ConnectionString(HOST, policy="iothubowner", key="a2V5")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SCOPE = "0ne00ABCDEF"
SETTINGS = SimulatorSettings(HUB, trust(authority().ca_file), count=2)
BUSY: Any = (429, 7, {"message": "slowly"})


def given(name: str, host: str = HOST) -> Any:
    state = {"assignedHub": host, "deviceId": name}
    return (200, None, {"status": "assigned", "registrationState": state})


async def came(service: Service, clock: FixedClock, ready: list[int]) -> dict[str, str]:
    async with served(service) as options:
        line = Registering(HOST.upper(), SCOPE, options, clock, at_once=1)
        return await line.keys(Group(KEY, {}), members_of(SETTINGS), ready.append)


@looped
async def test_each_registers_with_its_own_key() -> None:
    """PROV-15"""
    service, ready = Service([given("sim-00000"), given("sim-00001")]), list[int]()
    keys = await came(service, FixedClock(), ready)
    assert keys == {name: derived_key(KEY, name) for name in ("sim-00000", "sim-00001")}
    assert ready == [1, 1]
    for connect, (name, key) in zip(service.connects, keys.items(), strict=True):
        token = parse((connect.password or b"").decode())
        verify(token, resource=f"{SCOPE}/registrations/{name}", keys=[key], now=0)


@looped
async def test_who_is_throttled_comes_again_when_he_is_told_to() -> None:
    clock = FixedClock()
    service = Service([BUSY, given("sim-00000"), given("sim-00001")])
    coming = asyncio.ensure_future(came(service, clock, []))
    while not clock.sleepers:  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0)
    clock.advance(7)
    assert len(await coming) == 2


@pytest.mark.parametrize("answer", [given("sim-00000", "other.test"), given("press-7")])
@looped
async def test_who_is_given_elsewhere_is_told(answer: Any) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(Invalid, match="sim-00000 was given to ")):
        await came(Service([answer, given("sim-00001")]), FixedClock(), [])


async def asked(*answers: Any) -> Group:
    """What a hub that gives those says of a group."""
    async with (
        playback() as server,
        ServiceClient(
            HUB, context=SETTINGS.context, clock=lambda: 0, port=server.port, address="127.0.0.1"
        ) as client,
    ):
        for answer in answers:
            server.play(answer)
        return await group_of(client, "cave")


@looped
async def test_a_group_is_known_by_its_key_and_tags() -> None:
    symmetric = {"type": "symmetricKey", "symmetricKey": {"primaryKey": KEY}}
    twin = {"initialTwin": {"tags": {"ring": "a"}}}
    assert await asked(twin, symmetric) == Group(KEY, {"ring": "a"})
    assert await asked({}, symmetric) == Group(KEY, {})
    with pytest.raises(Invalid, match="group cave has no symmetric key"):
        await asked({}, {"type": "x509"})
