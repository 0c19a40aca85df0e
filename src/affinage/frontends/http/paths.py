"""Paths as they came over the wire: routed before they are decoded, and decoded only once.

An id may hold `%`, `#`, `?` and `+`, so a path that is decoded as a whole says something else.

Source: SERVICE-1 to SERVICE-4.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn
from urllib.parse import unquote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from affinage.domain.errors import Invalid, MethodNotAllowed, NoSuchPath

Endpoint = Callable[[Request], Awaitable[Response]]


class RawRoute(Route):
    """One path and what each method does there; `request.path_params` are not yet decoded.

    Its words are read in any case, a `/` at its end does not count.
    """

    def __init__(self, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        async def endpoint(request: Request) -> Response:
            return await endpoints[request.method](request)

        super().__init__(path, endpoint, name=path)
        self.methods = {*endpoints}
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches({**scope, "path": raw_path(scope), "root_path": ""})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = tuple(sorted(self.methods or ()))
        if scope["method"] not in allowed:
            raise MethodNotAllowed(f"{self.path} has no {scope['method']}", allowed=allowed)
        await self.app(scope, receive, send)


class TailRoute(RawRoute):
    """A path that ends with a name in which there may be slashes, encoded or not."""

    def __init__(self, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        super().__init__(path, endpoints)
        pattern = self.path_regex.pattern.removesuffix("[^/]+)$")
        self.path_regex = re.compile(f"{pattern}.+)$", re.IGNORECASE)


def route(path: str, endpoints: Mapping[str, Endpoint]) -> RawRoute:
    """One path of a table; what ends with a blob's name takes all that follows."""
    kind = TailRoute if path.endswith("{blob}") else RawRoute
    return kind(path, endpoints)


async def no_such_path(scope: Scope, receive: Receive, send: Send) -> NoReturn:
    """The last of an app's routes."""
    raise NoSuchPath("this hub has no such path")


def raw_path(scope: Scope) -> str:
    """The path as the client sent it, without a `/` at its end."""
    path: str = scope["raw_path"].decode("latin-1")
    return path.removesuffix("/") or "/"


def readable_path(scope: Scope) -> str:
    """The whole path decoded, without the first `/`; for looking at, not for routing."""
    return unquote(raw_path(scope).removeprefix("/"))


def decoded_tail(tail: str) -> str:
    """The end of a raw path, decoded once, slashes and all; Invalid if it is not UTF-8."""
    try:
        return unquote_to_bytes(tail).decode()
    except UnicodeDecodeError:
        raise Invalid(f"{tail[:80]!r} in the path is not UTF-8") from None


def decoded(segment: str) -> str:
    """One segment of a raw path, decoded once.

    Raises:
        Invalid: it holds an encoded `/`, or is not UTF-8.
    """
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise Invalid(f"{segment!r} in the path is not UTF-8") from None
    if "/" in text:
        raise Invalid(f"{segment!r} in the path holds an encoded '/', which no id may")
    return text
