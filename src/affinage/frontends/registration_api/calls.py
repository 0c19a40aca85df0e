"""One request of a registering device, as the operations see it.

Nobody is refused here for want of a proof: it goes along with the request, and is judged where it
is asked for.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from starlette.requests import Request

from affinage.domain.principal import Kind, Principal
from affinage.domain.values import JsonObject, JsonValue
from affinage.frontends.http import calls
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.provisioning.arrivals import Answer, Arrival, TpmKeys


class Registrations(Protocol):
    """See `services.provisioning.registrations`."""

    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer: ...

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer: ...

    async def state(self, arrival: Arrival) -> JsonObject: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    registrations: Registrations
    clock: Clock
    ids: Ids


class Call(calls.Call):
    """A request, and who comes with it."""

    def arrival(self, tpm: TpmKeys | None = None) -> Arrival:
        """Who comes, as provisioning is told it."""
        return Arrival(
            id_scope=self.segment("scope"),
            registration_id=self.segment("id"),
            token=self.request.headers.get("authorization"),
            chain=calls.peer_chain(self.request),
            tpm=tpm,
            api_version=self.request.query_params.get("api-version", ""),
            door="https",
            request_id=self.by.request_id,
        )


Operation: TypeAlias = calls.Operation[Services, Call]


def unproven(request: Request, *, request_id: str) -> Principal:
    """Whoever asks, without any right: what it shows is judged by provisioning. REGISTER-3."""
    return Principal(Kind.DEVICE, "", "https", request_id)
