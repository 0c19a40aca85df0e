"""Who comes in takes turns, with the loop's other work between them.

A handshake takes as long as several requests, and what a device says first is several requests.
When thousands come in at once, as after a restart, those who are in must not wait until all of them
are done: each turn of the loop has so many of their steps as go into a few milliseconds, and then
everybody else is heard. Who has begun goes before who has not, or all would come in last.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

TURN_S: Final = 0.002
"""How long those who come in may have of each turn of the loop."""

Step = Callable[[], None]
"""Some of a handshake, or of what is said right after it."""


class Enter(Protocol):
    """What has a step made, now or when its turn comes."""

    def __call__(self, step: Step, *, has_begun: bool) -> None: ...


def at_once(step: Step, *, has_begun: bool) -> None:
    """Where nobody else need be heard."""
    step()


class Turnstile:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells seconds, from wherever."""
        self._clock = clock
        self._begun: deque[Step] = deque()
        self._new: deque[Step] = deque()
        self._is_turning = False

    def enter(self, step: Step, *, has_begun: bool) -> None:
        """Have ``step`` made in a later turn of the loop, behind all of its kind.

        What it raises is the loop's to tell, and keeps nobody behind it from his turn.

        Args:
            has_begun: whether others of its steps were made already; it then goes before those
                who have had none.
        """
        (self._begun if has_begun else self._new).append(step)
        if not self._is_turning:
            self._turn_soon()

    def _turn_soon(self) -> None:
        self._is_turning = bool(self._begun or self._new)
        if self._is_turning:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        until = self._clock() + TURN_S
        try:
            while (waiting := self._begun or self._new) and self._clock() <= until:
                waiting.popleft()()
        finally:
            self._turn_soon()
