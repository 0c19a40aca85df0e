"""adapters/http/blobs.py: whom it asks, what it tells. The rest: tests/contract/test_blobs.py."""

import httpx
import pytest

from affinage.adapters.http.blobs import HttpBlobs
from affinage.domain.errors import NotFound, Unavailable
from fakes.looped import looped

URI = "https://a.test/c?sig=secret"


def answering(status: int, **headers: str) -> tuple[HttpBlobs, list[httpx.Request]]:
    """Places that answer so, and what they were asked."""
    asked: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, headers=headers)

    return HttpBlobs(["https://a.test/c"], httpx.MockTransport(answer)), asked


@pytest.mark.parametrize(
    ("uri", "is_admitted"),
    [
        ("https://a.test/c", True),
        ("https://A.TEST/c/d?sig=x", True),
        ("https://a.test:443/c/", True),
        ("https://a.test/cd", False),
        ("https://a.test/", False),
        ("https://a.test/c/../d", False),
        ("https://a.test/c/%2e%2e/d", False),
        ("https://a.test/c\\..\\d", False),
        ("http://a.test/c", False),
        ("https://a.test:8443/c", False),
        ("https://a.test.evil/c", False),
        ("https://u:p@a.test/c", False),
        ("https://a.test@evil.test/c", False),
    ],
)
def test_an_address_begins_as_one_that_is_allowed(uri: str, *, is_admitted: bool) -> None:
    """TRANSFER-5"""
    assert HttpBlobs(["https://a.test/c"]).admits(uri) == is_admitted


def test_without_a_list_nothing_is_admitted() -> None:
    """TRANSFER-5"""
    assert not HttpBlobs([]).admits("https://a.test/c")


def test_a_host_alone_admits_all_of_it() -> None:
    assert HttpBlobs(["https://a.test"]).admits("https://a.test/any/where")


@looped
async def test_a_redirect_is_not_followed() -> None:
    """TRANSFER-5"""
    blobs, asked = answering(302, location="https://b.test/")
    with pytest.raises(Unavailable, match=r"^x: the place answered 302$"):
        async with blobs.read(URI, "x"):
            pass
    with pytest.raises(Unavailable, match="the place answered 302"):
        async with blobs.write(URI, "x"):
            pass
    assert [one.url.host for one in asked] == ["a.test"] * 2
    assert str(asked[0].url) == "https://a.test/c/x?sig=secret"


@looped
async def test_a_place_that_is_away_is_told_without_its_address() -> None:
    """TRANSFER-3"""

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(str(request.url))

    blobs = HttpBlobs(["https://a.test/c"], httpx.MockTransport(away))
    with pytest.raises(Unavailable, match=r"^x cannot be reached: ConnectError$"):
        async with blobs.read(URI, "x"):
            pass
    with pytest.raises(Unavailable, match=r"^x cannot be reached: ConnectError$"):
        async with blobs.write(URI, "x"):
            pass


@looped
async def test_the_size_of_what_is_read_may_be_unknown() -> None:
    blobs, _ = answering(200)
    async with blobs.read(URI, "x") as source:
        assert source.size_bytes in (0, None)


@looped
async def test_what_is_written_is_sent_whole_and_what_is_gone_is_not_found() -> None:
    """TRANSFER-3"""
    blobs, asked = answering(201)
    async with blobs.write(URI, "x") as sink:
        await sink.write(b"one ")
        await sink.write(b"two")
    assert (asked[0].content, asked[0].headers["content-length"]) == (b"one two", "7")
    blobs, _ = answering(404)
    with pytest.raises(NotFound, match="there is no x"):
        async with blobs.read(URI, "x"):
            pass
