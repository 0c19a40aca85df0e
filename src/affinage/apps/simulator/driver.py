"""One simulated device's life on a real connection: what it commands is done, what happens is told.

Decided here: when to connect again after a connection was lost or refused. What the device does
is decided in `behaviour.py`, and not a word of it here.

Events that a connection told are worth nothing once it is gone: each carries the number of its
connection, and those of an older one are dropped.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from affinage.apps.simulator import manners
from affinage.apps.simulator.behaviour import step
from affinage.apps.simulator.chance import draw
from affinage.apps.simulator.device import Device
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
    TelemetryDue,
    TimerDue,
)
from affinage.clients.device import DeviceClient, DeviceOptions, DeviceTwin, connect
from affinage.clients.listening import Invocation, Message, Result
from affinage.domain.errors import AffinageError, Throttled, Unavailable
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError

LONGEST_PAUSE_S: Final = 60.0
"""Between two attempts to connect. The first is `Timings.retry`, each further one twice as long;
between half and all of it is taken, so that a fleet does not come back all at once."""

_MOST_DOUBLINGS: Final = 16
_REFUSALS: Final = (AffinageError, ProtocolError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a device looks to itself, told each time that it has changed."""

    device: str
    status: Status
    substatus: str
    version: str
    """Of the firmware in its active slot, confirmed."""
    is_online: bool
    is_dead: bool = False
    trouble: str = ""
    """Why it is not connected, or what the hub refused last; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the devices of a fleet share."""

    options: DeviceOptions
    clock: Clock
    gate: asyncio.Semaphore
    """Who may be connecting at one time."""
    watch: Callable[[Sighting], None]
    seed: int
    telemetry_every_s: float | None = None
    """Between two messages of a device; None where they send none."""


class Driver:
    """One device; `live` is its life."""

    def __init__(
        self, string: ConnectionString, device: Device, surroundings: Surroundings
    ) -> None:
        assert string.device is not None, "the connection string of a policy is no device's"
        self.id = string.device
        self.device = device
        self._string = string
        self._around = surroundings
        self._inbox: asyncio.Queue[tuple[int, Event | TelemetryDue | None]] = asyncio.Queue()
        self._client: DeviceClient | None = None
        self._connections = 0
        self._timer: asyncio.TimerHandle | None = None
        self._absence: Disconnect | PowerOff | None = None
        self._attempts = 0
        self._trouble = ""
        self._seen: Sighting | None = None
        self._sent = 0
        self._telemetry_timer: asyncio.TimerHandle | None = None

    async def live(self) -> None:
        """Connect, obey, connect again; returns only once the device is dead."""
        self._set_telemetry_timer()
        try:
            while not self.device.is_dead:
                await self._sit_out()
                if await self._connect():
                    await self._serve()
        finally:
            for timer in (self._timer, self._telemetry_timer):
                if timer is not None:
                    timer.cancel()
            if self._client is not None:
                await self._client.close()

    def tell(self, event: Event | TelemetryDue) -> None:
        """Something happens to the device, as when an operator holds it."""
        self._inbox.put_nowait((0, event))

    # The four parts of a life

    async def _sit_out(self) -> None:
        """Stay away as long as the device commanded, with or without power."""
        while (absence := self._absence) is not None and absence.for_s is not None:
            self._absence = None
            await self._let_pass(absence.for_s)
            if isinstance(absence, PowerOff):
                await self._take(PowerBack())

    async def _connect(self) -> bool:
        """Whether there is a connection now; if not, a pause has passed."""
        try:
            async with self._around.gate:
                twin = await self._open()
        except _REFUSALS as error:
            self._leave()
            self._trouble = str(error)
            self._look()
            await self._let_pass(self._pause())
            return False
        self._attempts, self._trouble = 0, ""
        # Before what is in the inbox: a patch that is newer than the twin may be there already.
        await self._take(Connected(twin.desired, twin.reported, twin.desired_version))
        return True

    async def _open(self) -> DeviceTwin:
        self._connections += 1
        number = self._connections
        self._client = await connect(
            self._string,
            self._around.options,
            now=self._around.clock.now().timestamp(),
            on_desired=lambda *patch: self._inbox.put_nowait((number, DesiredPatched(*patch))),
            on_lost=lambda: self._inbox.put_nowait((number, ConnectionLost())),
            on_method=self._run,
            on_message=self._take_message,
        )
        return await self._client.get_twin()

    async def _serve(self) -> None:
        """Take events until the connection is gone."""
        while self._client is not None:
            event = await self._next()
            assert event is not None  # a bell rings only while time is let pass
            await self._take(event)

    async def _let_pass(self, seconds: float) -> None:
        """Take events for so long, whatever becomes of the connection."""
        bell = asyncio.get_running_loop().call_later(seconds, self._inbox.put_nowait, (0, None))
        try:
            while (event := await self._next()) is not None:
                await self._take(event)
        finally:
            bell.cancel()

    def _pause(self) -> float:
        doubled: float = self.device.timings.retry * 2.0 ** min(self._attempts, _MOST_DOUBLINGS)
        self._attempts += 1
        chance = draw(self._around.seed, self.id, "pause", str(self._attempts))
        return min(LONGEST_PAUSE_S, doubled) * (0.5 + chance / 2)

    # One event

    async def _next(self) -> Event | TelemetryDue | None:
        """The next event that is still worth something; None is the bell of `_let_pass`."""
        while True:
            number, event = await self._inbox.get()
            if not number or (number == self._connections and self._client is not None):
                return event

    async def _take(self, event: Event | TelemetryDue) -> None:
        if isinstance(event, ConnectionLost):
            self._leave()
        if isinstance(event, TelemetryDue):
            self._set_telemetry_timer()
            await self._send_telemetry()
            return
        self.device, commands = step(self.device, event, self._around.clock.now())
        for command in commands:
            await self._obey(command)
        self._look()

    async def _obey(self, command: Command) -> None:
        match command:
            case Report(patch):
                await self._report(patch)
            case SetTimer(after_s):
                self._set_timer(after_s)
            case Disconnect() | PowerOff():
                self._absence = command
                self._leave()

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.tell, TimerDue())

    async def _report(self, patch: JsonObject) -> None:
        """Report; what the hub did not take is reported over the next connection."""
        if self._client is None:
            return
        try:
            await self._client.report(patch)
        except Throttled as error:
            await self._around.clock.sleep(error.retry_after_s)
            await self._report(patch)
        except Unavailable as error:
            self._cut_off(error)
        except AffinageError as error:
            self._trouble = str(error)

    def _run(self, invocation: Invocation) -> Result:
        return manners.run(self.device, invocation)

    def _take_message(self, message: Message) -> None:
        """It is acknowledged, and there is nothing that a simulated device would do with it."""

    def _set_telemetry_timer(self) -> None:
        if every_s := self._around.telemetry_every_s:
            chance = draw(self._around.seed, self.id, "telemetry", str(self._sent))
            delay_s = every_s if self._sent else every_s * chance  # or all would send at one moment
            loop = asyncio.get_running_loop()
            self._telemetry_timer = loop.call_later(delay_s, self.tell, TelemetryDue())

    async def _send_telemetry(self) -> None:
        """Send a message; while there is no connection there is none."""
        self._sent += 1
        if self._client is None:
            return
        body = manners.telemetry(self.id, self._around.seed, self._sent)
        try:
            await self._client.send(body, manners.TELEMETRY_PROPERTIES)
        except Unavailable as error:
            self._cut_off(error)

    def _cut_off(self, error: Unavailable) -> None:
        """The hub is not to be reached: what it was not told is told over the next connection."""
        self._trouble = str(error)
        self._leave()
        self.device, _ = step(self.device, ConnectionLost(), self._around.clock.now())

    def _leave(self) -> None:
        if self._client is not None:
            self._client.abort()
            self._client = None

    def _look(self) -> None:
        own = self.device.firmware
        online = self._client is not None and self.device.is_online
        seen = Sighting(
            self.id,
            own.status,
            own.substatus,
            own.confirmed,
            online,
            self.device.is_dead,
            self._trouble,
        )
        if seen != self._seen:
            self._seen = seen
            self._around.watch(seen)
