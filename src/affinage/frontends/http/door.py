"""A door of HTTP as an ASGI app: a table of operations, within a frame, and nothing beside it."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from affinage.frontends.http.calls import CallT, Operation, ServicesT
from affinage.frontends.http.frame import PRINCIPAL
from affinage.frontends.http.paths import Endpoint, no_such_path, route


def door(
    operations: Mapping[str, Mapping[str, Operation[ServicesT, CallT]]],
    services: ServicesT,
    call: type[CallT],
    frame: Middleware,
    *,
    prefix: str = "",
) -> Starlette:
    """The app; whoever runs it hosts it over TLS.

    Args:
        operations: by path below ``prefix``, by method; of two paths that match the first counts.
        services: what the operations need of the hub.
        call: what they see of a request.
        frame: what surrounds every request, and says who asks.
    """

    def endpoint(operation: Operation[ServicesT, CallT]) -> Endpoint:
        async def answer(request: Request) -> Response:
            return await operation(services, call(request, request.scope[PRINCIPAL]))

        return answer

    routes = [
        route(f"{prefix}{path}", {method: endpoint(one) for method, one in found.items()})
        for path, found in operations.items()
    ]
    app = Starlette(routes=routes, middleware=[frame])
    app.router.redirect_slashes = False
    app.router.default = no_such_path
    return app
