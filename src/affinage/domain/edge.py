"""Edge deployments on one device: which of them are in force, and which modules it then has.

Decides nothing about single paths, which is `overlay`'s, nor when a device is reconciled.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from affinage.domain.content import Kind, Write, admitted, kind, writes
from affinage.domain.device import Device, Module
from affinage.domain.errors import Invalid, InvalidContent, InvalidOperation, TooManyModules
from affinage.domain.identity import ModuleIdentity
from affinage.domain.moments import Millis
from affinage.domain.names import EDGE_AGENT, EDGE_HUB, SYSTEM_MODULES, TwinKey, check_id
from affinage.domain.paths import place
from affinage.domain.registration import IOT_EDGE, MAX_MODULES
from affinage.domain.rulebook import Rule
from affinage.domain.twin import DesiredChanged, new_twin, write_desired
from affinage.domain.values import JsonObject, is_object

GRACE: Final[Millis] = 10 * 60 * 1000
"""How long a module stays that no deployment names any more: a flickering tag must not cost its
keys and its twin."""


class ModuleIdentities(Protocol):
    """Makes module identities; lent by the services, since keys are random."""

    def fresh(self, key: TwinKey) -> ModuleIdentity:
        """A new identity with new keys; ``managed_by`` is not its to say."""


class Deployments(NamedTuple):
    """The deployments that target a device, the one that wins first."""

    in_force: tuple[Rule, ...] = ()
    hidden: tuple[Rule, ...] = ()
    """Ranked below a whole manifest: they write nothing on any module."""


def ordered(ranked: tuple[Rule, ...]) -> Deployments:
    """Everything below the first whole `$edgeAgent` desired is out of force.

    Source: EDGE-5, EDGE-6.
    """
    for rank, rule in enumerate(ranked, start=1):
        if any(not write.path for write in rule.writes.get(EDGE_AGENT, ())):
            return Deployments(ranked[:rank], ranked[rank:])
    return Deployments(ranked)


def written_modules(deployments: Deployments) -> frozenset[str]:
    """Every module that a deployment in force has content for, system modules too."""
    return frozenset(
        module for rule in deployments.in_force for module in rule.writes if module is not None
    )


def started_modules(device: Device) -> frozenset[str]:
    """The modules that the agent of the device is told to have, and that can have an identity.

    Source: EDGE-9.
    """
    agent = device.modules.get(EDGE_AGENT)
    listed = agent.twin.desired.values.get("modules") if agent else None
    # Deployments name nothing else (EDGE-3), but by hand anything can be written there.
    return frozenset(filter(_is_id, listed)) if is_object(listed) else frozenset()


def _is_id(name: str) -> bool:
    try:
        check_id("a module", name)
    except Invalid:
        return False
    return True


def with_modules(
    device: Device, wanted: Iterable[str], identities: ModuleIdentities, at: Millis
) -> Device:
    """The device with an identity and a twin for every module wanted; the same if it has them.

    Raises:
        TooManyModules: more than MAX_MODULES would stay. Nothing has changed.

    Source: EDGE-9, EDGE-10.
    """
    missing = sorted(set(wanted) - device.modules.keys())
    if not missing:
        return device
    made = {name: _module(TwinKey(device.id, name), identities, at) for name in missing}
    grown = replace(device, modules={**device.modules, **made})
    staying = [module for module in grown.modules.values() if module.leaves_at is None]
    if len(staying) > MAX_MODULES:
        raise TooManyModules(f"{device.id} would have {len(staying)} of {MAX_MODULES} modules")
    return grown


def _module(key: TwinKey, identities: ModuleIdentities, at: Millis) -> Module:
    assert key.module is not None  # it is a module's
    identity = replace(identities.fresh(key), managed_by=IOT_EDGE)
    return Module(key.module, identity, new_twin(at))


def with_leavers(device: Device, wanted: frozenset[str] | None, at: Millis) -> Device:
    """Mark what leaves, unmark what came back, and remove what was to leave by now.

    Args:
        device: as it is.
        wanted: the modules that deployments name, or None if no deployment is in force: then
            nobody starts to leave, and nobody comes back.
        at: now.

    Source: EDGE-11 to EDGE-13.
    """
    modules = {name: _marked(module, wanted, at) for name, module in device.modules.items()}
    staying = {
        name: module
        for name, module in modules.items()
        if module.leaves_at is None or at < module.leaves_at
    }
    if len(staying) == len(device.modules) and all(
        module is device.modules[name] for name, module in staying.items()
    ):
        return device
    return replace(device, modules=staying)


def _marked(module: Module, wanted: frozenset[str] | None, at: Millis) -> Module:
    if wanted is None or not is_managed(module):
        return module
    if module.id in wanted:
        return module if module.leaves_at is None else replace(module, leaves_at=None)
    return module if module.leaves_at is not None else replace(module, leaves_at=at + GRACE)


def is_managed(module: Module) -> bool:
    """Whether deployments made the module, and may remove it."""
    return module.identity.managed_by == IOT_EDGE and module.id not in SYSTEM_MODULES


def next_leaving(device: Device) -> Millis | None:
    """When the device must be reconciled again, since a module is to leave; None for never.

    Source: EDGE-12.
    """
    return min(
        (module.leaves_at for module in device.modules.values() if module.leaves_at is not None),
        default=None,
    )


def in_writing_order(modules: Iterable[str]) -> list[str]:
    """Custom modules, then the hub, then the agent, which starts what finds its desired there.

    Source: EDGE-14.
    """
    return sorted(modules, key=lambda name: (_WRITING_ORDER.get(name, 0), name))


_WRITING_ORDER: Final[Mapping[str, int]] = {EDGE_AGENT: 2, EDGE_HUB: 1}


def apply_content(
    device: Device, content: JsonObject, *, identities: ModuleIdentities, at: Millis
) -> tuple[Device, tuple[DesiredChanged, ...]]:
    """Write a content to one device, once: no configuration will hold what it writes.

    Modules that deployments made and that the agent is no longer told to have go at once.

    Raises:
        InvalidContent: the content is not admissible, or is for modules that a condition selects.
        InvalidOperation: content for edge modules, and the device is none.
        TooManyModules, TooLarge: a limit of the device or of a twin. Nothing has changed.

    Source: EDGE-15 to EDGE-17.
    """
    containers = admitted(content)
    match kind(containers):
        case Kind.MODULE:
            raise InvalidContent("moduleContent cannot be applied to one device")
        case Kind.EDGE if not device.identity.iot_edge:
            raise InvalidOperation(f"{device.id} is no edge device: it takes no modulesContent")
        case _:
            pass
    written = writes(containers)
    named = frozenset(module for module in written if module is not None)
    device = with_modules(device, named, identities, at)
    device, events = _with_writes(device, written, at)
    if named:
        wanted = named | started_modules(device)
        device = _without(with_modules(device, wanted, identities, at), wanted)
    return device, events


def _with_writes(
    device: Device, written: Mapping[str | None, tuple[Write, ...]], at: Millis
) -> tuple[Device, tuple[DesiredChanged, ...]]:
    events: tuple[DesiredChanged, ...] = ()
    order: list[str | None] = [name for name in (None,) if name in written]
    order += in_writing_order(name for name in written if name is not None)
    for name in order:
        key = TwinKey(device.id, name)
        twin = device.twin_of(key)
        values = twin.desired.values
        for write in written[name]:
            values = place(values, write.path, write.value)
        twin, told = write_desired(key, twin, values, at=at)
        device, events = device.with_twin(key, twin), events + told
    return device, events


def _without(device: Device, wanted: frozenset[str]) -> Device:
    """Whoever sets modules by hand means it: nobody is given a grace period."""
    staying = {
        name: module if module.leaves_at is None else replace(module, leaves_at=None)
        for name, module in device.modules.items()
        if name in wanted or not is_managed(module)
    }
    return replace(device, modules=staying)
