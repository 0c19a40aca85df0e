"""What a back end says to a hub at its own door."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.https_server import Playback, playback
from fakes.looped import looped

OWNER = ConnectionString(HOST, policy="iothubowner", key="c2l4dGVlbiBieXRlcyBvciBtb3JlIG9m")


@asynccontextmanager
async def native() -> AsyncIterator[tuple[Playback, NativeClient]]:
    context = trust(authority().ca_file)
    async with (
        playback() as server,
        ServiceClient(
            OWNER, context=context, clock=lambda: 1000.0, port=server.port, address="127.0.0.1"
        ) as client,
    ):
        yield server, NativeClient(client)


@looped
async def test_metrics_are_asked_for_with_a_token_and_no_version() -> None:
    async with native() as (server, client):
        server.play({"metrics": [{"name": "a"}, 7]})
        assert await client.metrics("a/b") == [{"name": "a"}]
        assert server.asked[0].line == "GET /affinage/v1/configurations/a%2Fb/metrics HTTP/1.1"
        assert server.asked[0].headers["Authorization"].startswith("SharedAccessSignature ")


@looped
async def test_rows_are_fetched_page_by_page() -> None:
    async with native() as (server, client):
        server.play({"rows": [{"deviceId": "a"}], "next": "x="})
        server.play({"rows": [{"deviceId": "b"}], "next": None})
        assert [row["deviceId"] async for row in client.rows("c", "m")] == ["a", "b"]
        path = "GET /affinage/v1/configurations/c/metrics/m/rows"
        assert [one.line for one in server.asked] == [
            f"{path}?limit=1000 HTTP/1.1",
            f"{path}?limit=1000&after=x%3D HTTP/1.1",
        ]


@looped
async def test_an_examination_is_begun_and_looked_at() -> None:
    async with native() as (server, client):
        server.play({"number": 1}, status=202)
        server.play({"number": 1, "endedAt": "now"})
        assert await client.begin_examination() == {"number": 1}
        assert (await client.examination())["endedAt"] == "now"
        assert [one.line.split()[0] for one in server.asked] == ["POST", "GET"]


ASKED: list[Callable[[NativeClient], Awaitable[Any]]] = [
    lambda client: client.metrics("c"),
    lambda client: client.examination(),
]


@pytest.mark.parametrize("ask", ASKED)
@looped
async def test_a_problem_is_told_by_its_type(ask: Callable[[NativeClient], Awaitable[Any]]) -> None:
    async with native() as (server, client):
        kind = "urn:affinage:problem:not_found"
        server.play({"type": kind, "detail": "there is none"}, status=404)
        with pytest.raises(ServiceError) as refusal:
            await ask(client)
        told = refusal.value
        assert (told.status, told.code, told.message) == (404, "not_found", "there is none")


@looped
async def test_what_is_no_answer_of_a_hub_is_refused() -> None:
    async with native() as (server, client):
        for document, status in (([], 200), (None, 200), (None, 502)):
            server.play(document, status=status)
            with pytest.raises(ServiceError) as refusal:
                await client.examination()
            assert (refusal.value.status, refusal.value.code) == (status, "Unknown")


@looped
async def test_policies_are_written_with_an_etag_and_shown_without_keys_unless_asked() -> None:
    async with native() as (server, client):
        for document in ({"policies": [{"name": "a"}]}, {"name": "a"}, {"name": "a"}, {}):
            server.play(document)
        server.play(status=204)
        assert await client.policies() == [{"name": "a"}]
        await client.policy("a", with_keys=True)
        await client.put_policy("a", {"rights": []}, if_match="*")
        await client.regenerate("a", "swap")
        await client.delete_policy("a", if_match="x")
        lines = [one.line.removesuffix(" HTTP/1.1") for one in server.asked]
        assert lines[1:] == [
            "GET /affinage/v1/policies/a?keys=true",
            "PUT /affinage/v1/policies/a",
            "POST /affinage/v1/policies/a/keys/regenerate",
            "DELETE /affinage/v1/policies/a",
        ]
        assert (server.asked[2].headers["If-Match"], server.asked[2].document) == (
            "*",
            {"rights": []},
        )
        assert (server.asked[3].document, server.asked[4].headers["If-Match"]) == (
            {"key": "swap"},
            '"x"',
        )


@looped
async def test_configurations_are_asked_for_by_several_labels() -> None:
    async with native() as (server, client):
        server.play({"rows": [{"id": "a"}], "next": None})
        server.play({"id": "a", "warnings": []})
        assert [one["id"] async for one in client.configurations(["a=b", "c"])] == ["a"]
        assert (await client.get_configuration("a"))["warnings"] == []
        path = "/affinage/v1/configurations?label=a%3Db&label=c&limit=1000"
        assert server.asked[0].line == f"GET {path} HTTP/1.1"


@looped
async def test_groups_are_asked_for_and_written() -> None:
    """GROUP-8, GROUP-9"""
    async with native() as (server, client):
        for answer in ({"rows": [{"name": "a"}], "next": None}, {"name": "a"}, {"name": "b"}):
            server.play(answer)
        server.play(status=204)
        server.play({"rows": [{"deviceId": "d"}], "next": None})
        assert [one["name"] async for one in client.groups()] == ["a"]
        assert await client.get_group("a") == {"name": "a"}
        assert await client.put_group({"name": "b", "condition": "*"}, if_match="x") == {
            "name": "b"
        }
        await client.delete_group("a")
        assert [one["deviceId"] async for one in client.members("a")] == ["d"]
        assert [one.line.split()[0] for one in server.asked] == [
            "GET",
            "GET",
            "PUT",
            "DELETE",
            "GET",
        ]
        assert server.asked[2].headers["If-Match"] == '"x"'
        assert server.asked[2].document == {"name": "b", "condition": "*"}


@looped
async def test_a_device_is_retired_and_replaced() -> None:
    async with native() as (server, client):
        server.play({"deviceId": "a"})
        server.play({"deviceId": "b"})
        server.play({"rows": [{"deviceId": "a"}], "next": None})
        await client.retire("a", reason="broken")
        await client.replace("a", "b")
        assert [one["deviceId"] async for one in client.retired()] == ["a"]
        assert [one.line for one in server.asked[:2]] == [
            "POST /affinage/v1/devices/a/retire HTTP/1.1",
            "POST /affinage/v1/devices/a/replace HTTP/1.1",
        ]
        sent = [one.document for one in server.asked[:2]]
        assert sent == [{"reason": "broken", "undo": False}, {"new": "b"}]


@looped
async def test_messages_are_sent_to_devices_and_modules() -> None:
    async with native() as (server, client):
        server.play({"messageId": "a"}, status=201)
        server.play({"messageId": "b"}, status=201)
        assert await client.send_message("d/1", {"body": "x"}) == {"messageId": "a"}
        await client.send_message("d", {"body": "x"}, module="m")
        assert [one.line.split()[1] for one in server.asked] == [
            "/affinage/v1/devices/d%2F1/messages",
            "/affinage/v1/devices/d/modules/m/messages",
        ]


@looped
async def test_the_audit_log_is_fetched_page_by_page_and_events_behind_an_offset() -> None:
    async with native() as (server, client):
        for following in ("7", None):
            server.play({"entries": [], "next": following})
        server.play({"number": 1})
        server.play({"events": [], "next": 5})
        assert [page["next"] async for page in client.audit(actor="a b")] == ["7", None]
        assert await client.audited(1) == {"number": 1}
        assert (await client.events("latest", kind="twin"))["next"] == 5
        lines = [one.line.removesuffix(" HTTP/1.1") for one in server.asked]
        assert lines == [
            "GET /affinage/v1/audit?actor=a+b&limit=1000&after=0",
            "GET /affinage/v1/audit?actor=a+b&limit=1000&after=7",
            "GET /affinage/v1/audit/1",
            "GET /affinage/v1/events?after=latest&limit=1000&kind=twin",
        ]


@looped
async def test_events_are_followed_as_they_come() -> None:
    async with native() as (server, client):
        body = (
            b'retry: 2000\n\nevent: lost\ndata: {"lost": 3, "oldest": 4}\n\n'
            b'id: 7\nevent: twin\ndata: {"offset": 7}\n\n: still here\n\n'
        )
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        server.answers.append(head + chunk + b"0\r\n\r\n")
        told = [one async for one in client.follow("3", kind="twin")]
        assert told == [("lost", {"lost": 3, "oldest": 4}), ("twin", {"offset": 7})]
        (asked,) = server.asked
        assert asked.line == "GET /affinage/v1/events/stream?after=3&kind=twin HTTP/1.1"
        assert asked.headers["Authorization"].startswith("SharedAccessSignature ")


@looped
async def test_a_refusal_to_be_followed_is_told_by_its_type() -> None:
    async with native() as (server, client):
        server.play({"type": "urn:affinage:throttled", "detail": "100 of 100"}, status=429)
        with pytest.raises(ServiceError, match="100 of 100") as refused:
            _ = [one async for one in client.follow("latest")]
        assert (refused.value.status, refused.value.code) == (429, "throttled")


@looped
async def test_files_are_listed_fetched_and_deleted() -> None:
    """UPLOAD-30 to UPLOAD-32"""
    async with native() as (server, client):
        server.play({"rows": [{"name": "d/a"}], "next": None})
        chunks = b"2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n"
        server.answers.append(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        server.play({"type": "urn:affinage:problem:file_not_found"}, status=404)
        server.play(status=204)
        assert [row["name"] async for row in client.files("d")] == ["d/a"]
        assert b"".join([piece async for piece in client.file("d/a b")]) == b"whole"
        with pytest.raises(ServiceError) as refused:
            _ = [piece async for piece in client.file("d/none")]
        assert refused.value.code == "file_not_found"
        await client.delete_file("d/a")
        assert [one.line.removesuffix(" HTTP/1.1") for one in server.asked] == [
            "GET /affinage/v1/files?device=d&limit=1000",
            "GET /affinage/v1/files/d%2Fa%20b",
            "GET /affinage/v1/files/d%2Fnone",
            "DELETE /affinage/v1/files/d%2Fa",
        ]


@looped
async def test_a_certificate_authority_is_brought_challenged_and_proven() -> None:
    async with native() as (server, client):
        for document in ({"certificates": [{"name": "a"}]}, {}, {}, {}, {}):
            server.play(document)
        server.play(status=204)
        assert await client.certificates() == [{"name": "a"}]
        await client.certificate("a")
        await client.put_certificate("a", {"certificate": "pem"}, if_match=None)
        await client.challenge_certificate("a")
        await client.verify_certificate("a", "proof")
        await client.delete_certificate("a")
        assert [one.line.split()[:2] for one in server.asked][2:] == [
            ["PUT", "/affinage/v1/certificates/a"],
            ["POST", "/affinage/v1/certificates/a/challenge"],
            ["POST", "/affinage/v1/certificates/a/verify"],
            ["DELETE", "/affinage/v1/certificates/a"],
        ]
        assert server.asked[4].document == {"certificate": "proof"}
        assert "If-Match" not in server.asked[2].headers
