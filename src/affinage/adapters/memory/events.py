"""Events in a list: the reference that other stores of events are compared with."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from affinage.domain.errors import Unavailable
from affinage.ports.events import Bounds, Fresh, Kept, Window

SLICE: Final = 100
"""Events that are forgotten at a time."""


async def _no_disk() -> None: ...


class MemoryEvents:
    def __init__(self, sync: Callable[[], Awaitable[None]] = _no_disk) -> None:
        """``sync`` stands where a disk would: each append awaits it, an OSError fails it."""
        self._sync = sync
        self._events: list[tuple[int, Fresh]] = []
        self._newest = 0

    async def append(self, events: Sequence[Fresh]) -> None:
        try:
            await self._sync()
        except OSError as error:
            raise Unavailable(f"events cannot be kept: {error}") from error
        for event in events:
            self._newest += 1
            self._events.append((self._newest, event))

    def bounds(self) -> Bounds:
        oldest = self._events[0][0] if self._events else self._newest + 1
        return Bounds(oldest if self._newest else 0, self._newest)

    async def read(self, window: Window) -> list[Kept]:
        found, size = list[Kept](), 0
        for offset, event in self._events:
            if not window.after < offset <= window.until or not _is_wanted(event, window):
                continue
            size += len(event.body)
            if len(found) == window.limit or (found and size > window.max_bytes):
                break
            found.append(Kept(offset, event.body))
        return found

    async def prune(self, *, max_bytes: int, before: int) -> int:
        taken, gone = sum(len(event.body) for _, event in self._events), 0
        for _, event in self._events[:SLICE]:
            if taken <= max_bytes and event.at >= before:
                break
            taken, gone = taken - len(event.body), gone + 1
        del self._events[:gone]
        return gone

    async def close(self) -> None: ...


def _is_wanted(event: Fresh, window: Window) -> bool:
    return window.kind in (None, event.kind) and window.device in (None, event.device)
