"""One simulated device on a bench: a clock that is moved, and a twin like the hub's."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from affinage.apps.simulator.behaviour import step
from affinage.apps.simulator.device import Device, new_device
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.signals import (
    Command,
    Connected,
    ConnectionLost,
    DesiredPatched,
    Disconnect,
    Event,
    PowerBack,
    PowerOff,
    Report,
    SetTimer,
    TimerDue,
)
from affinage.domain.values import JsonObject, is_object, merge

START: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def wished(version: str, uri: str = "https://files.example/cave.bin") -> JsonObject:
    """A patch of desired properties that asks for one firmware version."""
    return {"firmware": {"fwVersion": version, "fwPackageURI": uri, "fwPackageCheckValue": "1f"}}


class Bench:
    """Carries out what the device commands, at once or when its time has come."""

    def __init__(self, device: Device, listener: Callable[[Command], None] | None = None):
        self.device = device
        self.now = START
        self.desired: JsonObject = {}
        self.version = 1
        self.reported: JsonObject = {}
        self.reports: list[JsonObject] = []
        self.commands: list[Command] = []
        self.is_connected = False
        self._listener = listener
        self._later: list[tuple[datetime, int, Event]] = []
        self._order = count()
        self._timer = -1

    @property
    def told(self) -> JsonObject:
        """The reported firmware section."""
        section = self.reported["firmware"]
        assert is_object(section)
        return section

    def connect(self) -> None:
        self.is_connected = True
        self.take(Connected(self.desired, self.reported, self.version))

    def desire(self, patch: JsonObject) -> None:
        merged = merge(self.desired, patch)
        assert is_object(merged)
        self.desired, self.version = merged, self.version + 1
        if self.is_connected:
            self.take(DesiredPatched(patch, self.version))

    def take(self, event: Event) -> None:
        self.device, commands = step(self.device, event, self.now)
        for command in commands:
            self._obey(command)

    def run(self, seconds: float = 10_000) -> None:
        """Let so much time pass, and everything happen that falls into it."""
        end = self.now + timedelta(seconds=seconds)
        while self._later and self._later[0][0] <= end:
            self.now, order, event = heapq.heappop(self._later)
            if isinstance(event, TimerDue) and order != self._timer:
                continue  # a newer timer replaced it
            if isinstance(event, Connected):
                self.connect()
            else:
                self.take(event)
        self.now = end

    def run_until(self, status: Status) -> None:
        """Let time pass until the device is in ``status``, connected or not."""
        while self.device.firmware.status is not status:
            assert self._later, f"the device comes to rest and never is {status}"
            self.run((self._later[0][0] - self.now).total_seconds())

    def start_anew(self) -> None:
        """The simulator is started anew: all that the device remembers is what the hub does."""
        new = new_device(
            self.device.profile, timings=self.device.timings, faults=self.device.faults
        )
        self.device, self._later = new, []
        self.connect()

    def lose_connection(self) -> None:
        self.is_connected = False
        self.take(ConnectionLost())

    def _obey(self, command: Command) -> None:
        self.commands.append(command)
        if self._listener:
            self._listener(command)
        match command:
            case Report(patch):
                assert self.is_connected, "reported without a connection"
                merged = merge(self.reported, patch)
                assert is_object(merged)
                self.reported = merged
                self.reports.append(patch)
            case SetTimer(after_s):
                self._timer = self._schedule(after_s, TimerDue())
            case PowerOff(for_s, _):
                self.is_connected = False
                self._schedule(for_s, PowerBack())
                self._schedule(for_s, Connected({}, {}, 0))
            case Disconnect(for_s):
                self.is_connected = False
                if for_s is not None:
                    self._schedule(for_s, Connected({}, {}, 0))

    def _schedule(self, after_s: float, event: Event) -> int:
        order = next(self._order)
        heapq.heappush(self._later, (self.now + timedelta(seconds=after_s), order, event))
        return order
