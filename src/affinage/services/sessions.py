"""Who is connected: one connection an identity, its durable subscriptions, what it is told.

A connection is known only to the process that holds it. What must outlive the process, the filters
and whether the identity was connected, is in the store.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NoReturn, Protocol

import msgspec
import structlog
from msgspec.structs import replace

from affinage.domain.admission import generation_of, has_the_same_identities, why_not
from affinage.domain.authorities import Authority
from affinage.domain.device import Device, Presence, begun, heard
from affinage.domain.digital_twin import check_model_id
from affinage.domain.errors import Invalid, NotFound, TooLarge, Unauthorized, Unavailable
from affinage.domain.messages import Message
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.policy import Policy
from affinage.domain.principal import Principal, Voucher, Warrant
from affinage.domain.twin import DesiredChanged
from affinage.ports.clock import Clock
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation

FLUSH_S: Final = 60.0
"""How far the stored moment of an identity's last activity may lag behind."""

SLICE: Final = 500
"""Identities whose activity is written in one unit."""

_log = structlog.get_logger(__name__)

Filters = Mapping[str, int]
"""MQTT filter to the granted quality of service."""


class Connection(Protocol):
    """What a door holds for one connected identity."""

    @property
    def heard_at(self) -> float:
        """When the identity last said something, on the monotonic clock."""
        ...

    def desired_changed(self, change: DesiredChanged) -> None:
        """Tell the device, if it subscribed; never waits and never raises."""
        ...

    def invoke(self, name: str, rid: str, payload: bytes) -> bool:
        """Ask the device to run a method, if it subscribed; never waits and never raises."""
        ...

    @property
    def takes_messages(self) -> bool:
        """Whether the device subscribed to messages."""
        ...

    def deliver(self, message: Message) -> int | None:
        """Send a message, if the device subscribed; never waits and never raises.

        Returns:
            None if it has not; 0 if that was all; 1 if the device will say that it has it.
        """
        ...

    def close(self, reason: str) -> None:
        """End it, without notice to the client."""
        ...


class Follower(Protocol):
    """Who wants to know which identities can be reached; neither method waits or raises."""

    def came(self, key: TwinKey) -> None:
        """An identity was let in, or has subscribed to more."""
        ...

    def gone(self, key: TwinKey, connection: Connection) -> None:
        """That connection is no longer the identity's."""
        ...


class Subscriptions(msgspec.Struct, frozen=True, array_like=True):
    filters: dict[str, int]


class Sessions:
    def __init__(self, fleet: Fleet, clock: Clock, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._clock, self._limits = fleet, clock, limits
        self._connections: dict[TwinKey, Connection] = {}
        self._filters: dict[TwinKey, dict[str, int]] = {}
        """As committed."""
        self._vouchers: dict[TwinKey, Voucher] = {}
        """Of the connections that a policy vouches for."""
        self._warrants: dict[TwinKey, Warrant] = {}
        """Of those that an authority vouches for."""
        self._proofs: dict[TwinKey, bytes] = {}
        """Of the others: the mark of what each identity proved itself with."""
        self._ended: dict[TwinKey, Millis | None] = {}
        """Of whose disconnection nothing is written yet, and when each last said something."""
        self._flushed_at = clock.monotonic()
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell ``follower`` from now on who comes and goes."""
        self._followers.append(follower)

    def connection(self, key: TwinKey) -> Connection | None:
        """The identity's connection; it may not be let in yet, and then takes nothing."""
        return self._connections.get(key)

    async def open(self) -> None:
        """Read the stored subscriptions; nobody is connected yet, whatever the store says."""
        for name, body in self._fleet.saved(Table.SUBSCRIPTIONS):
            self._follow(name, body)
        self._fleet.listen(self._committed)
        self._fleet.hear(self._heard_at)
        await self._write_ends([key for key, one in self._fleet.presences() if one.connected])

    async def run(self) -> NoReturn:
        """Write down now and then who was active and who has gone, until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_S)
            try:
                await self._write_ends(self._ended.keys() - self._connections.keys())
                await self._write_activity()
            except Unavailable as error:
                _log.warning("activity not written", error=str(error))

    async def attach(
        self,
        key: TwinKey,
        connection: Connection,
        *,
        clean: bool,
        model_id: str = "",
        product: str = "",
        by: Principal,
    ) -> Filters | None:
        """Make this the identity's one connection; an older one is closed.

        Args:
            clean: forget the stored filters.
            model_id: of the model that it follows, '' for none; its twin's from now on.
            product: what the client says that it is; remembered as its presence has it.

        Returns:
            The stored filters, or None if there were none.

        Raises:
            Forbidden: ``by`` is another identity.
            Unauthorized: the identity was deleted or disabled since it was proven, or names what
                is no model.
            Unavailable: the commit failed; the identity is not connected.

        Source: MQTT-18, MQTT-35, DIGITAL-1, DIGITAL-2.
        """
        by.require_self(key)
        _check_model(key, model_id)
        self._limits.take(Operation.CONNECTION, by)
        self._end(key, "taken over by a newer connection")
        self._connections[key] = connection
        if by.voucher:
            self._vouchers[key] = by.voucher
        if by.warrant:
            self._warrants[key] = by.warrant
        if by.proof:
            self._proofs[key] = by.proof
        try:
            await self._write_beginning(key, model_id, product, by.proof, clean=clean)
        except BaseException:  # of a cancelled caller the unit goes on: its end must be written
            self._drop(key, connection)
            raise
        return None if clean else self._filters.get(key)

    def ready(self, key: TwinKey, *, by: Principal) -> None:
        """The identity can be told what it has subscribed to, from now on."""
        by.require_self(key)
        for follower in self._followers:
            follower.came(key)

    async def detach(self, key: TwinKey, connection: Connection, *, by: Principal) -> None:
        """The connection has ended; nothing happens if a newer one has taken its place.

        Raises:
            Unavailable: the commit failed; it is tried again within FLUSH_S.
        """
        by.require_self(key)
        if self._drop(key, connection):
            await self._write_ends([key])

    async def subscribe(self, key: TwinKey, filters: Filters, *, by: Principal) -> None:
        """Add filters, durably: they outlive the connection and the process. Unavailable.

        Nothing is written of those that are kept already, as by whoever subscribes each time.
        """
        by.require_self(key)
        kept = self._filters.get(key, {})
        if (wanted := {**kept, **filters}) != kept:
            await self._save(key, wanted)

    async def unsubscribe(self, key: TwinKey, filters: Iterable[str], *, by: Principal) -> None:
        """Remove filters, durably; those that it does not have are fine. Unavailable.

        Nothing is written where none of them is kept, however many there are.
        """
        by.require_self(key)
        kept = self._filters.get(key, {})
        if gone := kept.keys() & filters:
            await self._save(key, {name: kept[name] for name in kept if name not in gone})

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
                _tell(connection, event)
        for row in overlay.rows:
            match row.table:
                case Table.SUBSCRIPTIONS:
                    self._follow(str(row.key), row.body)
                case Table.POLICIES:
                    self._end_what_nothing_vouches_for(str(row.key), row.body)
                case Table.AUTHORITIES:
                    self._end_what_has_no_warrant(str(row.key), row.body)
                case _:
                    pass
        for device_id, device in overlay.devices.items():
            self._end_what_may_not_be(overlay.before[device_id], device)

    def _follow(self, name: str, body: bytes | None) -> None:
        if body is None:
            self._filters.pop(TwinKey.parse(name), None)
        else:
            self._filters[TwinKey.parse(name)] = codec.decode(body, Subscriptions).filters

    def _end_what_may_not_be(self, old: Device | None, new: Device | None) -> None:
        if old is None or (new is not None and has_the_same_identities(old, new)):
            return
        for key in (TwinKey(old.id), *(TwinKey(old.id, module) for module in old.modules)):
            if generation_of(old, key) != generation_of(new, key):
                self._end(key, "the identity was deleted")
            elif (connection := self._connections.get(key)) and (
                reason := why_not(new, key, self._proofs.get(key))
            ):
                connection.close(reason)  # it detaches itself: its end is to be written

    def _end_what_nothing_vouches_for(self, name: str, body: bytes | None) -> None:
        """A policy was changed, or deleted: POLICY-9."""
        policy = None if body is None else codec.decode(body, Policy)
        for key, voucher in [*self._vouchers.items()]:
            if voucher.policy == name and not (policy and policy.connects(voucher)):
                self._connections[key].close("the policy that let it in was changed or deleted")

    def _end_what_has_no_warrant(self, name: str, body: bytes | None) -> None:
        """A certificate authority was changed, or deleted: AUTHORITY-8."""
        authority = None if body is None else codec.decode(body, Authority)
        for key, warrant in [*self._warrants.items()]:
            if warrant.authority == name and not (authority and authority.honours(warrant)):
                self._connections[key].close("the authority that let it in was changed or deleted")

    def _end(self, key: TwinKey, reason: str) -> None:
        """End the identity's connection, if it has one: whatever comes of it, it is not its own."""
        if connection := self._connections.get(key):
            self._forget(key, connection)
            connection.close(reason)

    def _forget(self, key: TwinKey, connection: Connection) -> None:
        del self._connections[key]
        self._vouchers.pop(key, None)
        self._warrants.pop(key, None)
        self._proofs.pop(key, None)
        for follower in self._followers:
            follower.gone(key, connection)

    def _drop(self, key: TwinKey, connection: Connection) -> bool:
        if self._connections.get(key) is not connection:
            return False
        self._forget(key, connection)
        self._ended[key] = self._moment(connection.heard_at)
        return True

    def _heard_at(self, key: TwinKey, kept: Presence) -> Millis | None:
        connection = self._connections.get(key) if kept.connected else None
        return self._moment(connection.heard_at) if connection else None

    def _moment(self, heard_at: float) -> Millis:
        """That instant of the monotonic clock on the wall clock, as that goes now."""
        ago_s = self._clock.monotonic() - heard_at
        return millis(self._clock.now()) - int(1000 * ago_s)

    async def _save(self, key: TwinKey, filters: dict[str, int]) -> None:
        row = Row(Table.SUBSCRIPTIONS, key.path, codec.encode(Subscriptions(filters)))

        def decide(view: View) -> Change[None]:
            if generation_of(view.find(key.device), key) is None:
                raise NotFound(f"{key.path} was deleted")
            return Change(lambda _: None, rows=(row,))

        await self._fleet.change(decide)

    async def _write_beginning(
        self, key: TwinKey, model_id: str, product: str, proof: bytes | None, *, clean: bool
    ) -> None:
        at = millis(self._clock.now())
        rows = (Row(Table.SUBSCRIPTIONS, key.path, None),) if clean else ()

        def decide(view: View) -> Change[None]:
            device = view.find(key.device)
            if reason := why_not(device, key, proof):
                raise Unauthorized(f"{key.path}: {reason}")
            assert device is not None  # or there was a reason
            now = begun(view.presence(key), product, at)
            devices = _of_model(device, key, model_id)
            return Change(lambda _: None, devices=devices, presence={key: now}, rows=rows)

        await self._fleet.change(decide)
        self._ended.pop(key, None)

    async def _write_ends(self, keys: Iterable[TwinKey]) -> None:
        """Write that these are not connected any more; what fails is tried again."""
        at = millis(self._clock.now())
        ended = {key: self._ended.pop(key, None) for key in keys}

        def decide(view: View) -> Change[None]:
            were = {key: one for key in ended if (one := view.presence(key)).connected}
            gone = {
                key: replace(heard(one, ended[key]), connected=False, changed_at=at)
                for key, one in were.items()
            }
            return Change(lambda _: None, presence=gone)

        try:
            await self._fleet.change(decide)
        except BaseException:
            self._ended = {**ended, **self._ended}
            raise

    async def _write_activity(self) -> None:
        """Of those that have said something since the last time."""
        now = self._clock.monotonic()
        active = [
            (key, self._moment(connection.heard_at))
            for key, connection in self._connections.items()
            if connection.heard_at > self._flushed_at
        ]
        for start in range(0, len(active), SLICE):
            await self._write_active(dict(active[start : start + SLICE]))
        self._flushed_at = now

    async def _write_active(self, active: Mapping[TwinKey, Millis]) -> None:
        def decide(view: View) -> Change[None]:
            here = {key: one for key in active if (one := view.presence(key)).connected}
            moved = {key: heard(one, active[key]) for key, one in here.items()}
            return Change(lambda _: None, presence=moved)

        await self._fleet.change(decide)


def _check_model(key: TwinKey, model_id: str) -> None:
    try:
        check_model_id(model_id)
    except (Invalid, TooLarge) as error:
        raise Unauthorized(f"{key.path}: {error}") from None


def _of_model(device: Device, key: TwinKey, model_id: str) -> dict[str, Device]:
    """The device with that model in its twin, or its module's; nothing if it has it already."""
    twin = device.twin_of(key)
    if twin.model_id == model_id:
        return {}
    return {device.id: device.with_twin(key, replace(twin, model_id=model_id))}


def _tell(connection: Connection, event: DesiredChanged) -> None:
    """Tell one device; whatever is wrong with its connection, the commit's other callers hear."""
    try:
        connection.desired_changed(event)
    except Exception:  # noqa: BLE001  # the device reads its twin when it is back
        _log.exception("not told", device=event.key.path)
        connection.close("it could not be told what changed")
