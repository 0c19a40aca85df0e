"""Reprovisioning: what becomes of a device that registers again.

Source: docs/spec/provisioning.md, PROV-50 to PROV-55.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

from affinage.domain.provisioning.enrollment import Reprovisioning
from affinage.domain.provisioning.registration import Assignment, Substatus

FIRST_VERSION: Final = "2018-09-01"
"""Clients that speak an older one know of no other hub than their first. PROV-54."""


class Move(Enum):
    """What is done to the device's twin."""

    STAY = auto()
    """Nothing; a device that its hub does not have any more is created with the initial twin."""
    BEGIN = auto()
    """The device begins with the initial twin; one that is there keeps its own."""
    RESET = auto()
    """The device is deleted where it is, and begins anew."""
    MIGRATE = auto()
    """The device takes its twin along, and is deleted where it was."""


class Plan(NamedTuple):
    """What an operation carries out."""

    move: Move
    to: Assignment


def plan(
    previous: Assignment | None, hub: str, device_id: str, policy: Reprovisioning, api_version: str
) -> Plan:
    """What is to be done so that the device is at ``hub`` as ``device_id``.

    Args:
        previous: where it is; None if it never was anywhere.
        hub: as allocated now.

    Source: PROV-50 to PROV-54.
    """
    if previous is None:
        return Plan(Move.BEGIN, Assignment(hub, device_id, Substatus.INITIAL, hub))
    if is_sticky(policy, api_version):
        return Plan(Move.STAY, previous)
    is_there = (hub, device_id) == (previous.hub, previous.device_id)
    if is_there and policy.migrates:
        return Plan(Move.STAY, previous)
    substatus = Substatus.MIGRATED if policy.migrates else Substatus.RESET
    if not is_there and hub == previous.first_hub != previous.hub:
        substatus = Substatus.BACK
    to = Assignment(hub, device_id, substatus, previous.first_hub)
    return Plan(Move.MIGRATE if policy.migrates else Move.RESET, to)


def is_sticky(policy: Reprovisioning, api_version: str) -> bool:
    """Whether a device keeps its hub, whatever would be allocated now."""
    return not policy.updates_hub or (bool(api_version) and api_version < FIRST_VERSION)
