"""One request of a registering device, as the operations see it.

Nobody is refused here for want of a proof: it goes along with the request, and is judged where it
is asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.principal import Kind, Principal
from affinage.domain.values import JsonObject, JsonValue
from affinage.frontends.http.frame import PRINCIPAL
from affinage.frontends.http.paths import decoded
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.provisioning.arrivals import Answer, Arrival, TpmKeys


class Registrations(Protocol):
    """See `services.provisioning.registrations`."""

    async def register(
        self, arrival: Arrival, payload: JsonValue = None, *, force: bool = False
    ) -> Answer: ...

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer: ...

    async def state(self, arrival: Arrival) -> JsonObject: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    registrations: Registrations
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class Call:
    request: Request
    by: Principal

    def segment(self, name: str) -> str:
        """A part of the path; Invalid if it cannot be decoded."""
        return decoded(self.request.path_params[name])

    def arrival(self, tpm: TpmKeys | None = None) -> Arrival:
        """Who comes, as provisioning is told it."""
        chain: Sequence[bytes] = self.request.scope.get("state", {}).get("peer_certificate") or ()
        return Arrival(
            id_scope=self.segment("scope"),
            registration_id=self.segment("id"),
            token=self.request.headers.get("authorization"),
            chain=chain,
            tpm=tpm,
            api_version=self.request.query_params.get("api-version", ""),
            door="https",
            request_id=self.by.request_id,
        )


Operation = Callable[[Services, Call], Awaitable[Response]]
"""What a method does at a path."""


def called(services: Services, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that makes a `Call` of its request."""

    async def endpoint(request: Request) -> Response:
        return await operation(services, Call(request, request.scope[PRINCIPAL]))

    return endpoint


def unproven(authorization: str | None, path: str, *, request_id: str) -> Principal:
    """Whoever asks, without any right: what it shows is judged by provisioning. REGISTER-3."""
    return Principal(Kind.DEVICE, "", "https", request_id)
