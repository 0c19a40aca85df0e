"""frontends/http/paths.py; how a whole app uses them is in service_api/test_app.py."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Scope

from affinage.domain.errors import Invalid, MethodNotAllowed, NoSuchPath
from affinage.frontends.http.paths import (
    RawRoute,
    decoded,
    no_such_path,
    raw_path,
    readable_path,
)
from fakes.looped import looped


async def told(request: Request) -> Response:
    return Response(f"{request.method} {request.path_params}")


ROUTE = RawRoute("/devices/{id}/modules", {"GET": told, "PUT": told})


def asked(path: bytes, method: str = "GET") -> Scope:
    return {"type": "http", "method": method, "raw_path": path, "path": "/wrong", "headers": []}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/devices/a/modules", "a"),
        (b"/Devices/A/MODULES/", "A"),
        (b"/devices/a%2Fb/modules", "a%2Fb"),
        (b"/devices/%3F%23/modules", "%3F%23"),
    ],
)
def test_a_path_matches_before_it_is_decoded(path: bytes, name: str) -> None:
    """SERVICE-1, SERVICE-3"""
    match, found = ROUTE.matches(asked(path))
    assert (match, found["path_params"]) == (Match.FULL, {"id": name})


@pytest.mark.parametrize(
    "path", [b"/devices/a", b"/devices//modules", b"/devices/a/b/modules", b"/devices/a/modules//"]
)
def test_another_path_does_not_match(path: bytes) -> None:
    """SERVICE-1"""
    assert ROUTE.matches(asked(path))[0] is Match.NONE


@looped
async def test_a_route_answers_each_of_its_methods() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody reads the body")

    await ROUTE(asked(b"/devices/a/modules", "PUT"), receive, send)
    assert sent[1]["body"] == b"PUT {'id': 'a'}"
    with pytest.raises(MethodNotAllowed) as refused:
        await ROUTE.handle(asked(b"/devices/a/modules", "HEAD"), receive, send)
    assert refused.value.allowed == ("GET", "PUT")
    with pytest.raises(NoSuchPath):
        await no_such_path(asked(b"/"), receive, send)


@pytest.mark.parametrize(
    ("segment", "text"),
    [("a", "a"), ("%24edgeAgent", "$edgeAgent"), ("%2524", "%24"), ("a+b", "a+b")],
)
def test_a_segment_is_decoded_once(segment: str, text: str) -> None:
    """SERVICE-1"""
    assert decoded(segment) == text


@pytest.mark.parametrize("segment", ["a%2Fb", "%2f", "%FF", "%C3"])
def test_a_segment_that_cannot_be_an_id_is_refused(segment: str) -> None:
    """SERVICE-2"""
    with pytest.raises(Invalid):
        decoded(segment)


@pytest.mark.parametrize(
    ("path", "raw", "readable"),
    [
        (b"/", "/", ""),
        (b"/devices/", "/devices", "devices"),
        (b"/twins/%24a/", "/twins/%24a", "twins/$a"),
        (b"/twins/%FF", "/twins/%FF", "twins/\ufffd"),
    ],
)
def test_a_path_can_be_read_as_a_whole(path: bytes, raw: str, readable: str) -> None:
    """SERVICE-3"""
    assert (raw_path(asked(path)), readable_path(asked(path))) == (raw, readable)
