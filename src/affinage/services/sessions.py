"""Who is connected: one connection an identity, its durable subscriptions, what it is told.

A connection is known only to the process that holds it. What must outlive the process, the filters
and whether the identity was connected, is in the store.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, NoReturn, Protocol

import msgspec
import structlog

from affinage.domain.device import Device, Presence
from affinage.domain.identity import Status
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.twin import DesiredChanged
from affinage.ports.clock import Clock
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change

FLUSH_S: Final = 60.0
"""How far the stored moment of an identity's last activity may lag behind."""

_log = structlog.get_logger(__name__)

Filters = Mapping[str, int]
"""MQTT filter to the granted quality of service."""


class Connection(Protocol):
    """What a door holds for one connected identity."""

    def desired_changed(self, change: DesiredChanged) -> None:
        """Tell the device, if it subscribed; never waits and never raises."""
        ...

    def close(self, reason: str) -> None:
        """End it, without notice to the client."""
        ...


class Subscriptions(msgspec.Struct, frozen=True, array_like=True):
    filters: dict[str, int]


class Sessions:
    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet, self._clock = fleet, clock
        self._connections: dict[TwinKey, Connection] = {}
        self._filters: dict[TwinKey, dict[str, int]] = {}
        self._active: dict[TwinKey, Millis] = {}

    async def open(self) -> None:
        """Read the stored subscriptions; nobody is connected yet, whatever the store says."""
        for name, body in self._fleet.saved(Table.SUBSCRIPTIONS):
            self._filters[_key(name)] = codec.decode(body, Subscriptions).filters
        at = millis(self._clock.now())
        gone = {
            key: Presence(connected=False, changed_at=at, active_at=presence.active_at)
            for key, presence in self._fleet.presences()
            if presence.connected
        }
        await self._fleet.change(lambda _: Change(lambda _: None, presence=gone))
        self._fleet.listen(self._committed)

    async def run(self) -> NoReturn:
        """Write down now and then who was active, until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_S)
            await self._flush()

    async def attach(
        self, key: TwinKey, connection: Connection, *, clean: bool, by: Principal
    ) -> Filters | None:
        """Make this the identity's one connection; an older one is closed.

        Args:
            clean: forget the stored filters.

        Returns:
            The stored filters, or None if there were none.

        Raises:
            Forbidden: ``by`` is another identity.
            Unavailable: the commit failed; the identity is not connected.

        Source: MQTT-18, MQTT-35.
        """
        by.require_self(key)
        if older := self._connections.pop(key, None):
            older.close("taken over by a newer connection")
        self._connections[key] = connection
        filters = self._filters.get(key)
        forgotten = clean and filters is not None
        rows = (Row(Table.SUBSCRIPTIONS, key.path, None),) if forgotten else ()
        try:
            await self._set_presence(key, connected=True, rows=rows)
        except BaseException:
            self._drop(key, connection)
            raise
        if forgotten:
            del self._filters[key]
        return None if clean else filters

    async def detach(self, key: TwinKey, connection: Connection, *, by: Principal) -> None:
        """The connection has ended; nothing happens if a newer one has taken its place."""
        by.require_self(key)
        if self._drop(key, connection) and self._fleet.find(key.device) is not None:
            await self._set_presence(key, connected=False)

    async def subscribe(self, key: TwinKey, filters: Filters, *, by: Principal) -> None:
        """Add filters, durably: they outlive the connection and the process. Unavailable."""
        by.require_self(key)
        await self._save(key, {**self._filters.get(key, {}), **filters})

    async def unsubscribe(self, key: TwinKey, filters: list[str], *, by: Principal) -> None:
        """Remove filters, durably; those that it does not have are fine. Unavailable."""
        by.require_self(key)
        kept = self._filters.get(key, {})
        await self._save(key, {name: kept[name] for name in kept if name not in filters})

    def touch(self, key: TwinKey) -> None:
        """The identity has just sent something."""
        self._active[key] = millis(self._clock.now())

    @property
    def count(self) -> int:
        return len(self._connections)

    def close_all(self, reason: str) -> None:
        """End every connection; the hub stops."""
        for connection in list(self._connections.values()):
            connection.close(reason)

    def _committed(self, overlay: Overlay) -> None:
        """Tell devices what changed, and end the connections of those that may no longer be."""
        for event in overlay.events:
            if connection := self._connections.get(event.key):
                connection.desired_changed(event)
        for device_id, device in overlay.devices.items():
            self._end_what_may_not_be(overlay.before[device_id], device)

    def _end_what_may_not_be(self, old: Device | None, new: Device | None) -> None:
        if old is None or (new is not None and new.identity is old.identity and _has(new, old)):
            return
        for key in (TwinKey(old.id), *(TwinKey(old.id, module) for module in old.modules)):
            reason = _why_not(new, key)
            if reason is None:
                continue
            if connection := self._connections.pop(key, None):
                connection.close(reason)
            if new is None or "deleted" in reason:
                self._filters.pop(key, None)
                self._active.pop(key, None)

    def _drop(self, key: TwinKey, connection: Connection) -> bool:
        if self._connections.get(key) is not connection:
            return False
        del self._connections[key]
        return True

    async def _save(self, key: TwinKey, filters: dict[str, int]) -> None:
        await self._fleet.save(
            Row(Table.SUBSCRIPTIONS, key.path, codec.encode(Subscriptions(filters)))
        )
        self._filters[key] = filters

    async def _set_presence(
        self, key: TwinKey, *, connected: bool, rows: tuple[Row, ...] = ()
    ) -> None:
        at = millis(self._clock.now())
        self._active.pop(key, None)
        presence = Presence(connected, at, at)
        await self._fleet.change(
            lambda _: Change(lambda _: None, presence={key: presence}, rows=rows)
        )

    async def _flush(self) -> None:
        active, self._active = self._active, {}
        moved = {
            key: Presence(presence.connected, presence.changed_at, at)
            for key, at in active.items()
            if (presence := self._fleet.presence(key)).connected
        }
        if moved:
            await self._fleet.change(lambda _: Change(lambda _: None, presence=moved))
            _log.debug("activity written", identities=len(moved))
        await asyncio.sleep(0)


def _has(new: Device, old: Device) -> bool:
    return new.modules.keys() >= old.modules.keys()


def _why_not(device: Device | None, key: TwinKey) -> str | None:
    """Why the identity may not be connected any more, or None if it may."""
    if device is None or (key.module is not None and key.module not in device.modules):
        return "the identity was deleted"
    return "the device was disabled" if device.identity.status is Status.DISABLED else None


def _key(name: str) -> TwinKey:
    device, _, module = name.partition("/")
    return TwinKey(device, module or None)
