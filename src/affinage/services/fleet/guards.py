"""What keeps the hub from harming its fleet: a budget for what reconciling writes, and its pauses.

Decides who may be written now; who waits is remembered in the device itself, as `Device.dirty`.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from affinage.domain.allowance import GENEROUS, Allowance
from affinage.domain.buckets import Bucket
from affinage.domain.device import Device
from affinage.domain.moments import Millis
from affinage.domain.values import JsonValue
from affinage.ports.clock import Clock

MAX_SITES: Final = 10_000
"""Sites with a bucket of their own at a time; who comes back after longer finds a full one."""


class Guards:
    """The budget of one hub.

    Source: RECONCILE-24 to RECONCILE-28.
    """

    def __init__(self, clock: Clock, allowance: Allowance = GENEROUS) -> None:
        self._clock, self._allowance = clock, allowance
        self._hub = Bucket(allowance.hub_per_s, allowance.hub_burst)
        self._sites: OrderedDict[str, Bucket] = OrderedDict()
        self._site_path = [*allowance.site_tag.split(".")[1:]]
        self.drift_after: Millis = int(allowance.drift_after_s * 1000)
        self.taken = 0
        """How many tokens were ever taken."""
        self.refused = 0
        """How often there was none."""

    def site_of(self, device: Device) -> str | None:
        """The value of its site tag; None if it has none that is a text or a number."""
        value: JsonValue = device.twin.tags
        for name in self._site_path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
        return str(value) if isinstance(value, int | float) else None

    def take(self, device: Device) -> bool:
        """Whether reconciling may write that device now: a token of the hub's and of its site's."""
        site, now = self.site_of(device), self._clock.monotonic()
        if (site is not None and self._bucket(site).room(now) < 1) or self._hub.take(1, now):
            self.refused += 1
            return False
        if site is not None:
            self._bucket(site).take(1, now)
        self.taken += 1
        return True

    def rooms(self) -> "Rooms":
        """The tokens that there are now, to plan with; none is taken."""
        now = self._clock.monotonic()
        return Rooms(self._hub.room(now), lambda site: self._room(site, now))

    def _bucket(self, site: str) -> Bucket:
        if (bucket := self._sites.get(site)) is not None:
            self._sites.move_to_end(site)
            return bucket
        while len(self._sites) >= MAX_SITES:
            self._sites.popitem(last=False)
        bucket = Bucket(self._allowance.site_per_s, self._allowance.site_burst)
        return self._sites.setdefault(site, bucket)

    def _room(self, site: str, now: float) -> float:
        bucket = self._sites.get(site)
        return self._allowance.site_burst if bucket is None else bucket.room(now)


class Rooms:
    """The tokens of one moment, given out on paper."""

    def __init__(self, hub: float, of_site: Callable[[str], float]) -> None:
        self._hub, self._of_site = hub, of_site
        self._sites: dict[str, float] = {}

    def admits(self, site: str | None) -> bool:
        """Whether there is a token for one more device of that site; counts it if so."""
        if self._hub < 1:
            return False
        if site is not None:
            left = self._sites.get(site)
            left = self._of_site(site) if left is None else left
            if left < 1:
                return False
            self._sites[site] = left - 1
        self._hub -= 1
        return True
