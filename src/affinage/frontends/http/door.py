"""A door of HTTP as an ASGI app: a table of operations, within a frame, and nothing beside it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware

from affinage.frontends.http.paths import Endpoint, no_such_path, route

Operation = TypeVar("Operation")


def door(
    operations: Mapping[str, Mapping[str, Operation]],
    called: Callable[[Operation], Endpoint],
    frame: Middleware,
    *,
    prefix: str = "",
) -> Starlette:
    """The app; whoever runs it hosts it over TLS.

    Args:
        operations: by path below ``prefix``, by method; of two paths that match the first counts.
        called: makes an endpoint of an operation.
        frame: what surrounds every request.
    """
    routes = [
        route(f"{prefix}{path}", {method: called(one) for method, one in found.items()})
        for path, found in operations.items()
    ]
    app = Starlette(routes=routes, middleware=[frame])
    app.router.redirect_slashes = False
    app.router.default = no_such_path
    return app
