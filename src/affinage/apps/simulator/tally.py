"""How a fleet stands: sightings of single devices, counted. For progress bars and tables."""

from collections import Counter

from affinage.apps.simulator.driver import Sighting
from affinage.apps.simulator.firmware import Status


class Tally:
    """Counts the newest sighting of each device; takes any number of them."""

    def __init__(self) -> None:
        self.latest: dict[str, Sighting] = {}
        """By device, in the order in which they were first seen."""
        self.by_status: Counter[Status] = Counter()
        self.by_version: Counter[str] = Counter()
        self.online = 0
        self.dead = 0
        self.troubled = 0
        """Devices that are not connected, or were refused a report, with a reason given."""

    def take(self, sighting: Sighting) -> None:
        """May be given to a fleet as its watcher."""
        if before := self.latest.get(sighting.device):
            self._count(before, -1)
        self.latest[sighting.device] = sighting
        self._count(sighting, 1)

    def _count(self, sighting: Sighting, by: int) -> None:
        self.by_status[sighting.status] += by
        self.by_version[sighting.version] += by
        self.online += by * sighting.is_online
        self.dead += by * sighting.is_dead
        self.troubled += by * bool(sighting.trouble)
