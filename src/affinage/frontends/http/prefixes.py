"""Several doors on one port: which app a path belongs to."""

import re
from collections.abc import Mapping
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.frontends.http.paths import raw_path


class Several(Protocol):
    """Apps that are served as one."""

    @property
    def apps(self) -> list[ASGIApp]:
        """All of them."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class ByPrefix:
    """One app of several: each has the paths below its prefix, in any case; ``rest`` all others."""

    def __init__(self, apps: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        self._apps, self._rest = apps, rest

    @property
    def apps(self) -> list[ASGIApp]:
        """All of them."""
        return [*self._apps.values(), self._rest]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = f"{raw_path(scope).lower()}/" if scope["type"] == "http" else ""
        found = (app for prefix, app in self._apps.items() if path.startswith(f"{prefix}/"))
        await next(found, self._rest)(scope, receive, send)


class ByPattern:
    """One app has the paths that begin as a pattern says; ``rest`` all others."""

    def __init__(self, pattern: re.Pattern[str], app: ASGIApp, rest: ByPrefix) -> None:
        self._pattern, self._app, self._rest = pattern, app, rest

    @property
    def apps(self) -> list[ASGIApp]:
        """All of them."""
        return [self._app, *self._rest.apps]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_its = scope["type"] == "http" and self._pattern.match(raw_path(scope))
        await (self._app if is_its else self._rest)(scope, receive, send)
