"""Several doors on one port: which app a path belongs to."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.frontends.http.paths import raw_path


def by_prefix(apps: Mapping[str, ASGIApp], rest: ASGIApp) -> ASGIApp:
    """One app of several: each has the paths below its prefix, in any case; ``rest`` all others."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = f"{raw_path(scope).lower()}/" if scope["type"] == "http" else ""
        chosen = next((apps[prefix] for prefix in apps if path.startswith(f"{prefix}/")), rest)
        await chosen(scope, receive, send)

    return app
