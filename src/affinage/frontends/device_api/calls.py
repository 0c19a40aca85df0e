"""One request of a device or module, as its operations see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.names import TwinKey, check_id
from affinage.domain.principal import Principal
from affinage.frontends.http.frame import PRINCIPAL
from affinage.frontends.http.paths import decoded
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.edge_scopes import EdgeScopes
from affinage.services.messages import Messages
from affinage.services.own_modules import OwnModules
from affinage.services.telemetry import Telemetry
from affinage.services.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    telemetry: Telemetry
    messages: Messages
    own_modules: OwnModules
    scopes: EdgeScopes
    uploads: Uploads
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender is known."""

    request: Request
    by: Principal

    @property
    def key(self) -> TwinKey:
        """The identity that the path names; Invalid if none can have such a name."""
        return named(self.request)


Operation = Callable[[Services, Call], Awaitable[Response]]
"""What a method does at a path."""


def named(request: Request) -> TwinKey:
    """The device or module that a request's path names; Invalid."""
    module = request.path_params.get("module")
    return TwinKey(
        check_id("a device", decoded(request.path_params["id"])),
        None if module is None else check_id("a module", decoded(module)),
    )


def called(services: Services, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that makes a `Call` of its request."""

    async def endpoint(request: Request) -> Response:
        return await operation(services, Call(request, request.scope[PRINCIPAL]))

    return endpoint
