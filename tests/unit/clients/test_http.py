"""Requests over HTTP/1.1 and TLS, on connections that are kept."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from affinage.clients.http import Connections, Origin, Response
from affinage.clients.trust import trust
from affinage.domain.errors import Unavailable
from fakes.authority import HOST, authority
from fakes.https_server import Playback, playback
from fakes.looped import looped


@asynccontextmanager
async def talking(timeout_s: float = 10) -> AsyncIterator[tuple[Playback, Connections]]:
    async with playback() as server:
        origin = Origin(HOST, server.port, trust(authority().ca_file), "127.0.0.1")
        connections = Connections(origin, timeout_s=timeout_s)
        yield server, connections
        await connections.close()


@looped
async def test_a_request_and_its_response() -> None:
    async with talking() as (server, connections):
        server.play({"a": 1}, status=201, headers={"X-Odd": "yes: it is"})
        response = await connections.request("PUT", "/a?b=1", {"If-Match": "*"}, b"{}")
        assert (response.status, response.body) == (201, b'{"a": 1}')
        assert response.headers["x-odd"] == "yes: it is"
        (asked,) = server.asked
        assert (asked.line, asked.body) == ("PUT /a?b=1 HTTP/1.1", b"{}")
        assert asked.headers == {"Host": HOST, "If-Match": "*", "Content-Length": "2"}


@looped
async def test_one_request_after_the_other_takes_one_connection() -> None:
    async with talking() as (server, connections):
        for _ in range(3):
            server.play({})
            await connections.request("GET", "/", {})
        assert server.connections == 1


@looped
async def test_requests_at_once_take_a_connection_each() -> None:
    async with talking() as (server, connections):
        for _ in range(3):
            server.play({})
        await asyncio.gather(*(connections.request("GET", "/", {}) for _ in range(3)))
        assert server.connections == 3


@looped
async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    async with talking() as (server, connections):
        for _ in range(2):
            server.play({}, headers={"Connection": "close"})
            await connections.request("POST", "/", {})
        assert server.connections == 2


@looped
async def test_a_get_is_sent_again_if_its_kept_connection_was_closed() -> None:
    async with talking() as (server, connections):
        server.play({})
        await connections.request("GET", "/", {})
        server.answers = [b""]
        server.play({"second": 2})
        assert (await connections.request("GET", "/", {})).body == b'{"second": 2}'
        assert [asked.line for asked in server.asked] == ["GET / HTTP/1.1"] * 3


@looped
async def test_what_changes_something_is_never_sent_twice() -> None:
    async with talking() as (server, connections):
        server.play({})
        await connections.request("GET", "/", {})
        server.answers = [b""]
        server.play({})
        with pytest.raises(Unavailable, match=f"PUT / got no answer from {HOST}"):
            await connections.request("PUT", "/", {}, b"{}")
        assert len(server.asked) == 2


@looped
async def test_a_kept_connection_known_to_be_closed_is_passed_over() -> None:
    async with talking() as (server, connections):
        server.play({})
        await connections.request("GET", "/", {})
        server.hang_up()
        await connections._kept[0]._reader.read()  # until the end of it has arrived
        server.play({})
        await connections.request("PUT", "/", {}, b"{}")
        assert server.connections == 2


@looped
async def test_a_body_may_come_in_chunks() -> None:
    async with talking() as (server, connections):
        chunks = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
        server.answers = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks]
        server.play({})
        assert (await connections.request("GET", "/", {})).body == b"abcde"
        await connections.request("GET", "/", {})
        assert server.connections == 1


@looped
async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async with talking() as (server, connections):
        server.closes_after = True
        server.answers = [b"HTTP/1.1 200 OK\r\n\r\nall of it"]
        assert (await connections.request("GET", "/", {})).body == b"all of it"


@looped
async def test_a_response_of_204_has_no_body() -> None:
    async with talking() as (server, connections):
        server.answers = [b"HTTP/1.1 204 No Content\r\n\r\n"]
        assert await connections.request("DELETE", "/", {}) == Response(204, {}, b"")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-oops\r\n\r\n",
        b"HTTP/3 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
@looped
async def test_what_is_no_response_is_none(answer: bytes) -> None:
    async with talking() as (server, connections):
        server.closes_after = True
        server.answers = [answer]
        with pytest.raises(Unavailable):
            await connections.request("GET", "/", {})


@looped
async def test_a_server_that_takes_too_long_is_unavailable() -> None:
    async with talking(timeout_s=0.05) as (server, connections):
        server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsho"]
        with pytest.raises(Unavailable):
            await connections.request("GET", "/", {})


@looped
async def test_a_server_that_cannot_prove_its_name_is_not_believed() -> None:
    async with playback() as server:
        origin = Origin("cellar.test", server.port, trust(authority().ca_file), "127.0.0.1")
        with pytest.raises(ssl.SSLCertVerificationError):
            await Connections(origin).request("GET", "/", {})
        assert not server.asked


@looped
async def test_no_header_can_smuggle_another() -> None:
    async with talking() as (server, connections):
        with pytest.raises(AssertionError, match="line break"):
            await connections.request("GET", "/", {"If-Match": '"a"\r\nX: y'})
        assert not server.asked


@looped
async def test_a_request_that_outlives_the_rest_keeps_no_connection() -> None:
    async with talking() as (server, connections):
        server.play({})
        asking = asyncio.ensure_future(connections.request("GET", "/", {}))
        await connections.close()
        assert (await asking).status == 200
        assert not connections._kept


@looped
async def test_a_request_may_be_given_more_time_than_others() -> None:
    async with talking(timeout_s=0) as (server, connections):
        server.play({})
        answer = await connections.request("GET", "/", {}, patience_s=10)
        assert answer.status == 200


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@looped
async def test_an_answer_may_be_read_as_it_comes() -> None:
    async with talking() as (server, connections):
        server.answers.append(CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        async with connections.stream("/a?b=1", {"X-Odd": "yes"}) as answer:
            assert answer.status == 200
            assert [piece async for piece in answer.pieces()] == [b"ab", b"c"]
        (asked,) = server.asked
        assert (asked.line, asked.headers["X-Odd"]) == ("GET /a?b=1 HTTP/1.1", "yes")


@looped
async def test_a_refusal_of_what_is_to_be_streamed_is_read_whole() -> None:
    async with talking() as (server, connections):
        server.play({"a": 1}, status=429)
        async with connections.stream("/", {}) as answer:
            assert await answer.whole() == Response(429, {"content-length": "8"}, b'{"a": 1}')


@pytest.mark.parametrize("answer", [CHUNKED + b"2\r\na", CHUNKED, CHUNKED + b"x\r\n"])
@looped
async def test_a_stream_that_breaks_off_is_unavailable(answer: bytes) -> None:
    async with talking() as (server, connections):
        server.closes_after = True
        server.answers.append(answer)
        async with connections.stream("/a", {}) as streamed:
            with pytest.raises(Unavailable, match="GET /a got no answer from cave"):
                _ = [piece async for piece in streamed.pieces()]


@looped
async def test_a_stream_in_which_nothing_comes_is_unavailable() -> None:
    async with talking(timeout_s=0.05) as (server, connections):
        server.answers.append(CHUNKED)
        async with connections.stream("/a", {}) as streamed:
            with pytest.raises(Unavailable):
                _ = [piece async for piece in streamed.pieces()]
        with pytest.raises(Unavailable):
            async with connections.stream("/b", {}):
                pass


@looped
async def test_what_goes_wrong_with_what_was_read_is_not_the_servers_fault() -> None:
    async with talking() as (server, connections):
        server.answers.append(CHUNKED + b"2\r\nab\r\n")
        with pytest.raises(BrokenPipeError):
            await break_in_the_midst(connections)


async def break_in_the_midst(connections: Connections) -> None:
    async with connections.stream("/a", {}) as streamed:
        async for _ in streamed.pieces():
            raise BrokenPipeError
