"""What surrounds every request of an HTTP door: its id, who asks, an answer to everything, a log.

A stranger is told that he is one, and nothing else: not whether a path exists, nor what is wrong
with the rest of his request. Nobody is shown a stack trace.

Source: SERVICE-5, SERVICE-8, SERVICE-9, SERVICE-24, NATIVE-1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affinage.domain.errors import AffinageError
from affinage.domain.principal import Kind, Principal
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.paths import readable_path
from affinage.frontends.http.problems import problem
from affinage.frontends.http.versions import check_api_version
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids

PRINCIPAL: Final = "affinage.principal"
"""Where in the scope an app finds who asks."""

GONE: Final = 499
"""The status logged where the client went away before it had sent all of its request."""

_log = structlog.get_logger(__name__)


class Authenticate(Protocol):
    def __call__(self, request: Request, *, request_id: str) -> Principal:
        """Who asks; Unauthorized, Disabled."""
        ...


class Verify(Protocol):
    def __call__(self, authorization: str | None, path: str, *, request_id: str) -> Principal:
        """Who asks for ``path`` (decoded, without its first `/`); Unauthorized."""
        ...


class Refuse(Protocol):
    def __call__(self, error: Exception, *, request_id: str, at: datetime) -> Response:
        """The answer to a request that was refused, or that failed; see `problems.problem`."""
        ...


class Hosting(Protocol):
    """What a frame needs of the hub."""

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


@dataclass
class Answer:
    """Sends an answer with the request's id, and remembers its status."""

    send: Send
    request_id: str
    status: int = 0
    """0 while none was sent."""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["x-ms-request-id"] = self.request_id
        await self.send(message)


class Frame:
    """An ASGI middleware: the outermost but for the server."""

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticate,
        clock: Clock,
        ids: Ids,
        *,
        admit: Callable[[Request], None] = check_api_version,
        refuse: Refuse = problem,
        figures: HttpFigures | None = None,
    ) -> None:
        """``admit`` raises what is wrong with a request of anybody; ``refuse`` tells all errors."""
        self._app, self._authenticate = app, authenticate
        self._clock, self._ids = clock, ids
        self._admit, self._problem = admit, refuse
        self._figures = figures or HttpFigures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.monotonic()
        answer = Answer(send, self._ids.uuid())
        await self._answered(scope, receive, answer)
        method, route, took_s = scope["method"], _template(scope), self._clock.monotonic() - began
        self._figures.add(method, route, answer.status, took_s)
        _log.info(
            "request",
            method=method,
            route=route,
            status=answer.status,
            ms=round(1000 * took_s, 3),
            **_who(scope),
            request_id=answer.request_id,
        )

    async def _answered(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """The outermost place: whatever is raised below becomes an answer."""
        try:
            await self._admitted(scope, receive, answer)
        except ClientDisconnect:
            answer.status = GONE
        except AffinageError as error:
            await self._refuse(error, scope, receive, answer)
        except Exception as error:  # noqa: BLE001  # logged here, once
            _log.exception("request failed", request_id=answer.request_id)
            await self._refuse(error, scope, receive, answer)

    async def _admitted(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        request = Request(scope)
        scope[PRINCIPAL] = self._authenticate(request, request_id=answer.request_id)
        self._admit(request)
        await self._app(scope, receive, answer)

    async def _refuse(
        self, error: Exception, scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        if not answer.status:  # else half of an answer is out: the server closes the connection
            at = self._clock.now()
            refusal = self._problem(error, request_id=answer.request_id, at=at)
            await refusal(scope, receive, answer)


def framed(
    hub: Hosting,
    authenticate: Authenticate,
    figures: HttpFigures | None,
    *,
    admit: Callable[[Request], None] = check_api_version,
    refuse: Refuse = problem,
) -> Middleware:
    """A door's frame; see `Frame`."""
    return Middleware(
        Frame,
        authenticate,
        hub.clock,
        hub.ids,
        admit=admit,
        refuse=refuse,
        figures=figures,
    )


def by_token(verify: Verify, request: Request, *, request_id: str) -> Principal:
    """Who asks, by the token in the header, for the path as a whole; Unauthorized."""
    authorization = request.headers.get("authorization")
    return verify(authorization, readable_path(request.scope), request_id=request_id)


def _template(scope: Scope) -> str | None:
    route = scope.get("route")
    return route.path if isinstance(route, Route) else None


def _who(scope: Scope) -> dict[str, str | None]:
    """Who asked, for the log: a device under that name, and strangers under none."""
    by: Principal | None = scope.get(PRINCIPAL)
    if by is not None and by.kind is Kind.DEVICE:
        return {"device": by.name}
    return {"policy": None if by is None else by.name}
