"""A place that takes events as POSTs of JSON: an array of what the feed shows, in order.

It is reached at the one address that the operator gave. No message holds that, for it may have a
secret in it.
"""

import asyncio
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import httpx

from affinage.adapters.http.asking import client
from affinage.domain.errors import Throttled, TooLarge, Unavailable
from affinage.domain.values import JsonObject

TIMEOUT_S: Final = 30.0
"""For each step of a request."""

MAX_ANSWER: Final = 65_536
"""Bytes of an answer that are read, for the connection's sake; nothing is made of them."""

SKIM_S: Final = 5.0
"""For reading that much of it."""

_TOO_LARGE: Final = 413
_THROTTLED: Final = 429


class HttpSink:
    """Implements `ports.sinks.Sink`."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        token: str | None = None,
        context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``context`` says whom to believe; None is whom the system does."""
        self._name, self._url = name, url
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = client(
            timeout_s=TIMEOUT_S, headers=headers, context=context, transport=transport
        )

    async def send(self, events: Sequence[JsonObject]) -> None:
        body = json.dumps(list(events), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with self._client.stream("POST", self._url, content=body) as answer:
                self._check(answer, len(body))
                with suppress(httpx.HTTPError, TimeoutError):  # it has said that it has them
                    await _skim(answer)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._name} cannot be reached: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._client.aclose()

    def _check(self, answer: httpx.Response, size: int) -> None:
        status = answer.status_code
        if answer.is_success:
            return
        if status == _TOO_LARGE:
            raise TooLarge(f"{self._name} does not take {size} bytes at once")
        wish = answer.headers.get("retry-after", "")
        if wish.isdecimal() and len(wish) < len("1000000"):
            raise Throttled(f"{self._name} answered {status}", retry_after_s=float(wish))
        raise Unavailable(f"{self._name} answered {status}")


async def _skim(answer: httpx.Response) -> None:
    """Read a short answer to its end; the connection of a long or slow one is given up."""
    read = 0
    async with asyncio.timeout(SKIM_S):
        async for chunk in answer.aiter_bytes():
            read += len(chunk)
            if read > MAX_ANSWER:
                return
