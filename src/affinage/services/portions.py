"""How many devices one unit of the hub's own work may reconcile, so that others get their turn."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from affinage.domain.device import Device
from affinage.services.fleet.unit import View

MAX_TWINS: Final = 250
"""Twins in one unit, some 10 ms: one device of 50 modules weighs as much as 50 without."""


class Portion(NamedTuple):
    devices: list[str]
    """Those that exist."""
    reached: int | None
    """The number of the last one that was looked at; None if none was."""
    is_all: bool
    """Whether that is the last there is."""


def portion(view: View, candidates: Mapping[int, str], admits: Callable[[Device], bool]) -> Portion:
    """The first of the devices: until they have MAX_TWINS twins, or one is not admitted.

    Args:
        view: where they are looked for.
        candidates: ids by number, in order; who is gone is passed over.
        admits: asked once for each device, whether it may be reconciled now.
    """
    devices: list[str] = []
    reached, twins = None, 0
    for number, device_id in candidates.items():
        device = view.find(device_id)
        if twins >= MAX_TWINS or (device is not None and not admits(device)):
            return Portion(devices, reached, is_all=False)
        if device is not None:
            devices.append(device_id)
            twins += 1 + len(device.modules)
        reached = number
    return Portion(devices, reached, is_all=True)
