"""Who plays in the walk-through: two groups of chillers at customers' sites, three firmwares."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from affinage.apps.place import Place
from affinage.apps.simulator.faults import parse_risk
from affinage.apps.simulator.members import Member, members_of
from affinage.apps.simulator.profile import Timings
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString

OLD, NEW, BAD = "1.0.0", "2.0.0", "3.0.0"
"""Firmware: what the chillers leave the factory with, what they shall have, and what fails."""

FAILS: Final = f"hardware:{BAD}@revision=B"
"""The bad firmware does not verify on hardware revision B."""


@dataclass(frozen=True, slots=True)
class Site:
    customer: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that are updated together."""

    ring: str
    sites: tuple[Site, ...]


CANARY: Final = Group("canary", (Site("alpage", "annecy"), Site("alpage", "cluses")))
PRODUCTION: Final = Group("production", (Site("bergkeller", "chur"), Site("cremerie", "dijon")))


@dataclass(frozen=True, slots=True)
class Rollout:
    """A firmware for a group, as one configuration."""

    id: str
    version: str
    condition: str
    priority: int

    def body(self) -> JsonObject:
        """What creates it."""
        firmware: JsonObject = {
            "fwVersion": self.version,
            "fwPackageURI": f"https://firmware.example/chiller-{self.version}.bin",
            "fwPackageCheckValue": f"sha256-of-{self.version}",
        }
        return {
            "id": self.id,
            "content": {"deviceContent": {"properties.desired.firmware": firmware}},
            "targetCondition": self.condition,
            "priority": self.priority,
            "labels": {"firmware": self.version},
            "metrics": {"queries": dict(self._metrics())},
        }

    def _metrics(self) -> Iterator[tuple[str, str]]:
        status = "properties.reported.firmware.fwUpdateStatus"
        version = "properties.reported.firmware.currentFwVersion"
        under_way = " OR ".join(
            f"{status} = '{at}'" for at in ("downloading", "verifying", "applying")
        )
        conditions = {
            "current": f"{status} = 'current' AND {version} = '{self.version}'",
            "applying": f"({under_way})",
            "rebooting": f"{status} = 'rebooting'",
            "error": f"{status} = 'error'",
            "rolledback": f"{status} = 'rolledback'",
        }
        carried = (
            f"SELECT deviceId FROM devices WHERE configurations.[[{self.id}]].status = 'Applied'"
        )
        for name, condition in conditions.items():
            yield name, f"{carried} AND {condition}"


FIRST: Final = Rollout("chillers-canary-2", NEW, "tags.ring = 'canary'", 10)
SECOND: Final = Rollout(
    "chillers-production-2",
    NEW,
    "tags.ring = 'production' AND properties.reported.hardware.revision IN ['A', 'B']",
    20,
)
THIRD: Final = Rollout("chillers-canary-3", BAD, "tags.ring = 'canary'", 30)

NOBODY: Final = "tags.ring = 'withdrawn'"
"""A target condition that no device meets: how a configuration is rolled back."""


def stage(
    hub: ConnectionString, place: Place, trusted: ssl.SSLContext, pace: float
) -> SimulatorSettings:
    """What all simulated devices have in common."""
    return SimulatorSettings(
        hub=hub,
        context=trusted,
        timings=Timings().scaled(pace),
        risks=(parse_risk(FAILS),),
        firmware=OLD,
        address=place.address,
        https_port=place.https_port,
        mqtt_port=place.mqtt_port,
    )


def devices_of(group: Group, count: int, backstage: SimulatorSettings) -> list[Member]:
    """The simulated devices of a group, spread over its sites."""
    members: list[Member] = []
    for position, site in enumerate(group.sites):
        share = count // len(group.sites) + (position < count % len(group.sites))
        tags: JsonObject = {"ring": group.ring, "customer": site.customer, "site": site.name}
        prefix = f"{group.ring}-{site.name}"
        members += members_of(replace(backstage, count=share, prefix=prefix, tags=tags))
    return members
