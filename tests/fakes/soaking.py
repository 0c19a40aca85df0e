"""A device that lives through drops, takeovers and kills of its hub, and what it believes.

It believes what its hub has told it: the twin that it read when it came in, each patch since, each
report and message that was acknowledged. `confirm` compares that with what the hub holds.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from affinage.adapters.system.clock import wall_time
from affinage.clients.device import DeviceClient, DeviceOptions, connect
from affinage.clients.listening import Invocation, Message, Result
from affinage.domain.errors import Unavailable
from affinage.domain.values import JsonObject, is_object, merge
from affinage.protocol.connection_strings import ConnectionString

REST_S: Final = (2.0, 6.0)
"""Between two things that a device does."""

AWAY_S: Final = (0.2, 3.0)
"""Until it comes back when it was dropped, or finds no hub."""

TELEMETRY: Final = 0.3
"""How much of what it says is telemetry; the rest are reports."""


@dataclass
class Believed:
    """One section of its twin."""

    values: JsonObject = field(default_factory=dict)
    version: int = 0


@dataclass
class Numbered:
    """What it numbers: a number that was acknowledged is the hub's to keep."""

    sent: int = 0
    kept: set[int] = field(default_factory=set)
    acknowledged: int = 0

    def next(self) -> int:
        self.sent += 1
        return self.sent

    def keep(self, number: int) -> None:
        self.kept.add(number)
        self.acknowledged += 1


@dataclass
class Soaked:
    """A device, and all that it has been told."""

    string: ConnectionString
    options: DeviceOptions
    chance: random.Random
    desired: Believed = field(default_factory=Believed)
    reported: Believed = field(default_factory=Believed)
    telemetry: Numbered = field(default_factory=Numbered)
    reports: Numbered = field(default_factory=Numbered)
    messages: list[int] = field(default_factory=list)
    """Those that it was sent, each once, in the order in which they came first."""
    methods: int = 0
    lives: int = 0
    """How often it was let in."""
    gaps: int = 0
    """Versions of its desired properties that it was not told of while it was in."""
    _client: DeviceClient | None = None
    _door: asyncio.Lock = field(default_factory=asyncio.Lock)
    """It comes in once at a time."""
    _early: list[tuple[JsonObject, int]] | None = None
    """Patches that came before the twin that it asked for; None once that is there."""

    @property
    def name(self) -> str:
        return str(self.string.device)

    @property
    def is_in(self) -> bool:
        return self._client is not None and self._client.is_open and self._early is None

    async def live(self, is_over: asyncio.Event) -> None:
        """Come in, report, send, and come in again whenever it was lost; in the end, be in."""
        while not (is_over.is_set() and self.is_in):
            with suppress(Unavailable, OSError):
                if self.is_in:
                    await self._say_something()
                else:
                    await self._come_in()
            await _sleep_or(self.chance.uniform(*(REST_S if self.is_in else AWAY_S)), is_over)

    def drop(self) -> None:
        """Lose the connection without a word."""
        if self._client is not None:
            self._client.abort()

    async def leave(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def take_over(self) -> None:
        """Come in a second time, whatever is under way: the hub ends the first connection."""
        former = self._client
        with suppress(Unavailable, OSError):
            await self._come_in()
            while former is not None and former.is_open:  # noqa: ASYNC110  # the hub's to end
                await asyncio.sleep(0.05)

    def confirm(self, twin: JsonObject, telemetry: list[int]) -> None:
        """What the hub holds is what the device believes, and nothing acknowledged is lost."""
        held: Any = twin["properties"]
        for name, believed in (("desired", self.desired), ("reported", self.reported)):
            values = {key: value for key, value in held[name].items() if key[0] != "$"}
            assert held[name]["$version"] == believed.version, f"{self.name}: {name}"
            assert values == believed.values, f"{self.name}: {name}"
        assert telemetry == sorted({*telemetry}), f"{self.name}: told twice, or out of order"
        assert self.telemetry.kept <= {*telemetry}, f"{self.name}: telemetry is lost"
        assert self.messages == sorted(self.messages), f"{self.name}: messages out of order"
        assert not self.gaps, f"{self.name}: was not told of {self.gaps} versions"

    # What it does

    async def _come_in(self) -> None:
        async with self._door:
            self._early = []
            self._client = client = await self._let_in()
            self.lives += 1
            try:
                twin = await client.get_twin()
            except BaseException:
                client.abort()
                raise
            self._read(twin.desired, twin.desired_version, twin.reported, twin.reported_version)

    async def _let_in(self) -> DeviceClient:
        return await connect(
            self.string,
            self.options,
            now=wall_time().timestamp(),
            on_desired=self._hear,
            on_lost=lambda: None,
            on_method=self._run,
            on_message=self._take,
        )

    async def _say_something(self) -> None:
        assert self._client is not None
        if self.chance.random() < TELEMETRY:
            await self._send(self._client)
        else:
            await self._report(self._client)

    async def _send(self, client: DeviceClient) -> None:
        number = self.telemetry.next()
        await client.send(b"{}", {"n": str(number)})
        self.telemetry.keep(number)

    async def _report(self, client: DeviceClient) -> None:
        number = self.reports.next()
        version = await client.report(_said(number))
        if client is self._client and self._early is None:
            assert version == self.reported.version + 1, f"{self.name}: reported {version}"
            self.reported = Believed(_said(number), version)
        self.reports.keep(number)  # else the twin that it reads, or has read, must have it

    # What it hears

    def _read(self, desired: JsonObject, version: int, reported: JsonObject, its: int) -> None:
        """Believe the twin: it has at least all that was acknowledged."""
        number = int(str(reported.get("n", 0)))
        assert max(self.reports.kept, default=0) <= number <= self.reports.sent, (
            f"{self.name}: of {self.reports} it has {number}"
        )
        assert version >= self.desired.version, f"{self.name}: desired {version} is of the past"
        assert reported == (_said(number) if number else {}), f"{self.name}: half a report"
        self.desired, self.reported = Believed(desired, version), Believed(reported, its)
        self.reports.kept = {number}
        early, self._early = self._early or [], None
        for patch, then in early:
            self._hear(patch, then)

    def _hear(self, patch: JsonObject, version: int) -> None:
        if self._early is not None:
            self._early.append((patch, version))
        elif version > self.desired.version:
            self.gaps += version - self.desired.version - 1
            values = merge(self.desired.values, patch)
            assert is_object(values)
            self.desired = Believed(values, version)

    def _run(self, invocation: Invocation) -> Result:
        self.methods += 1
        return Result(200, invocation.payload)

    def _take(self, message: Message) -> None:
        number = int(message.body)
        if number not in self.messages:
            self.messages.append(number)


def _said(number: int) -> dict[str, Any]:
    return {"n": number, "status": {"at": number, "is": "fine" if number % 2 else "busy"}}


async def _sleep_or(seconds: float, is_over: asyncio.Event) -> None:
    """Sleep, but not beyond the end."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await is_over.wait()
