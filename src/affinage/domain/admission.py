"""Whether an identity may be connected, and whether it still is the one that was.

Decided here: what ends the right to a connection. Not here: who is connected.
"""

from affinage.domain.device import Device
from affinage.domain.identity import Status, marks
from affinage.domain.names import TwinKey


def why_not(device: Device | None, key: TwinKey, proof: bytes | None = None) -> str | None:
    """Why the identity may not be connected any more by that proof, or None if it may."""
    if device is None or (key.module is not None and key.module not in device.modules):
        return "the identity was deleted"
    if device.identity.status is Status.DISABLED:
        return "the device was disabled"
    its = device.identity if key.module is None else device.module(key.module).identity
    is_valid = proof is None or proof in marks(its.credentials)
    return None if is_valid else "the key or certificate that it came in by was replaced"


def generation_of(device: Device | None, key: TwinKey) -> str | None:
    """Of the identity, None if there is none; made again under its old name it is another one."""
    if device is None:
        return None
    if key.module is None:
        return device.identity.generation
    module = device.modules.get(key.module)
    return module.identity.generation if module else None


def has_the_same_identities(old: Device, new: Device) -> bool:
    """Whether they are the very same objects: then nobody's right to be connected has changed."""
    if new.identity is not old.identity:
        return False
    return new.modules is old.modules or all(
        name in new.modules and new.modules[name].identity is module.identity
        for name, module in old.modules.items()
    )
