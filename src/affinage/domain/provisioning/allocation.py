"""Allocation: which of the linked hubs a device gets.

A device that is at one of the hubs it may be at stays there: adding a hub moves nobody.

Source: docs/spec/provisioning.md, PROV-30 to PROV-35.
"""

import hashlib
import math
from collections.abc import Mapping

from affinage.domain.errors import Invalid
from affinage.domain.provisioning.enrollment import Allocation, Enrollment


def candidates(enrollment: Enrollment, linked: Mapping[str, int]) -> dict[str, int]:
    """The linked hubs that an enrollment names, all if it names none, with their weights."""
    named = [host.lower() for host in enrollment.hubs]
    if enrollment.hub is not None:
        named.insert(0, enrollment.hub.lower())
    if not named:
        return dict(linked)
    return {host: linked[host] for host in named if host in linked}


def allocated(
    enrollment: Enrollment, registration_id: str, linked: Mapping[str, int], current: str | None
) -> str:
    """The hub of a device, unless a webhook chooses it.

    Args:
        linked: every hub by its host, in lower case, with its weight.
        current: the hub that the device is at; None if it is new.

    Raises:
        Invalid: no hub that it names is linked.

    Source: PROV-30 to PROV-33.
    """
    found = candidates(enrollment, linked)
    if not found:
        raise Invalid(f"{enrollment.what} names no hub that is linked")
    if enrollment.allocation is Allocation.STATIC:
        return _only(enrollment, found)
    if current in found:
        return current
    return max(found, key=lambda host: (_score(host, found[host], registration_id), host))


def _only(enrollment: Enrollment, found: Mapping[str, int]) -> str:
    if len(found) > 1 and not (enrollment.hubs or enrollment.hub):
        raise Invalid(f"{enrollment.what} is static, and does not say which of {len(found)} hubs")
    return next(iter(found))


def _score(host: str, weight: int, registration_id: str) -> float:
    """The highest wins: with it each hub has its weight's share, and keeps what it has.

    Source: weighted rendezvous hashing.
    """
    digest = hashlib.sha256(f"{host}\n{registration_id}".encode()).digest()
    share = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1)
    return -weight / math.log(share)
