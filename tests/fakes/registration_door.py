"""The door of registering devices over a provisioning that writes down what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from starlette.types import Receive, Scope, Send

from affinage.domain.provisioning.registration import Status
from affinage.domain.values import JsonObject, JsonValue
from affinage.frontends.registration_api.app import create_app
from affinage.frontends.registration_api.calls import Services
from affinage.services.provisioning.arrivals import Answer, Arrival
from fakes.clock import FixedClock
from fakes.ids import CountingIds

VERSION: Final = {"api-version": "2021-06-01"}
OWN: Final = "/0ne00ABCDEF/registrations/Dev1"
TOKEN: Final = "SharedAccessSignature sr=a"


@dataclass
class FakeRegistrations:
    failure: Exception | None = None
    came: list[Arrival] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)

    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer:
        self._judge(arrival, ("register", payload))
        return Answer("5/1", Status.ASSIGNING, retry_after_s=3)

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer:
        self._judge(arrival, operation_id)
        if operation_id == "going":
            return Answer(operation_id, Status.ASSIGNING, retry_after_s=2)
        return Answer(operation_id, Status.ASSIGNED, {"deviceId": "dev1"})

    async def state(self, arrival: Arrival) -> JsonObject:
        self._judge(arrival, "state")
        return {"registrationId": "dev1"}

    def _judge(self, arrival: Arrival, asked: object) -> None:
        if self.failure:
            raise self.failure
        self.came.append(arrival)
        self.asked.append(asked)


@dataclass
class Door:
    registrations: FakeRegistrations = field(default_factory=FakeRegistrations)

    async def ask(
        self, method: str, path: str, *, chain: Sequence[bytes] | None = None, **sent: Any
    ) -> httpx.Response:
        app = create_app(Services(self.registrations, FixedClock(), CountingIds()))

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {"peer_certificate": chain}}, receive, send)

        transport = httpx.ASGITransport(shown)
        async with httpx.AsyncClient(transport=transport, base_url="https://dps.test") as client:
            return await client.request(method, path, **{"params": VERSION, **sent})
