"""adapters/http/sink.py: how it asks, and what each answer means. The rest: test_sinks.py."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from affinage.adapters.http import sink as sink_module
from affinage.adapters.http.sink import MAX_ANSWER, HttpSink
from affinage.domain.errors import Throttled, TooLarge, Unavailable
from fakes.authority import authority
from fakes.https_server import playback
from fakes.looped import looped

URL = "https://historian.test/events?sig=secret"
EVENTS: list[dict[str, Any]] = [{"offset": 1, "body": "chaud, très"}, {"offset": 2}]


def answering(*answers: httpx.Response | Exception) -> tuple[HttpSink, list[httpx.Request]]:
    asked: list[httpx.Request] = []
    left = [*answers]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    transport = httpx.MockTransport(answer)
    return HttpSink("historian", URL, token="the token", transport=transport), asked


@looped
async def test_events_are_posted_as_one_array_with_the_token() -> None:
    """FORWARD-11"""
    sink, asked = answering(httpx.Response(202))
    await sink.send(EVENTS)
    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", URL)
    assert json.loads(request.content) == EVENTS
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer the token"
    assert "très".encode() in request.content


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(413), TooLarge),
        (httpx.Response(429, headers={"retry-after": "7"}), Throttled),
        (
            httpx.Response(503, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
            Unavailable,
        ),
        (httpx.Response(503, headers={"retry-after": "9" * 5000}), Unavailable),
        (httpx.Response(401), Unavailable),
        (httpx.Response(301, headers={"location": "https://elsewhere.test/"}), Unavailable),
        (httpx.ConnectError(f"no route to {URL}"), Unavailable),
        (httpx.ReadTimeout(URL), Unavailable),
    ],
)
@looped
async def test_whatever_is_no_yes_is_a_no_and_tells_no_address(
    answer: httpx.Response | Exception, kind: type[Exception]
) -> None:
    """FORWARD-4, FORWARD-11, FORWARD-12"""
    sink, asked = answering(answer)
    with pytest.raises(kind, match="historian") as refused:
        await sink.send(EVENTS)
    assert type(refused.value) is kind
    assert "secret" not in repr(refused.value)
    assert len(asked) == 1


@looped
async def test_who_says_for_how_long_is_left_alone_so_long() -> None:
    """FORWARD-4"""
    sink, _ = answering(httpx.Response(503, headers={"retry-after": "7"}))
    with pytest.raises(Throttled) as refused:
        await sink.send(EVENTS)
    assert refused.value.retry_after_s == 7


async def torn() -> AsyncIterator[bytes]:
    yield b"{"
    raise httpx.ReadError("the connection was reset")


async def dawdling() -> AsyncIterator[bytes]:
    while True:
        yield b"{"
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("said", [torn, dawdling])
@looped
async def test_who_says_yes_has_them_whatever_else_it_says(
    monkeypatch: pytest.MonkeyPatch, said: Callable[[], AsyncIterator[bytes]]
) -> None:
    """FORWARD-11: or it would be told the same again and again."""
    monkeypatch.setattr(sink_module, "SKIM_S", 0.02)
    sink, asked = answering(httpx.Response(200, content=said()))
    await sink.send(EVENTS)
    assert len(asked) == 1


@looped
async def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    read: list[int] = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                read.append(MAX_ANSWER)
                yield bytes(MAX_ANSWER)

    sink, _ = answering(httpx.Response(200, stream=Endless()))
    await sink.send(EVENTS)
    assert len(read) == 2
    await sink.close()


@looped
async def test_a_place_has_to_prove_who_it_is() -> None:
    async with playback() as place:
        place.play(status=200)
        url = f"https://127.0.0.1:{place.port}/"
        strict = HttpSink("historian", url)
        with pytest.raises(Unavailable, match="historian cannot be reached: ConnectError"):
            await strict.send(EVENTS)
        assert not place.asked
        context = ssl.create_default_context(cafile=authority().ca_file)
        context.check_hostname = False  # the test's place is called by its address
        trusting = HttpSink("historian", url, context=context)
        await trusting.send(EVENTS)
        assert place.asked[0].document == EVENTS
        await strict.close()
        await trusting.close()
