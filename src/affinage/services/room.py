"""How much room uploads have: for one, and for all that is there.

Source: UPLOAD-14.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import BodyTooLarge

MAX_BLOB: Final = 1024 * 1024 * 1024
"""Bytes of one blob, unless set otherwise."""

MAX_TOTAL: Final = 10 * 1024 * 1024 * 1024
"""Bytes of all that was uploaded, unless set otherwise."""


SPARE: Final = 2
"""How many blobs' room the blocks of one have: some may be sent twice."""


class Room:
    def __init__(self, max_blob: int = MAX_BLOB, max_total: int = MAX_TOTAL) -> None:
        self.max_blob, self.max_total = max_blob, max_total
        self.taken = 0
        """Bytes, of what is there and of what is on its way."""
        self.is_short = False
        """Whether there was no room for something since it was last looked what is there."""
        self._claims: set[Claim] = set()
        self._together: Counter[str] = Counter()
        """Of the blocks of uploads that are open."""

    @contextmanager
    def claim(self, together: str = "", expected: int = 0) -> Iterator["Claim"]:
        """Room for one body; given back if the context is left by an exception.

        Args:
            together: an upload whose bodies count as one.
            expected: the bytes that it says it has: BodyTooLarge before any has come.
        """
        self.check(expected, 0, together)
        claim = Claim(self, together)
        self._claims.add(claim)
        try:
            yield claim
        except BaseException:
            self.give(claim.taken, together)
            raise
        finally:
            self._claims.discard(claim)

    def take(self, size: int, so_far: int, together: str) -> None:
        """Raise BodyTooLarge where there is no room; nothing has been taken then."""
        self.check(size, so_far, together)
        self.taken += size
        self.count(size, together)

    def check(self, size: int, so_far: int, together: str) -> None:
        """Raise BodyTooLarge where there is no room for so much more."""
        whole = size + (self._together[together] if together else so_far)
        most = self.max_blob * SPARE if together else self.max_blob
        if whole > most:
            raise BodyTooLarge(f"it takes {whole} or more of {most} bytes")
        if self.taken + size > self.max_total:
            self.is_short = True
            raise BodyTooLarge(f"all uploads would take more than {self.max_total} bytes")

    def give(self, size: int, together: str = "") -> None:
        """So many bytes are gone."""
        self.taken -= size
        self.count(-size, together)

    def found(self, size: int) -> None:
        """So many bytes are there, besides those that are on their way."""
        self.taken = size + sum(claim.taken for claim in self._claims)
        self.is_short = False

    def count(self, size: int, together: str) -> None:
        """So many bytes more are of that upload; of none if it is empty."""
        if together:
            self._together[together] += size
            if not self._together[together]:
                del self._together[together]


@dataclass(eq=False, slots=True)
class Claim:
    """What one body has taken so far."""

    room: Room
    together: str
    taken: int = 0

    def take(self, size: int) -> None:
        """So much more; BodyTooLarge."""
        self.room.take(size, self.taken, self.together)
        self.taken += size
