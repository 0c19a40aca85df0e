"""Events put into a list: the reference that other sinks are compared with."""

from collections.abc import Sequence

from affinage.domain.errors import TooLarge
from affinage.domain.values import JsonObject


class MemorySink:
    def __init__(self, most: int = 1_000) -> None:
        """``most`` are the events that it takes at once."""
        self.told: list[JsonObject] = []
        self.failures: list[Exception] = []
        """What the next attempts meet."""
        self.most = most
        self.sizes: list[int] = []
        """Of what was handed over at once."""

    async def send(self, events: Sequence[JsonObject]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if len(events) > self.most:
            raise TooLarge(f"{len(events)} of {self.most} events at once")
        self.told += events
        self.sizes.append(len(events))

    async def close(self) -> None: ...
