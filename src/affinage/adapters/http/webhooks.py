"""Webhooks that are asked which hub a device gets: at allowed addresses, and within bounds.

An address may have a secret in its query, as Azure's functions have: it stands in no message.
"""

import asyncio
import json
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final

import httpx
import msgspec

from affinage.adapters.http.addresses import Allowed
from affinage.adapters.http.asking import client
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject, JsonValue
from affinage.ports.webhooks import Reply

TIMEOUT_S: Final = 10.0
"""For a whole question, its answer included."""

MAX_ANSWER: Final = 256 * 1024
"""Bytes of an answer: a twin to begin with, and a payload, have room."""

MAX_AT_ONCE: Final = 64
"""Questions under way; others wait their turn."""

UNREACHED: Final = Reply(0)


class HttpWebhooks:
    """Implements `ports.webhooks.Webhooks`."""

    def __init__(
        self,
        allowed: Sequence[str],
        *,
        context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``allowed`` are beginnings of addresses; ``context`` says whom to believe."""
        self._allowed = Allowed(allowed)
        json_in = {"Content-Type": "application/json"}
        self._client = partial(
            client, timeout_s=TIMEOUT_S, headers=json_in, context=context, transport=transport
        )
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    def check(self, url: str) -> None:
        if not self._allowed.admits(url):
            raise Invalid("the webhook's address is not below one of webhook_urls, the setting")

    async def ask(self, url: str, body: JsonObject) -> Reply:
        if not self._allowed.admits(url):
            return UNREACHED
        sent = json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self._turns, asyncio.timeout(TIMEOUT_S), self._client() as place:
                return await _asked(place, url, sent)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return UNREACHED


async def _asked(place: httpx.AsyncClient, url: str, body: bytes) -> Reply:
    async with place.stream("POST", url, content=body) as answer:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            return Reply(answer.status_code)  # nobody asked for that: it may unpack to anything
        said = bytearray()
        async for chunk in answer.aiter_bytes():
            said += chunk
            if len(said) > MAX_ANSWER:
                return Reply(answer.status_code)
        return Reply(answer.status_code, _json(bytes(said)))


def _json(said: bytes) -> JsonValue:
    """What was said; None of what is no JSON, and of numbers that no row can hold."""
    try:
        value: JsonValue = msgspec.json.decode(said)
        msgspec.msgpack.encode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError, RecursionError):
        return None
    return value
