"""Provisioning over a life's fleet: what a test enrolls, and devices that come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from affinage.adapters.http.hubs import Dialling
from affinage.domain.errors import Invalid
from affinage.domain.principal import Principal
from affinage.domain.values import JsonObject, JsonValue
from affinage.ports.webhooks import Reply
from affinage.protocol.certificates import Certificate
from affinage.protocol.tokens import derived_key, make_token
from affinage.services.limits import Rates
from affinage.services.provisioning.arrivals import Answer, Arrival
from affinage.services.provisioning.provisioning import Provisioning
from fakes.life import OWNER, Life, living

EXPIRY: Final = 4_000_000_000
HOST: Final = "hub.test"
KEY: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_KEY: Final = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
SYMMETRIC: Final[JsonObject] = {
    "type": "symmetricKey",
    "symmetricKey": {"primaryKey": KEY, "secondaryKey": OTHER_KEY},
}


@dataclass
class Hook:
    """Implements `ports.webhooks.Webhooks`: answers what the test says."""

    reply: Reply = field(default_factory=lambda: Reply(200, {"iotHubHostName": HOST}))
    asked: list[Any] = field(default_factory=list)
    """Documents, for tests to look into."""

    allows: bool = True
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens while it thinks."""

    def check(self, url: str) -> None:
        if not self.allows:
            raise Invalid(f"{url} is not allowed")

    async def ask(self, url: str, body: JsonObject) -> Reply:
        self.asked.append(body)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.reply


@dataclass
class Believed:
    """Implements `Authorities`: those that a test names."""

    by_name: dict[str, Certificate] = field(default_factory=dict)

    def verified(self, name: str) -> Certificate | None:
        return self.by_name.get(name)


class Provisioned:
    """What a test does and sees."""

    def __init__(self, life: Life, authorities: Believed | None = None, **given: Any) -> None:
        self.life, self.hook = life, Hook()
        self.stop: Callable[[], object] = bool
        """Carry no operation out any more."""
        self.services = Provisioning(
            life.fleet,
            HOST,
            authorities=authorities or Believed(),
            webhooks=self.hook,
            dial=Dialling(life.clock),
            vault=life.vault,
            clock=life.clock,
            ids=life.ids,
            limits=life.limits,
            **{"doors": life.clock, **given},
        )

    @property
    def owner(self) -> Principal:
        return OWNER

    @property
    def scope(self) -> str:
        return self.services.id_scope

    async def enroll(self, name: str, *, again: bool = False, **body: Any) -> JsonObject:
        """An individual enrollment, by KEY unless the body says otherwise."""
        return await self._put(name, {"attestation": SYMMETRIC, **body}, again, is_group=False)

    async def group(self, name: str, *, again: bool = False, **body: Any) -> JsonObject:
        """A group, by KEY unless the body says otherwise."""
        return await self._put(name, {"attestation": SYMMETRIC, **body}, again, is_group=True)

    async def _put(self, name: str, body: JsonObject, again: bool, *, is_group: bool) -> JsonObject:
        return await self.services.enrollments.put(
            name, body, is_group=is_group, if_match="*" if again else None, by=OWNER
        )

    def arrival(self, name: str, key: str | None = KEY, **given: Any) -> Arrival:
        """A device that shows a token signed with that key."""
        token = (
            None if key is None else make_token(f"{self.scope}/registrations/{name}", key, EXPIRY)
        )
        return Arrival(**{"id_scope": self.scope, "registration_id": name, "token": token, **given})

    def member(self, name: str, key: str = KEY, **given: Any) -> Arrival:
        """A device of a group with that key."""
        return self.arrival(name, derived_key(key, name), **given)

    async def register(self, arrival: Arrival, payload: JsonValue = None) -> Answer:
        """Register, and wait for the end of it."""
        registrations = self.services.registrations
        answer = await registrations.register(arrival, payload)
        while not answer.is_final:
            await self.life.settle()
            answer = await registrations.operation(arrival, answer.operation_id)
        return answer

    async def assigned(self, arrival: Arrival, payload: JsonValue = None) -> Any:
        """The state of a registration that must succeed."""
        answer = await self.register(arrival, payload)
        assert answer.status == "assigned", answer.state
        return answer.state


@asynccontextmanager
async def provisioned(
    before: Life | None = None, *, throttle: Rates | None = None, **given: Any
) -> AsyncIterator[Provisioned]:
    """Provisioning that runs."""
    async with living(life=Life(before, throttle=throttle)) as life, asyncio.TaskGroup() as tasks:
        made = Provisioned(life, **given)
        await made.services.open()
        running = tasks.create_task(made.services.run())
        made.stop = running.cancel
        yield made
        running.cancel()
