"""Places outside the hub that are told what the feed tells.

Each adapter passes tests/contract/test_sinks.py.
"""

from collections.abc import Sequence
from typing import Protocol

from affinage.domain.values import JsonObject


class Sink(Protocol):
    async def send(self, events: Sequence[JsonObject]) -> None:
        """Hand events over, in their order; the place has all of them when it returns.

        Raises:
            TooLarge: more than it takes at once, or a single one that it never will.
            Throttled: it wants to be left alone for a while.
            Unavailable: it cannot be reached, or does not say that it has them. Whatever was
                raised, it may have some of them.
        """
        ...

    async def close(self) -> None:
        """Let go of it; nothing is sent after."""
        ...
