"""Files at addresses of HTTP that begin as one of a list; nothing else is ever asked.

An address may bring a signature in its query: it is sent, and stands in no message.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import IO, Final, cast
from urllib.parse import urlsplit

import httpx

from affinage.adapters.http.addresses import Allowed
from affinage.adapters.http.asking import client
from affinage.domain.errors import NotFound, Unavailable
from affinage.ports.blobs import Sink, Source

TIMEOUT_S: Final = 60.0
"""For each step of a request."""

IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a file to be sent that are kept in memory; a larger one waits on the disk."""

_GONE: Final = (404, 410)

HEADERS: Final = {"x-ms-blob-type": "BlockBlob"}
"""What Azure's storage wants of a PUT; others do not mind."""


class HttpBlobs:
    """Implements `ports.blobs.Blobs`."""

    def __init__(
        self, allowed: Sequence[str], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """``allowed`` are beginnings of addresses, such as ``https://backup.example/hub``."""
        self._allowed = Allowed(allowed)
        self._client = partial(client, timeout_s=TIMEOUT_S, transport=transport)

    def admits(self, uri: str) -> bool:
        return self._allowed.admits(uri)

    @asynccontextmanager
    async def read(self, uri: str, name: str) -> AsyncIterator[Source]:
        try:
            async with self._client() as place, place.stream("GET", _file(uri, name)) as answer:
                if answer.status_code in _GONE:
                    raise NotFound(f"there is no {name}")
                _check(name, answer)
                yield _Reading(answer)
        except httpx.HTTPError as error:
            raise _unavailable(name, error) from None

    @asynccontextmanager
    async def write(self, uri: str, name: str) -> AsyncIterator[Sink]:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as spooled:
            writing = _Writing(cast("IO[bytes]", spooled))
            yield writing
            try:
                async with self._client() as place:
                    answer = await place.put(
                        _file(uri, name), content=writing.sent(), headers=writing.headers
                    )
            except httpx.HTTPError as error:
                raise _unavailable(name, error) from None
            _check(name, answer)


class _Reading:
    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        told = answer.headers.get("content-length", "")
        self.size_bytes: int | None = int(told) if told.isdecimal() else None

    def chunks(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_bytes()


class _Writing:
    """Kept until all is there: a PUT must say how long it is."""

    def __init__(self, spooled: IO[bytes]) -> None:
        self._spooled, self._size = spooled, 0

    async def write(self, data: bytes) -> None:
        self._spooled.write(data)
        self._size += len(data)

    @property
    def headers(self) -> dict[str, str]:
        return {**HEADERS, "Content-Length": str(self._size)}

    async def sent(self) -> AsyncIterator[bytes]:
        self._spooled.seek(0)
        while chunk := self._spooled.read(IN_MEMORY):
            yield chunk


def _file(uri: str, name: str) -> str:
    """The container's address with the file's name behind its path, its query kept."""
    parts = urlsplit(uri)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment="").geturl()


def _check(name: str, answer: httpx.Response) -> None:
    if not answer.is_success:
        raise Unavailable(f"{name}: the place answered {answer.status_code}")


def _unavailable(name: str, error: httpx.HTTPError) -> Unavailable:
    # Its own text may have the address in it, and so a signature.
    return Unavailable(f"{name} cannot be reached: {type(error).__name__}")
