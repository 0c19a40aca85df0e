"""Token buckets: whether something may be done now, or how long it must wait.

A bucket fills at a steady rate up to its burst. Time is given, in seconds that never go back, as a
monotonic clock counts them; nothing here waits.
"""

from typing import Final

_ROUNDING: Final = 1e-9
"""Tokens that a sum of fractions may lack."""


class Bucket:
    """So many tokens a second, saved up to so many."""

    __slots__ = ("_at", "_tokens", "burst", "per_s")

    def __init__(self, per_s: float, burst: float) -> None:
        """A full one; both are more than 0."""
        self.per_s, self.burst = per_s, burst
        self._tokens, self._at = burst, 0.0

    def room(self, at: float) -> float:
        """How many tokens there are at that moment."""
        if at > self._at:
            self._tokens = min(self.burst, self._tokens + (at - self._at) * self.per_s)
            self._at = at
        return self._tokens

    def take(self, amount: float, at: float) -> float:
        """Take that many and return 0.0, or take none and return the seconds until there are.

        An amount above the burst is taken from a full bucket, and leaves it in debt.
        """
        wanted = min(amount, self.burst)
        lacking = wanted - self.room(at)
        if lacking > _ROUNDING:
            return lacking / self.per_s
        self._tokens -= amount
        return 0.0

    def reserve(self, at: float) -> float:
        """Take one in any case; the seconds until it is due, behind those reserved before it."""
        self._tokens = self.room(at) - 1
        return max(0.0, -self._tokens / self.per_s)
