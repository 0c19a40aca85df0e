"""How often a device may ask what has become of its registration.

Each has a bucket of its own, forgotten once it must be full again, so that there are no more of
them than devices that have asked lately. Who asks when it is told to is never refused.

Source: docs/spec/registering.md, REGISTER-26.
"""

from collections import OrderedDict
from typing import Final

from affinage.domain.buckets import Bucket
from affinage.domain.errors import Throttled
from affinage.ports.clock import Clock

POLLS: Final = 5
"""How many there may be at once, and then in each POLLS_S."""

POLLS_S: Final = 10.0

MAX_POLLING: Final = 100_000
"""Devices with a bucket at a time; who comes back after more of them finds a full one."""

RETRY_S, RETRY_LATE_S = 1, 2
"""Seconds until a device asks again: at first, and once it has asked often."""


class Polling:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[Bucket, float]] = OrderedDict()
        """By registration, the one that asked last at the end; and when it did."""

    def __len__(self) -> int:
        """How many devices have a bucket."""
        return len(self._buckets)

    def take(self, registration_id: str) -> None:
        """Let a device ask, that has proven who it is; Throttled, and that counts for nothing."""
        now = self._clock.monotonic()
        self._forget(now)
        bucket, _ = self._buckets.pop(registration_id, (Bucket(POLLS / POLLS_S, POLLS), now))
        wait_s = bucket.take(1, now)
        self._buckets[registration_id] = bucket, now
        if wait_s:
            raise Throttled(
                f"a device asks more than {POLLS} times in {POLLS_S:.0f} s", retry_after_s=wait_s
            )

    def retry_after_s(self, registration_id: str) -> int:
        """When a device that is being assigned is to ask again: it will not be refused then."""
        bucket, _ = self._buckets.get(registration_id, (None, 0.0))
        if bucket is None or bucket.room(self._clock.monotonic()) >= 1:
            return RETRY_S
        return RETRY_LATE_S

    def _forget(self, now: float) -> None:
        """Those that are full by now, and of too many those that have not asked for longest."""
        while self._buckets:
            oldest = next(iter(self._buckets))
            if self._buckets[oldest][1] + POLLS_S > now and len(self._buckets) < MAX_POLLING:
                return
            del self._buckets[oldest]
