"""A linked hub: what it is asked, and what is made of its answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from affinage.adapters.http.hubs import TRIES, Dialling, HttpHub
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.errors import AffinageError, Invalid, Unavailable
from affinage.domain.principal import Kind, Principal
from affinage.domain.values import JsonObject
from affinage.ports.hubs import Reach, TwinContent, Wanted
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.clock import FixedClock
from fakes.https_server import Playback, playback
from fakes.looped import looped

LINK: Final = ConnectionString(HOST, policy="link", key="c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGtleQ==")
BY: Final = Principal(Kind.HUB, "provisioning", "hub", "r-1")
SAS: Final[JsonObject] = {"type": "sas", "symmetricKey": {"primaryKey": "A", "secondaryKey": "B"}}
WANTED: Final = Wanted("dev1", SAS, twin=TwinContent({"line": 7}, {"rate": 5}))
MISSING: Final = {"Message": "ErrorCode:DeviceNotFound;no dev1"}


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Playback, HttpHub]]:
    async with playback() as server:
        client = ServiceClient(
            LINK,
            context=trust(authority().ca_file),
            clock=lambda: 1000.0,
            port=server.port,
            address="127.0.0.1",
        )
        hub = HttpHub(HOST.upper(), client)
        yield server, hub
        await hub.close()


@looped
async def test_a_hub_is_known_by_its_host_in_lower_case() -> None:
    async with linked() as (_, hub):
        assert hub.host == HOST


@looped
async def test_a_twin_is_found_without_what_the_hub_adds() -> None:
    async with linked() as (server, hub):
        properties = {
            "desired": {"rate": 5, "$version": 2},
            "reported": {"rpm": 1, "$metadata": {}},
        }
        server.play({"tags": {"line": 7}, "properties": properties})
        assert await hub.find("dev1", by=BY) == TwinContent({"line": 7}, {"rate": 5}, {"rpm": 1})
        server.play({"deviceId": "dev1"})
        assert await hub.find("dev1", by=BY) == TwinContent()
        server.play(MISSING, status=404)
        assert await hub.find("dev1", by=BY) is None


@looped
async def test_a_new_device_is_created_with_its_twin_at_once() -> None:
    async with linked() as (server, hub):
        server.play(MISSING, status=404)
        server.play({"isSuccessful": True, "errors": []})
        await hub.provision(WANTED, by=BY)
        [entry] = server.asked[1].document
        assert entry == {
            "id": "dev1",
            "importMode": "create",
            "status": "enabled",
            "authentication": SAS,
            "capabilities": {"iotEdge": False},
            "tags": {"line": 7},
            "properties": {"desired": {"rate": 5}},
        }


@looped
async def test_a_device_that_is_there_is_given_its_credentials_alone() -> None:
    async with linked() as (server, hub):
        there = {"deviceId": "dev1", "etag": "MQ==", "status": "disabled", "authentication": {}}
        server.play(there)
        server.play({**there, "etag": "Mg=="})
        await hub.provision(WANTED, by=BY)
        assert server.asked[1].document == {**there, "authentication": SAS}
        assert server.asked[1].headers["If-Match"] == '"MQ=="'


@pytest.mark.parametrize("code", [409001, "DeviceAlreadyExists"])
@looped
async def test_of_two_who_create_a_device_one_renews_it(code: object) -> None:
    async with linked() as (server, hub):
        server.play(MISSING, status=404)
        server.play({"isSuccessful": False, "errors": [{"errorCode": code}]}, status=400)
        server.play({"deviceId": "dev1", "etag": "MQ=="})
        server.play({"deviceId": "dev1", "etag": "Mg=="})
        await hub.provision(WANTED, by=BY)
        assert len(server.asked) == 4


@looped
async def test_who_always_comes_too_late_gives_up() -> None:
    async with linked() as (server, hub):
        for _ in range(TRIES):
            server.play({"deviceId": "dev1", "etag": "MQ=="})
            server.play({"Message": "ErrorCode:PreconditionFailed;changed"}, status=412)
        with pytest.raises(Unavailable, match="written by others"):
            await hub.provision(WANTED, by=BY)


@pytest.mark.parametrize(
    ("errors", "told"), [([{"errorCode": 400004, "errorStatus": "too deep"}], "too deep"), ([], "")]
)
@looped
async def test_a_device_that_the_hub_does_not_take_is_refused(
    errors: list[object], told: str
) -> None:
    async with linked() as (server, hub):
        server.play(MISSING, status=404)
        server.play({"isSuccessful": False, "errors": errors}, status=400)
        with pytest.raises(Invalid, match=f"refuses dev1: {told}"):
            await hub.provision(WANTED, by=BY)


@pytest.mark.parametrize(
    ("status", "error"), [(400, Invalid), (413, Invalid), (401, Unavailable), (503, Unavailable)]
)
@looped
async def test_a_refusal_says_whether_to_come_again(
    status: int, error: type[AffinageError]
) -> None:
    async with linked() as (server, hub):
        server.play({"deviceId": "dev1", "etag": "MQ=="})
        server.play({"Message": "ErrorCode:Whatever;because"}, status=status)
        with pytest.raises(error, match=f"{HOST} answers {status} Whatever: because"):
            await hub.provision(WANTED, by=BY)
        server.play({"Message": "ErrorCode:Whatever;because"}, status=status)
        with pytest.raises(error, match="because"):
            await hub.find("dev1", by=BY)


@looped
async def test_a_bulk_request_that_is_refused_as_a_whole_says_so() -> None:
    async with linked() as (server, hub):
        server.play(MISSING, status=404)
        server.play({"Message": "ErrorCode:ThrottlingException;slowly"}, status=429)
        with pytest.raises(Unavailable, match="slowly"):
            await hub.provision(WANTED, by=BY)


@looped
async def test_a_device_is_removed_and_one_that_is_gone_is_fine() -> None:
    async with linked() as (server, hub):
        server.play(status=204)
        await hub.remove("dev1", by=BY)
        server.play(MISSING, status=404)
        await hub.remove("dev1", by=BY)
        assert [asked.line.split()[0] for asked in server.asked] == ["DELETE", "DELETE"]


@looped
async def test_a_host_that_proves_to_be_another_is_unavailable() -> None:
    async with playback() as server:
        elsewhere = ConnectionString("other.test", policy="link", key=LINK.key)
        client = ServiceClient(
            elsewhere,
            context=trust(authority().ca_file),
            clock=lambda: 1000.0,
            port=server.port,
            address="127.0.0.1",
        )
        hub = HttpHub("other.test", client)
        with pytest.raises(Unavailable, match="does not prove"):
            await hub.find("dev1", by=BY)
        await hub.close()


@looped
async def test_a_hub_is_dialled_as_its_link_says() -> None:
    """LINK-3."""
    dial = Dialling(FixedClock())
    for certificate in (None, authority().ca_file.read_text()):
        hub = dial(Reach(LINK, 443, certificate))
        assert hub.host == HOST
        await hub.close()
    with pytest.raises(Invalid, match="PEM"):
        dial(Reach(LINK, 443, "no certificate"))
