"""Waiting for what a hub does a moment later, from a test that does not run in an event loop."""

import threading
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 60
"""How long anything may take, on a machine that is busy."""

_LOOK_S: Final = 0.05


def wait_until(holds: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Return once ``holds()``; it is asked again and again.

    Raises:
        TimeoutError: that long has passed.
    """
    tick, until = threading.Event(), time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"it did not come to hold within {patience_s:g} s")
        tick.wait(_LOOK_S)
