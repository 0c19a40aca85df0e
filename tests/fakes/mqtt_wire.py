"""Below a connection of the MQTT door in its tests: a transport in memory, and alarms."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fakes.clock import FixedClock


class Wire(asyncio.Transport):
    """A transport whose other end is the test."""

    def __init__(self, chain: list[bytes] | None = None) -> None:
        super().__init__({"peer_certificate": chain})
        self.sent = b""
        self.unread_bytes = 0
        self.is_closed = False
        self.is_aborted = False
        self.is_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed, "written to after its end"
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True


@dataclass(eq=False)
class FakeAlarm:
    due: float
    callback: Callable[[], object]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeTimer:
    """Rings when a test lets time pass."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self._alarms: list[FakeAlarm] = []

    @property
    def alarms(self) -> list[FakeAlarm]:
        """Those that will still ring, the next one first."""
        waiting = (alarm for alarm in self._alarms if not alarm.is_cancelled)
        return sorted(waiting, key=lambda alarm: alarm.due)

    def call_later(self, delay: float, callback: Callable[[], object], /) -> FakeAlarm:
        alarm = FakeAlarm(self.clock.monotonic() + delay, callback)
        self._alarms.append(alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.alarms and self.alarms[0].due <= end:
            alarm = self.alarms[0]
            self.clock.advance(max(alarm.due - self.clock.monotonic(), 0))
            alarm.cancel()
            alarm.callback()
        self.clock.advance(end - self.clock.monotonic())
