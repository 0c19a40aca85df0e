"""Who is whose parent: the scopes of edge devices, and of those below them.

An edge device's scope is its name and its generation; whoever names it is below it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from affinage.domain.errors import InvalidDeviceScope, Malformed
from affinage.domain.identity import Identity
from affinage.domain.members import member_text
from affinage.domain.values import JsonObject

SCOPE: Final = "ms-azure-iot-edge://"

ParentsOf = Callable[[str], tuple[str, ...] | None]
"""The scopes of the parents of the edge device that has a scope; None if none has it."""


def scoped(device_id: str, identity: Identity, body: JsonObject, parents_of: ParentsOf) -> Identity:
    """The identity with the scope and the parent that a PUT gives it.

    An edge device has a scope of its own and may have a parent's; a leaf has its parent's.

    Raises:
        InvalidDeviceScope: a second parent, or one that cannot be its parent.
        Malformed: what the message says.

    Source: IDENTITY-11 to IDENTITY-14.
    """
    own = f"{SCOPE}{device_id}-{identity.generation}"
    parents = _parents(body, identity, own)
    if len(parents) > 1:
        raise InvalidDeviceScope(f"device {device_id} would have {len(parents)} of 1 parents")
    for scope in parents:
        # A parent may have been deleted: who already has it keeps it, and can still be changed.
        if scope not in identity.parent_scopes:
            _check_parent(scope, own, parents_of)
    if identity.iot_edge:
        return replace(identity, device_scope=own, parent_scopes=parents)
    return replace(identity, device_scope=parents[0] if parents else None, parent_scopes=parents)


def above(scopes: Iterable[str], parents_of: ParentsOf) -> Iterator[str]:
    """These scopes and all above them, nearest first and each once, though they go in a circle.

    What is nobody's scope has nobody above it.
    """
    found = list(scopes)
    seen = set[str]()
    for scope in found:
        if scope not in seen:
            seen.add(scope)
            yield scope
            found += parents_of(scope) or ()


def _parents(body: JsonObject, identity: Identity, own: str) -> tuple[str, ...]:
    """On a leaf ``deviceScope`` says it, and wins over an echoed ``parentScopes``."""
    scope = member_text(body, "deviceScope")
    # A device that is an edge device no longer is sent back with the scope that it had as one.
    is_echo = scope is not None and scope == own == identity.device_scope
    if "deviceScope" in body and not identity.iot_edge and not is_echo:
        return (scope,) if scope else ()
    given = body.get("parentScopes")
    if given is None:
        return identity.parent_scopes
    if not isinstance(given, list) or not all(isinstance(scope, str) for scope in given):
        raise Malformed("parentScopes must be an array of strings")
    return tuple(str(scope) for scope in given)


def _check_parent(scope: str, own: str, parents_of: ParentsOf) -> None:
    """Refuse a scope that is nobody's, the device's own, or that of one below it."""
    if parents_of(scope) is None:
        raise InvalidDeviceScope(f"{scope} is not the scope of an edge device")
    if own in above([scope], parents_of):
        raise InvalidDeviceScope(f"{scope} is below the device itself")
