"""What a back end says to the service API of provisioning."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from affinage.clients.enrollments import EnrollmentClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.https_server import Playback, playback
from fakes.looped import looped

OWNER = ConnectionString(HOST, policy="iothubowner", key="c2l4dGVlbiBieXRlcyBvciBtb3JlIG9m")
VERSION = "?api-version=2021-10-01 HTTP/1.1"


@asynccontextmanager
async def enrolling() -> AsyncIterator[tuple[Playback, EnrollmentClient]]:
    context = trust(authority().ca_file)
    async with (
        playback() as server,
        ServiceClient(
            OWNER, context=context, clock=lambda: 1000.0, port=server.port, address="127.0.0.1"
        ) as client,
    ):
        yield server, EnrollmentClient(client)


@looped
async def test_each_verb_asks_where_it_is_answered() -> None:
    """PROV-20"""
    async with enrolling() as (server, client):
        for _ in range(7):
            server.play({"etag": '"a"'})
        await client.get("a:b", group=False)
        await client.get("a", group=True, with_keys=True)
        await client.put("a", {"x": 1}, group=False, if_match='"e"')
        await client.delete("a", group=True)
        await client.registration("a")
        await client.forget("a")
        assert [one.line.removesuffix(VERSION) for one in server.asked] == [
            "GET /enrollments/a%3Ab",
            "GET /enrollmentGroups/a",
            "POST /enrollmentGroups/a/attestationmechanism",
            "PUT /enrollments/a",
            "DELETE /enrollmentGroups/a",
            "GET /registrations/a",
            "DELETE /registrations/a",
        ]
        assert server.asked[3].headers["If-Match"] == '"e"'


@looped
async def test_rows_are_fetched_page_by_page() -> None:
    """PROV-24, PROV-28"""
    async with enrolling() as (server, client):
        server.play([{"registrationId": "a"}], headers={"x-ms-continuation": "a"})
        server.play([{"registrationId": "b"}])
        server.play([])
        rows = [one async for one in client.list_all(groups=False)]
        assert [one["registrationId"] for one in rows] == ["a", "b"]
        assert server.asked[1].headers["x-ms-continuation"] == "a"
        assert [one async for one in client.registrations("g")] == []


@looped
async def test_a_refusal_is_told_with_its_number() -> None:
    """PROV-25"""
    async with enrolling() as (server, client):
        server.play({"errorCode": 404201, "message": "no enrollment a"}, status=404)
        with pytest.raises(ServiceError, match="404 404201: no enrollment a"):
            await client.get("a", group=False)
        server.play([7], status=500)
        with pytest.raises(ServiceError, match="500 Unknown"):
            await client.get("a", group=False)
        server.play([7])
        with pytest.raises(ServiceError):
            await client.get("a", group=False)
