"""What a back end says to a hub over HTTPS."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from affinage.clients.service import TOKEN_LIFE_S, ServiceClient, ServiceError
from affinage.clients.trust import trust
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.tokens import parse, verify
from fakes.authority import HOST, authority
from fakes.https_server import Playback, playback
from fakes.looped import looped

KEY = "c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGtleQ=="
OWNER = ConnectionString(HOST, policy="iothubowner", key=KEY)


class Now:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def service(
    now: Now | None = None,
) -> AsyncIterator[tuple[Playback, ServiceClient]]:
    clock, context = now or Now(), trust(authority().ca_file)
    async with (
        playback() as server,
        ServiceClient(
            OWNER, context=context, clock=clock, port=server.port, address="127.0.0.1"
        ) as client,
    ):
        yield server, client


Call = Callable[[ServiceClient], Awaitable[object]]

CALLS: list[tuple[str, str, Call]] = [
    ("PUT", "/devices/d", lambda c: c.create_device({"deviceId": "d"})),
    ("PUT", "/devices/d", lambda c: c.update_device({"deviceId": "d"})),
    ("GET", "/devices/a%23%2Fb%25", lambda c: c.get_device("a#/b%")),
    ("PUT", "/devices/d/modules/m", lambda c: c.create_module({"deviceId": "d", "moduleId": "m"})),
    ("GET", "/devices/d/modules/%24edgeAgent", lambda c: c.get_module("d", "$edgeAgent")),
    ("GET", "/twins/d", lambda c: c.get_twin("d")),
    ("GET", "/twins/d/modules/m", lambda c: c.get_twin("d", "m")),
    ("PATCH", "/twins/d", lambda c: c.patch_twin("d", {"tags": {}})),
    ("PUT", "/twins/d/modules/m", lambda c: c.replace_twin("d", {"tags": {}}, module="m")),
    ("POST", "/twins/d/methods", lambda c: c.invoke("d", {"methodName": "stop"})),
    ("POST", "/twins/d/modules/m/methods", lambda c: c.invoke("d", {}, module="m")),
    ("PUT", "/jobs/v2/j", lambda c: c.create_job({"jobId": "j"})),
    ("GET", "/jobs/v2/a%2Fb", lambda c: c.get_job("a/b")),
    ("POST", "/jobs/v2/j/cancel", lambda c: c.cancel_job("j")),
    ("POST", "/jobs/create", lambda c: c.create_transfer({"type": "export"})),
    ("GET", "/jobs/t", lambda c: c.get_transfer("t")),
    ("PUT", "/configurations/c", lambda c: c.create_configuration({"id": "c"})),
    ("PUT", "/configurations/c", lambda c: c.update_configuration({"id": "c"})),
    ("GET", "/configurations/c", lambda c: c.get_configuration("c")),
    ("POST", "/configurations/testQueries", lambda c: c.test_queries("*", {"m": "SELECT"})),
    ("GET", "/statistics/devices", lambda c: c.device_statistics()),
    ("GET", "/statistics/service", lambda c: c.service_statistics()),
]


@pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=lambda value: str(value)[:40])
@looped
async def test_each_call_has_its_method_and_path_and_gives_the_document(
    method: str, path: str, call: Call
) -> None:
    async with service() as (server, client):
        server.play({"the": "document"})
        assert await call(client) == {"the": "document"}
        assert server.asked[0].line == f"{method} {path}?api-version=2021-04-12 HTTP/1.1"


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/devices/d", lambda client: client.delete_device("d")),
        ("/devices/d/modules/m", lambda client: client.delete_module("d", "m")),
        ("/configurations/c", lambda client: client.delete_configuration("c")),
    ],
)
@looped
async def test_a_deletion_gives_nothing(path: str, call: Call) -> None:
    async with service() as (server, client):
        server.play(status=204)
        assert await call(client) is None
        assert server.asked[0].line == f"DELETE {path}?api-version=2021-04-12 HTTP/1.1"
        assert "If-Match" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("/devices?top=5&", lambda client: client.list_devices(top=5)),
        ("/devices/d/modules?", lambda client: client.list_modules("d")),
        ("/configurations?", lambda client: client.list_configurations()),
    ],
)
@looped
async def test_a_list_gives_every_document(target: str, call: Call) -> None:
    async with service() as (server, client):
        server.play([{"id": "a"}, {"id": "b"}])
        assert await call(client) == [{"id": "a"}, {"id": "b"}]
        assert server.asked[0].line == f"GET {target}api-version=2021-04-12 HTTP/1.1"


@looped
async def test_another_door_is_asked_for_what_is_said() -> None:
    async with service() as (server, client):
        server.play({"the": "refusal"}, status=404)
        answer = await client.exchange("POST", "/affinage/v1/doctor?a=1")
        assert (answer.status, answer.body) == (404, b'{"the": "refusal"}')
        assert server.asked[0].line == "POST /affinage/v1/doctor?a=1 HTTP/1.1"


@looped
async def test_an_etag_is_quoted_and_a_star_is_not() -> None:
    async with service() as (server, client):
        for etag in ("AAAA=", "*"):
            server.play({})
            await client.patch_twin("d", {"tags": {"ring": "canary"}}, if_match=etag)
        assert [asked.headers["If-Match"] for asked in server.asked] == ['"AAAA="', "*"]
        assert server.asked[0].document == {"tags": {"ring": "canary"}}


@looped
async def test_a_token_opens_the_whole_hub_and_is_renewed_in_time() -> None:
    now = Now()
    async with service(now) as (server, client):
        for seconds in (1000, 1000 + TOKEN_LIFE_S / 2 - 1, 1000 + TOKEN_LIFE_S / 2):
            now.seconds = seconds
            server.play({})
            await client.get_device("d")
        first, second, third = (asked.headers["Authorization"] for asked in server.asked)
        assert first == second != third
        assert parse(first).policy == "iothubowner"
        verify(parse(third), resource=HOST, keys=[KEY], now=now.seconds)


@looped
async def test_a_query_goes_on_page_by_page() -> None:
    async with service() as (server, client):
        server.play([{"n": 1}, {"n": 2}], headers={"x-ms-continuation": "abc"})
        server.play([{"n": 3}])
        rows = [row async for row in client.query("SELECT * FROM devices", page_size=2)]
        assert rows == [{"n": 1}, {"n": 2}, {"n": 3}]
        one, two = server.asked
        assert one.document == two.document == {"query": "SELECT * FROM devices"}
        assert one.headers["x-ms-max-item-count"] == two.headers["x-ms-max-item-count"] == "2"
        assert "x-ms-continuation" not in one.headers
        assert two.headers["x-ms-continuation"] == "abc"


@looped
async def test_jobs_are_listed_page_by_page() -> None:
    """JOB-11"""
    async with service() as (server, client):
        server.play([{"jobId": "a"}], headers={"x-ms-continuation": "abc"})
        server.play([{"jobId": "b"}])
        rows = [row async for row in client.list_jobs(status="failed", page_size=1)]
        assert rows == [{"jobId": "a"}, {"jobId": "b"}]
        one, two = server.asked
        line = "GET /jobs/v2/query?jobStatus=failed&api-version=2021-04-12 HTTP/1.1"
        assert one.line == two.line == line
        assert one.headers["x-ms-max-item-count"] == "1"
        assert two.headers["x-ms-continuation"] == "abc"


@looped
async def test_a_bulk_result_with_failures_is_given_back() -> None:
    async with service() as (server, client):
        result = {"isSuccessful": False, "errors": [{"deviceId": "d"}], "warnings": []}
        server.play(result, status=400)
        assert await client.bulk([{"id": "d", "importMode": "create"}]) == result
        assert server.asked[0].document == [{"id": "d", "importMode": "create"}]


@looped
async def test_a_refusal_has_its_status_code_and_text() -> None:
    async with service() as (server, client):
        body = {"Message": "ErrorCode:PreconditionFailed;ETag mismatch", "ExceptionMessage": "x"}
        for headers in ({"iothub-errorcode": "PreconditionFailed"}, {}):
            server.play(body, status=412, headers=headers)
            with pytest.raises(ServiceError) as caught:
                await client.patch_twin("d", {}, if_match="old")
            error = caught.value
            assert (error.status, error.code) == (412, "PreconditionFailed")
            assert error.message == "ETag mismatch"
            assert str(error) == "412 PreconditionFailed: ETag mismatch"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_device("d"),
        lambda client: client.list_configurations(),
        lambda client: client.bulk([]),
    ],
)
@looped
async def test_what_is_not_the_document_asked_for_is_an_error(call: Call) -> None:
    async with service() as (server, client):
        server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot json!"]
        with pytest.raises(ServiceError, match="200 Unknown"):
            await call(client)


@looped
async def test_a_hub_of_another_authority_gets_no_token() -> None:
    async with playback() as server:
        client = ServiceClient(
            OWNER, context=trust(), clock=Now(), port=server.port, address="127.0.0.1"
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.get_device("d")
        assert not server.asked


@looped
async def test_a_method_gives_what_the_device_answered() -> None:
    async with service() as (server, client):
        server.play({"status": 200, "payload": [1]})
        request: JsonObject = {"methodName": "stop", "responseTimeoutInSeconds": 5}
        assert await client.invoke("d", request) == {"status": 200, "payload": [1]}
        assert server.asked[0].document == request


@pytest.mark.parametrize(
    ("message", "told"),
    [('{"errorCode":404103,"message":"it is away"}', "it is away"), ("{", "{"), ("[]", "[]")],
)
@looped
async def test_what_went_wrong_on_the_way_to_a_device_is_told(message: str, told: str) -> None:
    """METHOD-10"""
    async with service() as (server, client):
        headers = {"iothub-errorcode": "DeviceNotOnline"}
        server.play({"Message": message, "ExceptionMessage": ""}, status=404, headers=headers)
        with pytest.raises(ServiceError) as caught:
            await client.invoke("d", {"methodName": "stop"})
        assert (caught.value.code, caught.value.message) == ("DeviceNotOnline", told)


@pytest.mark.parametrize(("answer", "count"), [({"totalMessagesPurged": 3}, 3), ({}, 0)])
@looped
async def test_a_purge_gives_how_many_messages_went(answer: JsonObject, count: int) -> None:
    async with service() as (server, client):
        server.play(answer)
        assert await client.purge("d/1") == count
        assert server.asked[0].line.startswith("DELETE /devices/d%2F1/commands?")


@pytest.mark.parametrize("status", [200, 207, 400])
@looped
async def test_new_keys_are_given_back_whoever_keeps_the_old(status: int) -> None:
    async with service() as (server, client):
        server.play({"rotatedKeys": [], "errors": [{}]}, status=status)
        result = await client.regenerate_keys("both", [{"id": "d"}])
        assert result == {"rotatedKeys": [], "errors": [{}]}
        assert server.asked[0].line.startswith("POST /devices/keys/regenerate?")


@looped
async def test_a_request_for_keys_may_be_refused_as_a_whole() -> None:
    async with service() as (server, client):
        server.play({"Message": "ErrorCode:InvalidPolicyKey;no"}, status=400)
        with pytest.raises(ServiceError, match="InvalidPolicyKey"):
            await client.regenerate_keys("third", [])
