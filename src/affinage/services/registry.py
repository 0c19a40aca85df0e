"""The registry: identities of devices and modules, both named by a `TwinKey`."""

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from msgspec import Struct

from affinage.domain import registration
from affinage.domain import twin as twins
from affinage.domain.audit import Deed
from affinage.domain.device import Device, Module
from affinage.domain.errors import DeviceExists, ModuleExists, SystemModule
from affinage.domain.etags import ANY, check_etag
from affinage.domain.identity import Credentials, KeySource, ModuleIdentity
from affinage.domain.moments import Millis, millis
from affinage.domain.names import SYSTEM_MODULES, TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection
from affinage.domain.registration import Makings
from affinage.domain.scopes import SCOPE, ParentsOf
from affinage.domain.twin import DesiredChanged, TwinPatch, new_twin, patch
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.vault import Vault
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, Readable, View
from affinage.services.limits import UNLIMITED, Limits, Operation

MAX_LISTED: Final = 1_000
"""Devices in one list, which has no pages."""

_DISABLED: Final = parse_condition("status = 'disabled'")

Written = tuple[Device, tuple[DesiredChanged, ...]]
"""What a unit makes of a device, and what it and its modules must be told."""


class Entry(Struct, frozen=True):
    """What is written of an identity and of its twin at once."""

    body: JsonObject | None
    """As of a PUT; None leaves the identity alone."""
    twin: TwinPatch = TwinPatch()
    etag: str = ANY
    """The identity's, if it is there."""
    twin_etag: str | None = None
    """Its twin's; None is any."""


def makings(vault: Vault, ids: Ids) -> Makings:
    """What new identities are made of: random keys, sealed at once."""
    keys = KeySource(
        ids.key,
        lambda key: vault.seal(key.encode()),
        lambda sealed, key: compare_digest(vault.open(sealed), key.encode()),
    )
    return Makings(keys, ids.generation, ids.etag_start)


class Registry:
    def __init__(
        self, fleet: Fleet, vault: Vault, clock: Clock, ids: Ids, limits: Limits = UNLIMITED
    ) -> None:
        self._fleet, self._vault, self._clock, self._limits = fleet, vault, clock, limits
        self._makings = makings(vault, ids)

    async def get(self, key: TwinKey, *, by: Principal) -> JsonObject:
        """An identity's document, keys in the clear included; DeviceNotFound, ModuleNotFound."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        return self._document(self._fleet.device(key.device), key)

    async def put(
        self, key: TwinKey, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Create an identity, or with an etag (ANY for whatever it has) change one.

        Returns:
            Its document as it is then.

        Raises:
            DeviceExists, ModuleExists: it exists, and no etag was given.
            DeviceNotFound, ModuleNotFound: it, or the module's device, does not exist.
            EtagMismatch, TooManyModules, Invalid and its kin: what the message says.
            Unavailable: the commit failed. In every case nothing has changed.

        Source: IDENTITY-1 to IDENTITY-18.
        """
        if if_match is None:
            return await self.create(key, body, by=by)
        at = self._now()

        def change(view: View) -> Written:
            device = view.device(key.device)
            _check_etag(key, device, if_match)
            return self._changed(device, key, body, parents_in(view), at), ()

        return await self._write(key, change, by)

    async def create(
        self, key: TwinKey, body: JsonObject, twin: TwinPatch | None = None, *, by: Principal
    ) -> JsonObject:
        """Create an identity, its twin beginning with ``twin``; otherwise as `put`.

        Source: IDENTITY-1, IDENTITY-17, TWIN-2.
        """
        at = self._now()

        def made(view: View) -> Written:
            device = self._made(view, key, body, parents_in(view), at)
            return _begun(device, key, twin or TwinPatch(), at), ()

        return await self._write(key, made, by)

    async def write(
        self, key: TwinKey, entry: Entry, *, creates: bool, changes: bool, by: Principal
    ) -> JsonObject:
        """Write an identity and its twin as one; what is there is changed, its twin merged into.

        Nobody's parent need be there yet: many entries come in any order.

        Args:
            creates: whether it may be new.
            changes: whether it may be there.

        Raises:
            As `put`; EtagMismatch for the twin, too. In every case nothing has changed.

        Source: IDENTITY-21, IDENTITY-22, IDENTITY-25 to IDENTITY-27.
        """
        at = self._now()

        def written(view: View) -> Written:
            if creates and not (changes and _is_there(view, key)):
                made = self._made(view, key, entry.body or {}, _unchecked, at)
                return _begun(made, key, entry.twin, at), ()
            device = view.device(key.device)
            _check_etag(key, device, entry.etag)
            if entry.body is not None:
                device = self._changed(device, key, entry.body, _unchecked, at)
            return _merged(device, key, entry, at)

        return await self._write(key, written, by)

    async def delete(self, key: TwinKey, *, if_match: str | None, by: Principal) -> None:
        """Delete an identity with its twin, a device with its modules; connections end.

        Raises:
            SystemModule: it is one.
            DeviceNotFound, ModuleNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: IDENTITY-19.
        """

        def left(view: View) -> Device | None:
            device = view.device(key.device)
            _check_etag(key, device, if_match)
            if key.module in SYSTEM_MODULES:
                raise SystemModule(f"{key.path} goes only with its device's being an edge device")
            return None if key.module is None else device.without_module(key.module)

        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)
        deeds = (Deed(by, "device.write", key.path),)
        await self._fleet.change(
            lambda view: Change(lambda _: None, devices={key.device: left(view)}, deeds=deeds)
        )

    async def list_devices(self, limit: int, *, by: Principal) -> list[JsonObject]:
        """The first devices by id; a limit outside 1…MAX_LISTED counts as MAX_LISTED."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        names = self._fleet.ids(limit if 1 <= limit <= MAX_LISTED else MAX_LISTED)
        return [self._document(self._fleet.device(name), TwinKey(name)) for name in names]

    async def list_modules(self, device_id: str, *, by: Principal) -> list[JsonObject]:
        """A device's modules, those of the system first, then as they were made; DeviceNotFound."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        device = self._fleet.device(device_id)
        modules = sorted(device.modules.values(), key=_place)
        return [self._document(device, TwinKey(device_id, module.id)) for module in modules]

    async def statistics(self, *, by: Principal) -> dict[str, int]:
        """How many devices there are: ``total``, ``enabled``, ``disabled``."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        disabled = await self._fleet.count(Collection.DEVICES, _DISABLED)
        disabled += len(self._fleet.retired)
        total = self._fleet.device_count
        return {"total": total, "enabled": total - disabled, "disabled": disabled}

    async def connected(self, *, by: Principal) -> int:
        """How many identities are connected."""
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.REGISTRY, by)
        return self._fleet.connected_count

    async def _write(
        self, key: TwinKey, write: Callable[[View], Written], by: Principal
    ) -> JsonObject:
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)

        def decide(view: View) -> Change[JsonObject]:
            device, events = write(view)
            return Change(
                lambda after: self._document(after.device(key.device), key),
                devices={key.device: device},
                events=events,
                deeds=(Deed(by, "device.write", key.path),),
            )

        return await self._fleet.change(decide)

    def _made(
        self, view: View, key: TwinKey, body: JsonObject, parents_of: ParentsOf, at: Millis
    ) -> Device:
        if key.module is None:
            if view.find(key.device) is not None:
                raise DeviceExists(f"device {key.device} exists")
            return registration.new_device(key.device, body, self._makings, parents_of, at)
        device = view.device(key.device)
        if key.module in device.modules:
            raise ModuleExists(f"module {key.path} exists")
        return registration.new_module(device, key.module, body, self._makings, at)

    def _changed(
        self, device: Device, key: TwinKey, body: JsonObject, parents_of: ParentsOf, at: Millis
    ) -> Device:
        if key.module is None:
            return registration.changed_device(device, body, self._makings, parents_of, at)
        return registration.changed_module(device, key.module, body, self._makings)

    def _document(self, device: Device, key: TwinKey) -> JsonObject:
        presence = self._fleet.presence(key)
        if key.module is None:
            keys = opened(self._vault, device.identity.credentials)
            return registration.device_document(device, presence, keys)
        module = device.module(key.module)
        keys = opened(self._vault, module.identity.credentials)
        return registration.module_document(device, module, presence, keys)

    def _now(self) -> Millis:
        return millis(self._clock.now())


def opened(vault: Vault, credentials: Credentials) -> tuple[str | None, str | None]:
    """The keys of an identity in the clear; None of those that it has not."""
    sealed = (credentials.primary_key, credentials.secondary_key)
    first, second = (one and vault.open(one).decode() for one in sealed)
    return first or None, second or None


def parents_in(view: Readable) -> ParentsOf:
    """Who is above whom, in this view."""

    def parents_of(scope: str) -> tuple[str, ...] | None:
        device = view.find(scope.removeprefix(SCOPE).rpartition("-")[0])
        if device is None or not device.identity.iot_edge:
            return None
        identity = device.identity
        return identity.parent_scopes if identity.device_scope == scope else None

    return parents_of


def _unchecked(scope: str) -> tuple[str, ...]:
    """Whoever it is, somebody may be it."""
    return ()


def _is_there(view: View, key: TwinKey) -> bool:
    device = view.find(key.device)
    return device is not None and (key.module is None or key.module in device.modules)


def _begun(device: Device, key: TwinKey, twin: TwinPatch, at: Millis) -> Device:
    """The device with what its new twin, or that of its new module, begins with."""
    tags, desired = (given or None for given in (twin.tags, twin.desired))
    return device.with_twin(key, new_twin(at, tags, desired)) if tags or desired else device


def _merged(device: Device, key: TwinKey, entry: Entry, at: Millis) -> Written:
    twin = device.twin_of(key)
    if entry.body is None or entry.twin != TwinPatch():
        twins.check_etag(key, twin, entry.twin_etag)
    written, events = patch(key, twin, entry.twin, at=at)
    return (device if written is twin else device.with_twin(key, written)), events


def _place(module: Module) -> tuple[bool, int]:
    """Where it stands in a list."""
    return module.id not in SYSTEM_MODULES, module.number


def _check_etag(key: TwinKey, device: Device, if_match: str | None) -> None:
    identity = device.identity if key.module is None else device.module(key.module).identity
    check_etag(f"identity '{key.path}'", identity.etag, if_match)


class FreshModules:
    """Makes the identities of modules that deployments bring."""

    def __init__(self, made_of: Makings) -> None:
        self._makings = made_of

    def fresh(self, key: TwinKey) -> ModuleIdentity:
        """A new identity with new keys, whichever module it is for."""
        return registration.module_identity(self._makings, registration.IOT_EDGE)
