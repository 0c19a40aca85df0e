"""A fleet that comes as machines do from the factory: each registers, by a key of its group's.

The hub is asked for the group alone; the devices do the rest, as they would anywhere.

Source: docs/spec/provisioning.md, PROV-15, PROV-37.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from affinage.apps.simulator.members import Member
from affinage.clients.device import DeviceOptions
from affinage.clients.enrollments import EnrollmentClient
from affinage.clients.provisioning import Assigned, Enrolled, register
from affinage.clients.service import ServiceClient
from affinage.domain.errors import Invalid, Throttled
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.ports.clock import Clock
from affinage.protocol.tokens import derived_key


@dataclass(frozen=True, slots=True)
class Factory:
    """Where a device is made, and what it knows of the hub."""

    group: str
    """An enrollment group with a symmetric key."""
    id_scope: str


@dataclass(frozen=True, slots=True)
class Group:
    """What the hub knows of an enrollment group."""

    key: str = field(repr=False)
    tags: JsonObject
    """What its devices begin with."""


async def group_of(service: ServiceClient, name: str) -> Group:
    """The group with its key.

    Raises:
        Invalid: its devices prove themselves by something else.
        ServiceError, Unavailable: see ServiceClient.
    """
    found = await EnrollmentClient(service).get(name, group=True, with_keys=True)
    key = _object(_object(found["attestation"]).get("symmetricKey")).get("primaryKey")
    if not isinstance(key, str):
        raise Invalid(
            f"enrollment group {name} has no symmetric key, and its devices no other proof"
        )
    return Group(key, _object(_object(found.get("initialTwin")).get("tags")))


class Registering:
    """Has devices register, so many at a time.

    Args:
        host: of the hub, which must also be the one that they are given.
        options: see `clients.provisioning.register`.
        at_once: connections that are made at one time.
    """

    def __init__(
        self, host: str, id_scope: str, options: DeviceOptions, clock: Clock, *, at_once: int
    ) -> None:
        self._host, self._id_scope, self._options = host, id_scope, options
        self._clock, self._gate = clock, asyncio.Semaphore(at_once)

    async def keys(
        self, group: Group, members: Iterable[Member], on_ready: Callable[[int], None]
    ) -> dict[str, str]:
        """Every member's key by its id, once all are registered; ``on_ready`` is told of each.

        Raises:
            ExceptionGroup: of Invalid, where a device was given another hub or name, and of what
                `register` raises. Others may have registered.
        """
        keys = {member.id: derived_key(group.key, member.id) for member in members}
        async with asyncio.TaskGroup() as tasks:
            for name, key in keys.items():
                tasks.create_task(self._registered(name, key, on_ready))
        return keys

    async def _registered(self, name: str, key: str, on_ready: Callable[[int], None]) -> None:
        async with self._gate:
            found = await self._assigned(Enrolled(self._host, self._id_scope, name, key))
        if (found.host, found.device_id) != (self._host.lower(), name):
            raise Invalid(f"{name} was given to {found.host} as {found.device_id}, and stays there")
        on_ready(1)

    async def _assigned(self, device: Enrolled) -> Assigned:
        while True:
            try:
                now = self._clock.now().timestamp()
                return await register(device, self._options, now=now)
            except Throttled as error:
                await self._clock.sleep(error.retry_after_s)


def _object(value: JsonValue) -> JsonObject:
    return value if is_object(value) else {}
