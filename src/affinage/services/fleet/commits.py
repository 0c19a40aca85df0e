"""What the writer has done since the start, counted once per commit and never per unit."""

from affinage.domain.histogram import COUNTS, SECONDS, Histogram


class Commits:
    __slots__ = ("durations", "failed", "sizes", "waits")

    def __init__(self) -> None:
        self.sizes = Histogram(COUNTS)
        """Units in a commit."""
        self.durations = Histogram(SECONDS)
        """Seconds from taking the units to answering their callers."""
        self.waits = Histogram(SECONDS)
        """Seconds that a commit's oldest unit was in the queue, at most."""
        self.failed = 0
        """Commits that the store refused; they are among the others too."""

    def add(self, units: int, waited_s: float, took_s: float) -> None:
        """Count one commit that has ended."""
        self.sizes.add(units)
        self.waits.add(waited_s)
        self.durations.add(took_s)
