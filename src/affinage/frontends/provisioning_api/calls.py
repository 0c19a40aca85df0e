"""One request to the service API of provisioning, as its operations see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.principal import Principal
from affinage.frontends.http.frame import PRINCIPAL
from affinage.frontends.http.paths import decoded, raw_path
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.provisioning.enrollments import Enrollments
from affinage.services.provisioning.states import States


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    enrollments: Enrollments
    states: States
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender is known."""

    request: Request
    by: Principal

    @property
    def name(self) -> str:
        """The id in the path; Invalid if it cannot be decoded."""
        return decoded(self.request.path_params["id"])

    @property
    def of_groups(self) -> bool:
        """Whether the path is one of enrollment groups."""
        return raw_path(self.request.scope).lower().startswith("/enrollmentgroups")


Operation = Callable[[Services, Call], Awaitable[Response]]
"""What a method does at a path."""


def called(services: Services, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that makes a `Call` of its request."""

    async def endpoint(request: Request) -> Response:
        return await operation(services, Call(request, request.scope[PRINCIPAL]))

    return endpoint
