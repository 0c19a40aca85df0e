"""Handshakes in turns, with the loop's other work between them.

A handshake takes as long as several requests. When thousands arrive at once, as after a restart,
those who are in must not wait until all of them are done: each turn of the loop has so many steps
of handshakes as go into a few milliseconds, and then everybody else is heard.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

TURN_S: Final = 0.002
"""How long handshakes may have of each turn of the loop."""

Step = Callable[[], None]
"""Some of a handshake."""

Enter = Callable[[Step], None]
"""What has a step made, now or when its turn comes."""


def at_once(step: Step) -> None:
    """Where nobody else need be heard."""
    step()


class Turnstile:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells seconds, from wherever."""
        self._clock = clock
        self._waiting: deque[Step] = deque()
        self._is_turning = False

    def enter(self, step: Step) -> None:
        """Have ``step`` made in a later turn of the loop, after all that entered before.

        What it raises is the loop's to tell, and keeps nobody behind it from his turn.
        """
        self._waiting.append(step)
        if not self._is_turning:
            self._turn_soon()

    def _turn_soon(self) -> None:
        self._is_turning = bool(self._waiting)
        if self._is_turning:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        until = self._clock() + TURN_S
        try:
            while self._waiting and self._clock() <= until:
                self._waiting.popleft()()
        finally:
            self._turn_soon()
