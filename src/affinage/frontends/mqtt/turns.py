"""Whose turn it is: one connection's requests start in the order in which they came.

Reports run side by side, so that several share one commit; anything else runs alone, so that a
twin is read after the reports before it and before the ones behind it. Source: MQTT-40.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Start: TypeAlias = Callable[[], None]


class Turns:
    def __init__(self) -> None:
        self._waiting: deque[tuple[Start, bool]] = deque()
        self._running = 0
        self._is_alone = False
        self._is_starting = False

    def take(self, start: Start, *, alone: bool) -> None:
        """Call ``start`` when its turn comes, at once if it may; say `ended` when it has ended."""
        self._waiting.append((start, alone))
        self._start()

    def hold(self) -> None:
        """Let nothing more start until all that has started has ended; called from a start."""
        self._is_alone = True

    def ended(self) -> None:
        """One that was started has ended; it may be within its own ``start``."""
        self._running -= 1
        self._start()

    def _start(self) -> None:
        if self._is_starting:
            return  # a loop, not a recursion, whatever ends as soon as it starts
        self._is_starting = True
        while self._waiting and self._may_start(alone=self._waiting[0][1]):
            start, self._is_alone = self._waiting.popleft()
            self._running += 1
            start()
        self._is_starting = False

    def _may_start(self, *, alone: bool) -> bool:
        return not self._running or not (alone or self._is_alone)
