"""Whose turn it is: one connection's requests start in the order in which they came.

Reports run side by side, so that several share one commit; anything else runs alone, so that a
twin is read after the reports before it and before the ones behind it. Source: MQTT-40.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None] | None]


class Turns:
    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._waiting: deque[tuple[Work, bool]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_alone = False

    def take(self, work: Work, *, alone: bool) -> None:
        """Start ``work`` when its turn comes, at once if it may."""
        self._waiting.append((work, alone))
        self._start()

    def _start(self) -> None:
        while self._waiting and self._may_start(alone=self._waiting[0][1]):
            work, self._is_alone = self._waiting.popleft()
            if task := self._spawn(work()):
                self._running.add(task)
                task.add_done_callback(self._ended)

    def _may_start(self, *, alone: bool) -> bool:
        return not self._running or not (alone or self._is_alone)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()
