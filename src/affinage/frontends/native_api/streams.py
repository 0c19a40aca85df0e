"""Server-sent events: an answer without an end, at the pace of who reads it.

Nothing is held for a reader: what comes next is asked for when the last piece has left. One that
takes nothing for too long is cut, and comes back with the id of the last event that it had.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PATIENCE_S: Final = 60.0
"""How long a piece may take to leave."""

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

HEADERS: Final[Headers] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
)


class Stream(Response):
    """Sends the pieces as they come, until they end or the reader has gone."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        patience_s: float = PATIENCE_S,
        headers: Headers = HEADERS,
    ) -> None:
        super().__init__()
        self._pieces, self._patience_s, self._head = pieces, patience_s, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*self._head]})
        gone = asyncio.ensure_future(_left(receive))
        sending = asyncio.ensure_future(self._send_all(send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
                with suppress(asyncio.CancelledError, TimeoutError):
                    await task

    async def _send_all(self, send: Send) -> None:
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                async with asyncio.timeout(self._patience_s):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
