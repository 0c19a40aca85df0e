"""How many values there were of each size: what rates and quantiles are made of later."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Bounds for durations, from what memory takes to what nobody waits for."""

COUNTS: Final = tuple(float(2**power) for power in range(10))
"""Bounds for how many things went together, 1 to 512."""


class Histogram:
    """Adding a value costs a look into a short sorted table, whatever was added before."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """``bounds`` rise; each is the greatest value that belongs to it."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Values by the first bound that they do not pass; the last are above all bounds."""
        self.total = 0.0
        """The values' sum."""

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)
