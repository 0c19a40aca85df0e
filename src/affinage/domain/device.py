"""The unit of everything: a device with its identity, its twin, and its modules with theirs.

One unit of work reads and writes whole devices; what must change together is together here.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import DeviceNotFound, ModuleNotFound
from affinage.domain.identity import Identity, ModuleIdentity
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.twin import Twin


class Module(Struct, frozen=True, array_like=True, gc=False):
    """A module of a device: its identity and its twin."""

    id: str
    identity: ModuleIdentity
    twin: Twin
    number: int = 0
    """Which row it is in the fleet's bitmaps of modules; 0 until the fleet gives one."""
    leaves_at: Millis | None = None
    """When its identity goes, since no deployment names it any more; None if it stays."""


class Dirty(Struct, frozen=True, array_like=True, gc=False):
    """Why a device is not as its configurations want it; it will be tried again."""

    error: str
    """What stood in the way when it was last tried; empty if it waits for a token."""
    since: Millis
    """When it stopped being as they want it."""
    attempts: int = 1
    """How often it was tried in vain; 0 if it waits for a token."""
    due: Millis = 0
    """When it is tried again."""


class Flips(Struct, frozen=True, array_like=True, gc=False):
    """How often one membership has changed lately, of itself; see `flaps`."""

    generation: int
    etag: int
    """The configuration's, both: an edited one is another, and begins anew."""
    times: tuple[Millis, ...]
    """When it changed, the oldest first."""
    frozen_until: Millis | None = None
    """When it may change again; None if it may."""


class Device(Struct, frozen=True, array_like=True, gc=False):
    """A device. Immutable: every change is a new one."""

    id: str
    identity: Identity
    twin: Twin
    number: int = 0
    """Which row it is in the fleet's bitmaps, and its key in the store; 0 until it is given."""
    modules: dict[str, Module] = {}
    carried: dict[str, int] = {}
    """Configurations that it or a module of it met when last reconciled: id to generation."""
    dirty: Dirty | None = None
    drifted_at: Millis | None = None
    """When somebody first wrote over a path in force that has not been written again since."""
    flips: dict[str, Flips] = {}
    """By `flaps.membership`: those that have changed lately, and those that are frozen."""
    retired_at: Millis | None = None
    """When it left for good: from then on it is no row of any collection, and carries nothing."""

    def module(self, module: str) -> Module:
        """The module with that id, or ModuleNotFound."""
        try:
            return self.modules[module]
        except KeyError:
            raise ModuleNotFound(f"no module {module} on device {self.id}") from None

    def twin_of(self, key: TwinKey) -> Twin:
        """Its own twin or one of its modules'; ModuleNotFound if it has no such module."""
        return self.twin if key.module is None else self.module(key.module).twin

    def with_twin(self, key: TwinKey, twin: Twin) -> "Device":
        """The device with that twin in the place of the one it has."""
        if key.module is None:
            return replace(self, twin=twin)
        return self.with_module(replace(self.module(key.module), twin=twin))

    def with_module(self, module: Module) -> "Device":
        return replace(self, modules={**self.modules, module.id: module})

    def without_module(self, module: str) -> "Device":
        return replace(
            self, modules={name: kept for name, kept in self.modules.items() if name != module}
        )


class Presence(Struct, frozen=True, array_like=True, gc=False):
    """Whether an identity is connected; kept apart from its twin, whose version it never moves."""

    connected: bool = False
    changed_at: Millis | None = None
    active_at: Millis | None = None
    waiting: int = 0
    """How many messages wait to be delivered to it."""
    product: str = ""
    """What the client said that it is when it last connected, as ``DeviceClientType``."""


ABSENT = Presence()
"""Of an identity that never connected."""

MAX_PRODUCT: Final = 256
"""Characters that are remembered of what a client says that it is."""


def begun(before: Presence, product: str, at: Millis) -> Presence:
    """The presence of an identity that connects at that moment. Source: MQTT-59."""
    return replace(
        before, connected=True, changed_at=at, active_at=at, product=product[:MAX_PRODUCT]
    )


def heard(before: Presence, at: Millis | None) -> Presence:
    """The presence of an identity that said something at that moment, or at a later one before.

    It may have a connection, and ask for things beside it. Source: PRESENCE-3.
    """
    return replace(before, active_at=max(before.active_at or 0, at or 0) or None)


def found(device: Device | None, device_id: str) -> Device:
    """The device, or DeviceNotFound."""
    if device is None:
        raise DeviceNotFound(f"no device {device_id}")
    return device
