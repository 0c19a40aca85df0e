"""How a command that runs on is told to stop."""

import asyncio
import signal


def stop_event() -> asyncio.Event:
    """An event that Ctrl-C and SIGTERM set, from now on, instead of ending the process."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
