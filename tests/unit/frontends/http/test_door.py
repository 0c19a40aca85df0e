"""frontends/http/door.py; what each door's table says is asked of the doors."""

from collections.abc import Mapping
from typing import Final

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.domain.errors import NoSuchPath
from affinage.frontends.http.calls import Call, Operation
from affinage.frontends.http.door import door
from affinage.frontends.http.frame import PRINCIPAL
from fakes.life import OWNER
from fakes.looped import looped


async def query(services: str, call: Call) -> Response:
    return PlainTextResponse(f"{services} queried by {call.by.name}")


async def read(services: str, call: Call) -> Response:
    return PlainTextResponse(f"{services} {call.name} read by {call.by.name}")


TABLE: Final[Mapping[str, Mapping[str, Operation[str, Call]]]] = {
    "/things/query": {"POST": query},
    "/things/{id}": {"GET": read, "POST": read},
}


class Frame:
    """Lets everybody in as the same."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, PRINCIPAL: OWNER}, receive, send)


async def said(method: str, path: str) -> str:
    app = door(TABLE, "thing", Call, Middleware(Frame), prefix="/v1")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as back:
        return (await back.request(method, path)).text


@looped
async def test_an_operation_is_where_its_table_has_it_within_the_frame() -> None:
    assert await said("GET", "/v1/things/1") == f"thing 1 read by {OWNER.name}"
    assert await said("POST", "/V1/Things/1/") == f"thing 1 read by {OWNER.name}"


@looped
async def test_of_two_paths_that_match_the_first_counts() -> None:
    assert await said("POST", "/v1/things/query") == f"thing queried by {OWNER.name}"


@looped
async def test_there_is_nothing_beside_the_table() -> None:
    with pytest.raises(NoSuchPath):
        await said("GET", "/things/1")
