"""What a hub asks for the time; a test gives it clocks that it can move."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from affinage.adapters.system.clock import SystemClock
from affinage.frontends.mqtt.needs import Timer
from affinage.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Times:
    """The clocks of one hub. In production, all of them are the machine's."""

    clock: Clock
    """The services': what falls due, and how long ago anything was."""
    doors: Clock
    """Those who come in are judged by it: whether a token has expired, a certificate holds.
    Its `monotonic` goes as that of ``clock``."""
    timer: Callable[[], Timer]
    """Gives, once the loop runs, what hangs up on who stays silent or whose token expires."""


def system_times() -> Times:
    """The machine's time, everywhere."""
    clock = SystemClock()
    return Times(clock, clock, asyncio.get_running_loop)
