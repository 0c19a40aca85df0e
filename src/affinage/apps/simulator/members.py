"""Who belongs to a fleet: ids, labels, and the device that each one is at first. No I/O.

A device's labels are its tags, nested ones with dots between the names, and ``revision`` and
``model``: by these a risk finds its victims.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from affinage.apps.simulator.device import Device, new_device
from affinage.apps.simulator.faults import faults_of
from affinage.apps.simulator.profile import Profile, profile_of
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.domain.values import JsonObject, JsonValue, is_object


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    tags: JsonObject
    device: Device


def members_of(settings: SimulatorSettings) -> tuple[Member, ...]:
    """The whole fleet, in the order of its ids: always the same for the same settings."""
    return tuple(_member(f"{settings.prefix}-{n:05}", settings) for n in range(settings.count))


def _member(name: str, settings: SimulatorSettings) -> Member:
    profile = profile_of(
        name, settings.seed, revisions=settings.revisions, firmware=settings.firmware
    )
    labels = _labels(settings.tags, profile)
    faults = faults_of(name, labels, settings.risks, seed=settings.seed)
    return Member(name, settings.tags, new_device(profile, timings=settings.timings, faults=faults))


def _labels(tags: JsonObject, profile: Profile) -> dict[str, str]:
    return {**dict(_flat("", tags)), "revision": profile.revision, "model": profile.model}


def _flat(path: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if not is_object(value):
        yield path.removeprefix("."), str(value)
        return
    for name, inner in value.items():
        yield from _flat(f"{path}.{name}", inner)
