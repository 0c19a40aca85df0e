"""Devices, configurations and a run over them, as tests of reconciling need them."""

from collections.abc import Collection, Mapping
from typing import Any

from affinage.domain.configuration import Configuration, create
from affinage.domain.device import ABSENT, Device, Module
from affinage.domain.identity import Credentials, Identity, ModuleIdentity
from affinage.domain.names import EDGE_AGENT, EDGE_HUB, TwinKey
from affinage.domain.reconcile import Reconciled, reconcile
from affinage.domain.rulebook import Rulebook
from affinage.domain.twin import TwinPatch, new_twin, patch
from affinage.domain.values import JsonObject

CONTAINERS = {"device": "deviceContent", "module": "moduleContent", "edge": "modulesContent"}


class Keys:
    """Module identities whose keys are their names."""

    def fresh(self, key: TwinKey) -> ModuleIdentity:
        return ModuleIdentity("0" * 18, 1, Credentials(primary_key=key.path.encode()))


def configured(
    name: str,
    content: Mapping[str, Any] | None = None,
    condition: str = "*",
    *,
    kind: str = "device",
    priority: int = 0,
    generation: int = 1,
    at: int = 0,
) -> Configuration:
    """A configuration; ``content`` is what its container holds, paths below desired."""
    body: dict[str, Any] = {
        "content": {CONTAINERS[kind]: {**(content or {})}},
        "targetCondition": condition,
        "priority": priority,
    }
    return create(name, body, generation=generation, at=at)


def rulebook(*configurations: Configuration) -> Rulebook:
    book = Rulebook()
    for configuration in configurations:
        book = book.with_rule(configuration)
    return book


def a_device(
    name: str = "pump-1",
    *,
    tags: JsonObject | None = None,
    desired: JsonObject | None = None,
    modules: Collection[str] = (),
    iot_edge: bool = False,
) -> Device:
    """A device as the registry makes it, with modules that an operator made."""
    identity = Identity("0" * 18, 1, Credentials(), iot_edge=iot_edge)
    system = (EDGE_AGENT, EDGE_HUB) if iot_edge else ()
    made = {module: a_module(module) for module in (*system, *modules)}
    return Device(name, identity, new_twin(0, tags, desired), modules=made)


def a_module(name: str, *, managed_by: str | None = None) -> Module:
    return Module(name, ModuleIdentity("0" * 18, 1, Credentials(), managed_by), new_twin(0))


def tagged(device: Device, tags: JsonObject, module: str | None = None) -> Device:
    """The device with tags patched, its own or a module's."""
    key = TwinKey(device.id, module)
    twin, _ = patch(key, device.twin_of(key), TwinPatch(tags=tags), at=0)
    return device.with_twin(key, twin)


def run(
    device: Device,
    book: Rulebook,
    *,
    at: int = 0,
    affected: Collection[str] | None = None,
    edited: str | None = None,
    correct_drift: bool = False,
) -> Reconciled:
    return reconcile(
        device,
        book,
        presence=lambda key: ABSENT,
        identities=Keys(),
        at=at,
        affected=affected,
        edited=edited,
        correct_drift=correct_drift,
    )


def whole(*modules: str) -> JsonObject:
    """All of the desired of an `$edgeAgent` that runs those modules."""
    image: dict[str, Any] = {"type": "docker", "settings": {"image": "registry.example.org/edge:1"}}
    return {
        "schemaVersion": "1.1",
        "runtime": {"type": "docker", "settings": {}},
        "systemModules": {"edgeAgent": image, "edgeHub": image},
        "modules": {module: started(module) for module in modules},
    }


def started(module: str) -> JsonObject:
    return {"type": "docker", "settings": {"image": f"registry.example.org/{module}:1"}}
