"""What a deployment's content must have before any edge device may see it.

Deliberately loose: it refuses what no edge agent could run, and admits members it does not know.
"""

from typing import Final

from affinage.domain.errors import Invalid, InvalidContent
from affinage.domain.names import EDGE_AGENT, EDGE_HUB, SYSTEM_MODULES, check_id
from affinage.domain.values import JsonObject, JsonValue, is_object

MAX_MODULES: Final = 48
"""Modules in one deployment, beside the two system modules: what a device of 50 has room for."""

_ROOT: Final = "properties.desired"
_MODULES: Final = f"{_ROOT}.modules"


def check_manifest(modules: JsonObject, limit: int = MAX_MODULES) -> None:
    """Refuse a ``modulesContent`` that lacks what every deployment must have.

    Raises:
        InvalidContent: the agent is missing, a whole `properties.desired` of the agent or the hub
            is incomplete, it names more than ``limit`` modules, or one that could have no
            identity.

    Source: EDGE-1 to EDGE-3.
    """
    if EDGE_AGENT not in modules:
        raise InvalidContent(f"modulesContent must have {EDGE_AGENT}, which may be empty")
    agent, hub = (_paths(modules, name) for name in SYSTEM_MODULES)
    if _ROOT in agent:
        _check_agent(_required(EDGE_AGENT, agent, _ROOT))
    if _ROOT in hub:
        _check_hub(_required(EDGE_HUB, hub, _ROOT))
    named = named_modules(modules)
    if len(named) > limit:
        raise InvalidContent(f"the deployment has {len(named)} of {limit} modules")
    for name in named:
        _check_id(name)


def named_modules(modules: JsonObject) -> frozenset[str]:
    """Every module beside the system ones that a ``modulesContent`` has content or starts for."""
    agent = _paths(modules, EDGE_AGENT)
    whole = agent.get(_ROOT)
    started = {*_members(whole.get("modules") if is_object(whole) else None)}
    started |= {*_members(agent.get(_MODULES))}
    deeper = f"{_MODULES}."
    started |= {path[len(deeper) :].split(".")[0] for path in agent if path.startswith(deeper)}
    return frozenset(started | modules.keys()) - {*SYSTEM_MODULES}


def _members(value: JsonValue) -> JsonObject:
    return value if is_object(value) else {}


def _paths(modules: JsonObject, name: str) -> JsonObject:
    """The container of one module; one that is no object is refused where it is read."""
    return _members(modules.get(name))


def _check_agent(desired: JsonObject) -> None:
    version = desired.get("schemaVersion")
    if not (isinstance(version, str) and version.startswith("1.")):
        raise InvalidContent(f"{EDGE_AGENT}: schemaVersion must be a string beginning with 1.")
    for name in ("runtime", "systemModules", "modules"):
        _required(EDGE_AGENT, desired, name)
    system = _required(EDGE_AGENT, desired, "systemModules")
    for name in ("edgeAgent", "edgeHub"):
        _required(f"{EDGE_AGENT}: systemModules", system, name)


def _check_hub(desired: JsonObject) -> None:
    if not isinstance(desired.get("schemaVersion"), str):
        raise InvalidContent(f"{EDGE_HUB}: schemaVersion must be a string")
    _required(EDGE_HUB, desired, "routes")


def _required(what: str, values: JsonObject, name: str) -> JsonObject:
    value = values.get(name)
    if not is_object(value):
        raise InvalidContent(f"{what}: {name} must be an object")
    return value


def _check_id(name: str) -> None:
    try:
        check_id("a module", name)
    except Invalid as error:
        raise InvalidContent(str(error)) from None
