"""Whose turn it is: one identity's requests start in the order in which they came.

Reports run side by side, so that several share one commit, and so do messages; but neither beside
the other, which has a commit of its own, and anything else runs alone. So a twin is read, and a
message told, after the reports before it and before the ones behind it. Source: MQTT-40.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, TypeAlias

MAX_WAITING: Final = 64
"""Requests behind one that is held up, from which on their identity is not let in again."""

Start: TypeAlias = Callable[[], None]


class Like(Enum):
    """What may run beside others of its kind."""

    REPORT = auto()
    MESSAGE = auto()


class Turns:
    def __init__(self) -> None:
        self._waiting: deque[tuple[Start, Like | None]] = deque()
        self._running = 0
        self._beside: Like | None = None  # what may start while others run
        self._is_held = False
        self._is_starting = False

    def take(self, start: Start, like: Like | None = None) -> None:
        """Call ``start`` when its turn comes, at once if it may; say `ended` when it has ended.

        Of a kind it may start beside what is like it, else alone.
        """
        self._waiting.append((start, like))
        self._start()

    def hold(self) -> None:
        """Let nothing more start until all that has started has ended; called from a start."""
        self._beside, self._is_held = None, True

    @property
    def is_behind(self) -> bool:
        """Whether one is held up, and so much waits behind it that no more should come."""
        return self._is_held and len(self._waiting) >= MAX_WAITING

    def ended(self) -> None:
        """One that was started has ended; it may be within its own ``start``."""
        self._running -= 1
        self._start()

    def _start(self) -> None:
        if self._is_starting:
            return  # a loop, not a recursion, whatever ends as soon as it starts
        self._is_starting = True
        while self._waiting and self._may_start(self._waiting[0][1]):
            start, self._beside = self._waiting.popleft()
            self._is_held = False
            self._running += 1
            start()
        self._is_starting = False

    def _may_start(self, like: Like | None) -> bool:
        return not self._running or (like is not None and like is self._beside)
