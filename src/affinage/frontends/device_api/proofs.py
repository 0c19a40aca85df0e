"""Who asks: the identity that a path is about, by its token or its connection's certificate.

The path is read before anybody is known, but what is wrong with it is not told: a stranger hears
that he is one.

Source: DEVICE-1 to DEVICE-4.
"""

import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from affinage.domain.errors import Invalid, Unauthorized
from affinage.domain.names import TwinKey, checked_key
from affinage.domain.principal import Principal
from affinage.frontends.http.calls import peer_chain
from affinage.frontends.http.paths import decoded, raw_path
from affinage.frontends.http.prefixes import Several
from affinage.services.access import Access
from affinage.services.visits import Visits

EDGE_MODULE: Final = "x-ms-edge-moduleid"
"""The header in which a module says that it asks for a method: ``device/module``."""

_OWN: Final = re.compile(
    r"/devices/(?P<device>[^/]+)(?:/modules/(?P<module>[^/]+))?/"
    r"(?:(?:messages|files)(?:/.*)?"
    r"|devices?AndModules?In(?:Target)?DeviceScope|getDeviceAndModuleOnBehalfOf)",
    re.IGNORECASE,
)
"""What only devices and modules ask for, in their own name."""

_MODULES: Final = re.compile(r"/devices/(?P<device>[^/]+)/modules(?:/.*)?", re.IGNORECASE)
"""What a device asks for, and back ends too."""

_METHODS: Final = re.compile(r"/twins/[^/]+(?:/modules/[^/]+)?/methods", re.IGNORECASE)
_HOST: Final = re.compile(r"(\[[^]]*\]|[^:]*)(:[0-9]*)?")
_POLICY: Final = re.compile(r"[ &]skn=[^&]")


class ByProof:
    """The device API has what devices and modules ask for; ``rest`` all else."""

    def __init__(self, app: ASGIApp, rest: Several) -> None:
        self._app, self._rest = app, rest

    @property
    def apps(self) -> list[ASGIApp]:
        """All of them."""
        return [self._app, *self._rest.apps]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_its = scope["type"] == "http" and _is_of_a_device(Request(scope))
        await (self._app if is_its else self._rest)(scope, receive, send)


def by_identity(access: Access, visits: Visits, request: Request, *, request_id: str) -> Principal:
    """The device or module that a request is of, by what it shows; Unauthorized, Disabled."""
    host = _HOST.fullmatch(request.headers.get("host", ""))
    by = access.device(
        _key(request),
        host[1] if host else "",
        request.headers.get("authorization"),
        chain=peer_chain(request),
        door="https",
        request_id=request_id,
    ).principal
    visits.came(by=by)
    return by


def _is_of_a_device(request: Request) -> bool:
    path = raw_path(request.scope)
    if _OWN.fullmatch(path):
        return True
    if _METHODS.fullmatch(path):
        return EDGE_MODULE in request.headers
    if not _MODULES.fullmatch(path):
        return False
    token = request.headers.get("authorization")
    if token:
        return token.startswith("SharedAccessSignature ") and not _POLICY.search(token)
    return bool(peer_chain(request))


def _key(request: Request) -> TwinKey:
    """Whose the request must be: of a module's registry entry it is the device."""
    path = raw_path(request.scope)
    if found := _OWN.fullmatch(path):
        return _named(found["device"], found["module"])
    if found := _MODULES.fullmatch(path):
        return _named(found["device"], None)
    device, _, module = request.headers.get(EDGE_MODULE, "").partition("/")
    return _named(device, module)


def _named(device: str, module: str | None) -> TwinKey:
    try:
        return checked_key(decoded(device), None if module is None else decoded(module))
    except Invalid:
        raise Unauthorized("unknown, or not proven") from None
