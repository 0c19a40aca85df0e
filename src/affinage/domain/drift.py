"""Whether somebody wrote over what configurations hold: paths in force of a twin's desired.

Decides nothing about when it is written again, which is `reconcile`'s with ``correct_drift``.
"""

from affinage.domain.device import Device
from affinage.domain.paths import find
from affinage.domain.twin import Twin
from affinage.domain.values import same


def has_drifted(old: Device, new: Device) -> bool:
    """Whether a write to a device changed what lies at a path in force, of its or a module's twin.

    Costs nothing where desired is the same object, as it is unless somebody wrote it.

    Source: RECONCILE-33.
    """
    if new.twin.desired is not old.twin.desired and _differs(old.twin, new.twin):
        return True
    return new.modules is not old.modules and any(
        _differs(old.modules[name].twin, module.twin)
        for name, module in new.modules.items()
        if name in old.modules
    )


def _differs(old: Twin, new: Twin) -> bool:
    if new.desired is old.desired:
        return False
    paths = (tuple(dotted.split(".")) if dotted else () for dotted in new.owned)
    return any(
        not same(find(old.desired.values, path), find(new.desired.values, path)) for path in paths
    )
