"""What an edge device's own hub is told of those below it: who they are, and how they prove it.

It lets them in while this hub is out of reach, and so is given their keys in the clear. Whose keys
it is given is decided here, and by the registry alone: what a request claims of who is below whom
only names whom it is about.

Source: docs/spec/device-api.md, DEVICE-40 to DEVICE-45.
"""

from typing import Final, NamedTuple

from affinage.domain.device import Device
from affinage.domain.errors import Forbidden, Invalid
from affinage.domain.names import EDGE_HUB, TwinKey
from affinage.domain.principal import Principal
from affinage.domain.query.syntax import Collection, Comparator, Comparison, Constant, Lookup
from affinage.domain.registration import device_document, module_document
from affinage.domain.scopes import above
from affinage.domain.values import JsonObject
from affinage.ports.vault import Vault
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import page_size
from affinage.services.registry import opened, parents_in

MAX_PAGE: Final = 100
"""Children on one page."""

MAX_IDENTITIES: Final = 500
"""Devices and modules after which a page takes no more children."""

_OF_DEVICE: Final = (
    *("deviceId", "generationId", "status", "authentication"),
    *("capabilities", "deviceScope", "parentScopes"),
)
_OF_MODULE: Final = ("moduleId", "deviceId", "generationId", "authentication")


class Told(NamedTuple):
    """Identities, each with its keys in the clear."""

    devices: list[JsonObject]
    modules: list[JsonObject]
    last: str | None = None
    """The child behind which the next page begins; None if there is none."""


class EdgeScopes:
    def __init__(self, fleet: Fleet, vault: Vault, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._vault, self._limits = fleet, vault, limits

    async def page(
        self,
        hub: TwinKey,
        *,
        edge: str | None = None,
        size: int = MAX_PAGE,
        after: str | None = None,
        by: Principal,
    ) -> Told:
        """An edge device with its children and all their modules, the children by id.

        Args:
            hub: who asks.
            edge: an edge device below its own; None for its own.
            size: children at most; more than MAX_PAGE counts as MAX_PAGE.
            after: only children behind this one, and no more the edge device; None for all.

        Raises:
            Forbidden: nobody's hub asks, or for an edge device that is not below it.
            Invalid: a size under 1.

        Source: DEVICE-41, DEVICE-42, DEVICE-44.
        """
        top = self._edge(self._own(hub, by), edge)
        self._limits.take(Operation.REGISTRY, by)
        most = page_size(size, MAX_PAGE)
        behind = None if after is None else TwinKey(after)
        found, identities = list[Device](), 1 + len(top.modules)
        async for row in self._fleet.rows(Collection.DEVICES, _children_of(top), behind):
            if found and (len(found) >= most or identities >= MAX_IDENTITIES):
                return self._told(top, found, after, last=found[-1].id)
            found.append(row.device)
            identities += 1 + len(row.device.modules)
        return self._told(top, found, after, last=None)

    async def one(
        self, hub: TwinKey, target: TwinKey, *, edge: str | None = None, by: Principal
    ) -> Told:
        """One device, and of its modules the one that ``target`` names if it does.

        Args:
            hub: who asks; without ``edge`` for its own device, its children, and their modules.
            edge: an edge device at or below its own, in whose name it asks, for whoever is
                anywhere below that; None for its own.

        Raises:
            Forbidden: as `page`.
            Invalid: there is no such identity in that scope, whether or not elsewhere.

        Source: DEVICE-43, DEVICE-44.
        """
        own = self._own(hub, by)
        top = self._edge(own, edge)
        self._limits.take(Operation.REGISTRY, by)
        device = self._fleet.find(target.device)
        if device is None or not (
            self._is_at_or_below(device, top) if edge else _is_at_or_child(device, top)
        ):
            raise _unknown(target, top)
        if target.module is None:
            return Told([self._device(device)], [])
        if target.module not in device.modules:
            raise _unknown(target, top)
        return Told([self._device(device)], [self._module(device, target.module)])

    def _own(self, hub: TwinKey, by: Principal) -> Device:
        """The edge device whose hub asks by its own proof: a policy learns no keys here."""
        by.require_self(hub)
        device = self._fleet.device(hub.device)
        if hub.module != EDGE_HUB or by.voucher is not None or not device.identity.iot_edge:
            raise Forbidden(f"{by.kind} {by.name} is not the hub of an edge device, or not proven")
        return device

    def _edge(self, own: Device, edge: str | None) -> Device:
        """The edge device of that name at or below ``own``; Forbidden whoever else it is."""
        if edge is None:
            return own
        device = self._fleet.find(edge)
        if device is None or not device.identity.iot_edge or not self._is_at_or_below(device, own):
            raise Forbidden(f"{own.id} may not ask for {edge}: no edge device below it")
        return device

    def _is_at_or_below(self, device: Device, top: Device) -> bool:
        parents_of = parents_in(self._fleet)
        scopes = above(device.identity.parent_scopes, parents_of)
        return device.id == top.id or _scope_of(top) in scopes

    def _told(self, top: Device, found: list[Device], after: str | None, last: str | None) -> Told:
        devices = found if after is not None else [top, *found]
        modules = [self._module(device, name) for device in devices for name in device.modules]
        return Told([self._device(device) for device in devices], modules, last)

    def _device(self, device: Device) -> JsonObject:
        keys = opened(self._vault, device.identity.credentials)
        shown = device_document(device, self._fleet.presence(TwinKey(device.id)), keys)
        return _only(_OF_DEVICE, shown)

    def _module(self, device: Device, name: str) -> JsonObject:
        module = device.module(name)
        keys = opened(self._vault, module.identity.credentials)
        presence = self._fleet.presence(TwinKey(device.id, name))
        return _only(_OF_MODULE, module_document(device, module, presence, keys))


def _is_at_or_child(device: Device, top: Device) -> bool:
    return device.id == top.id or _scope_of(top) in device.identity.parent_scopes


def _children_of(top: Device) -> Comparison:
    """Whoever has its scope as a parent's: one has a single parent, which bitmaps can tell."""
    parent = Lookup(("parentScopes", 0))
    return Comparison(Comparator.EQUAL, parent, Constant(_scope_of(top)))


def _scope_of(edge: Device) -> str:
    assert edge.identity.device_scope  # every edge device has one
    return edge.identity.device_scope


def _unknown(target: TwinKey, top: Device) -> Invalid:
    return Invalid(f"{target.path} is not in the scope of {top.id}")


def _only(members: tuple[str, ...], shown: JsonObject) -> JsonObject:
    return {name: shown.get(name) for name in members}
