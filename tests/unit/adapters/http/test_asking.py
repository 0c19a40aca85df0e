"""adapters/http/asking.py."""

import httpx
import pytest

from affinage.adapters.http.asking import client
from fakes.looped import looped


@looped
async def test_nothing_is_asked_but_what_one_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": "https://elsewhere.test/"})

    async with client(
        timeout_s=1, headers={"X": "y"}, transport=httpx.MockTransport(answer)
    ) as place:
        assert (await place.get("https://a.test/")).status_code == 302
    [request] = asked
    assert (request.headers["X"], request.headers["Accept-Encoding"]) == ("y", "identity")
