"""Webhooks: whom the adapter asks, and what it makes of what they say."""

import gzip
import json

import httpx
import pytest

from affinage.adapters.http.webhooks import MAX_ANSWER, UNREACHED, HttpWebhooks
from affinage.domain.errors import Invalid
from affinage.ports.webhooks import Reply
from fakes.looped import looped

URL = "https://a.test/choose?code=secret"


def answering(answer: httpx.Response | Exception) -> tuple[HttpWebhooks, list[httpx.Request]]:
    """Webhooks that say that, and what they were asked."""
    asked: list[httpx.Request] = []

    async def said(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpWebhooks(["https://a.test"], transport=httpx.MockTransport(said)), asked


@looped
async def test_a_webhook_is_asked_and_says_what_it_wants() -> None:
    webhooks, asked = answering(httpx.Response(200, json={"iotHubHostName": "h1"}))
    assert await webhooks.ask(URL, {"linkedHubs": ["h1"]}) == Reply(200, {"iotHubHostName": "h1"})
    [request] = asked
    assert (request.method, str(request.url)) == ("POST", URL)
    assert json.loads(request.content) == {"linkedHubs": ["h1"]}
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"[" * 100_000, b" " * (MAX_ANSWER + 1)),
        *(b'{"a": NaN}', b'{"a": 1e999}', b'{"a": %s}' % (b"9" * 40), b'{"a": "\\ud800"}'),
    ],
)
@looped
async def test_what_is_no_json_or_too_much_of_it_is_none(body: bytes) -> None:
    webhooks, _ = answering(httpx.Response(200, content=body))
    assert await webhooks.ask(URL, {}) == Reply(200)


@looped
async def test_an_answer_that_is_packed_is_not_unpacked() -> None:
    packed = gzip.compress(b'{"iotHubHostName": "h1"}')
    headers = {"Content-Encoding": "gzip"}
    webhooks, asked = answering(httpx.Response(200, headers=headers, content=packed))
    assert await webhooks.ask(URL, {}) == Reply(200)
    assert asked[0].headers["accept-encoding"] == "identity"


@looped
async def test_a_redirect_is_not_followed() -> None:
    webhooks, asked = answering(httpx.Response(307, headers={"Location": "https://a.test/b"}))
    assert await webhooks.ask(URL, {}) == Reply(307)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), TimeoutError()]
)
@looped
async def test_a_webhook_that_cannot_be_reached_says_nothing(error: Exception) -> None:
    webhooks, _ = answering(error)
    assert await webhooks.ask(URL, {}) == UNREACHED


@looped
async def test_nobody_else_is_asked() -> None:
    webhooks, asked = answering(httpx.Response(200))
    assert await webhooks.ask("https://b.test/", {}) == UNREACHED
    assert asked == []


def test_an_address_that_is_not_allowed_is_refused_without_telling_it() -> None:
    webhooks, _ = answering(httpx.Response(200))
    webhooks.check(URL)
    with pytest.raises(Invalid, match="webhook_urls") as refused:
        webhooks.check("https://b.test/?code=secret")
    assert "secret" not in str(refused.value)
