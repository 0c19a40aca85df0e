"""What every place for files does: `ports.blobs.Blobs`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
import pytest

from affinage.adapters.files.blobs import FolderBlobs
from affinage.adapters.http.blobs import HttpBlobs
from affinage.adapters.memory.blobs import MemoryBlobs
from affinage.domain.errors import NotFound
from affinage.ports.blobs import Blobs
from fakes.looped import looped

BIG: Final = bytes(range(256)) * 4096 * 5
"""5 MiB, more than any of them keeps in memory or reads at a time."""


def storage() -> httpx.AsyncBaseTransport:
    """A server that keeps what is PUT, as a transport of the client."""
    kept: dict[str, bytes] = {}

    async def answer(request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.method == "PUT":
            assert request.headers["content-length"] == str(len(request.content))
            kept[str(request.url)] = request.content
            return httpx.Response(201)
        body = kept.get(str(request.url))
        return httpx.Response(404) if body is None else httpx.Response(200, content=body)

    return httpx.MockTransport(answer)


PLACES: dict[str, Callable[[Path], tuple[Blobs, str]]] = {
    "memory": lambda _: (MemoryBlobs(), "memory:here"),
    "folder": lambda path: (FolderBlobs(path), f"file://{path}/inner"),
    "http": lambda _: (HttpBlobs(["https://a.test/c"], storage()), "https://a.test/c?sig=s"),
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Blobs, str]:
    return PLACES[request.param](tmp_path)


async def content(blobs: Blobs, uri: str, name: str) -> bytes:
    async with blobs.read(uri, name) as source:
        found = b"".join([chunk async for chunk in source.chunks()])
        assert source.size_bytes in (None, len(found))
        return found


async def put(blobs: Blobs, uri: str, name: str, *parts: bytes) -> None:
    async with blobs.write(uri, name) as sink:
        for part in parts:
            await sink.write(part)


@pytest.mark.parametrize("parts", [(), (b"a", b"b"), (BIG, b"", BIG)], ids=["none", "few", "big"])
@looped
async def test_what_was_written_is_read(place: tuple[Blobs, str], parts: tuple[bytes, ...]) -> None:
    """TRANSFER-7"""
    blobs, uri = place
    assert blobs.admits(uri)
    await put(blobs, uri, "x", b"before")
    await put(blobs, uri, "x", *parts)
    assert await content(blobs, uri, "x") == b"".join(parts)


@looped
async def test_what_is_not_there_is_told(place: tuple[Blobs, str]) -> None:
    blobs, uri = place
    with pytest.raises(NotFound, match="there is no x"):
        await content(blobs, uri, "x")


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
@looped
async def test_what_was_not_finished_is_not_there(
    place: tuple[Blobs, str], error: type[BaseException]
) -> None:
    """TRANSFER-7"""
    blobs, uri = place
    await put(blobs, uri, "x", b"before")
    with pytest.raises(error):
        await _half(blobs, uri, error)
    assert await content(blobs, uri, "x") == b"before"


async def _half(blobs: Blobs, uri: str, error: type[BaseException]) -> None:
    async with blobs.write(uri, "x") as sink:
        await sink.write(b"half")
        raise error


@looped
async def test_other_places_are_not_admitted(place: tuple[Blobs, str]) -> None:
    """TRANSFER-5"""
    blobs, _ = place
    for uri in ("ftp://a.test/c", "file:///etc", "https://b.test/c", "", "x"):
        assert not blobs.admits(uri), uri
