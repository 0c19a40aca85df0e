"""frontends/http/door.py; what each door's table says is asked of the doors."""

from collections.abc import Mapping
from typing import Final

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.domain.errors import NoSuchPath
from affinage.frontends.http.door import door
from affinage.frontends.http.paths import Endpoint
from fakes.looped import looped

TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "/things/query": {"POST": "query"},
    "/things/{id}": {"GET": "read", "POST": "write"},
}


class Frame:
    """Lets everybody in, and says that he came by it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"frame": "framed"}
        await self._app(scope, receive, send)


def called(word: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(f"{word}, {request.state.frame}")

    return endpoint


async def said(method: str, path: str) -> str:
    app = door(TABLE, called, Middleware(Frame), prefix="/v1")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as back:
        return (await back.request(method, path)).text


@looped
async def test_an_operation_is_where_its_table_has_it_within_the_frame() -> None:
    assert await said("GET", "/v1/things/1") == "read, framed"
    assert await said("POST", "/V1/Things/1/") == "write, framed"


@looped
async def test_of_two_paths_that_match_the_first_counts() -> None:
    assert await said("POST", "/v1/things/query") == "query, framed"


@looped
async def test_there_is_nothing_beside_the_table() -> None:
    with pytest.raises(NoSuchPath):
        await said("GET", "/things/1")
