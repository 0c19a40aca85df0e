"""Waiting on behalf of somebody: what takes long ends with the connection of who asked for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

Result = TypeVar("Result")


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` gives; it is cancelled if the client goes. The body must have been read.

    Raises:
        ClientDisconnect: it went.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        del working  # which has the error that is raised through here, as that has this frame


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
