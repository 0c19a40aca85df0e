"""Where events are kept: in their order, under offsets that only grow.

Each adapter passes tests/contract/test_events.py.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Fresh(NamedTuple):
    """An event that is not kept yet."""

    at: int
    """When it happened, in milliseconds since 1970, UTC."""
    kind: str
    device: str
    body: bytes


class Kept(NamedTuple):
    offset: int
    body: bytes


class Bounds(NamedTuple):
    """The offsets that are kept; both 0 where there never was an event."""

    oldest: int
    """Of the first that is kept; one more than ``newest`` if none is."""
    newest: int
    """The greatest that was ever given."""


class Window(NamedTuple):
    """What is asked for: of the offsets after ``after``, no further than ``until``."""

    after: int
    until: int
    kind: str | None = None
    device: str | None = None
    limit: int = 100
    max_bytes: int = 1024 * 1024
    """Of bodies; one event comes whatever it takes."""


class EventStore(Protocol):
    async def append(self, events: Sequence[Fresh]) -> None:
        """Keep all durably, in their order, or none; offsets follow one another.

        Raises:
            Unavailable: none was kept.
        """
        ...

    def bounds(self) -> Bounds:
        """As of the last append or pruning; cheap, and never waits."""
        ...

    async def read(self, window: Window) -> list[Kept]:
        """The first events in a window, in order; Unavailable."""
        ...

    async def prune(self, *, max_bytes: int, before: int) -> int:
        """Forget some of the oldest, while more than ``max_bytes`` are taken or they happened
        before that moment; how many, 0 if there is nothing to forget.

        An offset that was given is never given again. Unavailable.
        """
        ...

    async def close(self) -> None: ...
