"""frontends/http/prefixes.py."""

import re

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.frontends.http.prefixes import ByPattern, ByPrefix
from fakes.looped import looped


def named(name: str, asked: list[str]) -> ASGIApp:
    """An app that writes down that it was asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(name)

    return app


async def receive() -> dict[str, object]:
    return {}


async def send(_: object) -> None: ...


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (b"/own/v1/a", "own"),
        (b"/Own/V1/a", "own"),
        (b"/own/v1", "own"),
        (b"/own/v1/", "own"),
        (b"/own/v10/a", "rest"),
        (b"/own", "rest"),
        (b"/devices/own/v1", "rest"),
        (b"/%6fwn/v1/a", "rest"),
    ],
)
@looped
async def test_a_path_belongs_to_the_app_of_its_prefix(path: bytes, wanted: str) -> None:
    asked: list[str] = []
    app = ByPrefix({"/own/v1": named("own", asked)}, named("rest", asked))
    await app({"type": "http", "raw_path": path}, receive, send)
    assert asked == [wanted]


@looped
async def test_what_is_no_request_belongs_to_the_rest() -> None:
    asked: list[str] = []
    app = ByPrefix({"/own": named("own", asked)}, named("rest", asked))
    await app({"type": "lifespan"}, receive, send)
    assert asked == ["rest"]


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ({"type": "http", "raw_path": b"/0NE12/registrations/d"}, "one"),
        ({"type": "http", "raw_path": b"/devices/0ne12/registrations/d"}, "rest"),
        ({"type": "lifespan"}, "rest"),
    ],
)
@looped
async def test_a_path_belongs_to_the_app_of_its_pattern(
    scope: dict[str, object], wanted: str
) -> None:
    asked: list[str] = []
    rest = ByPrefix({}, named("rest", asked))
    pattern = re.compile("/0ne[0-9]+/registrations/", re.IGNORECASE)
    app = ByPattern(pattern, named("one", asked), rest)
    await app(scope, receive, send)
    assert asked == [wanted]
    assert len(app.apps) == 2
