"""Direct methods: a question to a device that is connected, and the one answer that counts.

Nothing of it is stored. Who asks waits here: for the device to come, then for its answer.

Source: docs/spec/methods.md.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from affinage.domain.errors import (
    BadAnswer,
    DeviceLeft,
    DeviceNotOnline,
    Disabled,
    NoAnswer,
    TooManyCalls,
    Unavailable,
)
from affinage.domain.identity import Status
from affinage.domain.method import MethodRequest, MethodResult, answered
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family, Kind, Sample, number
from affinage.ports.ids import Ids
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import METHOD_METER, UNLIMITED, Limits, Operation
from affinage.services.sessions import Connection, Sessions

MAX_CALLS: Final = 10
"""Calls of one identity at a time, those that wait for it to come included."""


ANSWERED: Final = "answered"
GIVEN_UP: Final = "given_up"

FAILED: Final[Mapping[type[BaseException], str]] = {
    DeviceNotOnline: "not_online",
    NoAnswer: "no_answer",
    DeviceLeft: "left",
    BadAnswer: "bad_answer",
}
"""How a call may fail, by what its caller is told; with anything else it was given up."""


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    key: TwinKey
    connection: Connection
    answer: asyncio.Future[MethodResult]


class Methods:
    def __init__(
        self,
        fleet: Fleet,
        sessions: Sessions,
        clock: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._sessions, self._limits = fleet, sessions, limits
        self._clock, self._ids = clock, ids
        self._calls: dict[str, _Call] = {}
        """Asked and not answered, by request id."""
        self._in_flight: Counter[TwinKey] = Counter()
        self._arrivals: defaultdict[TwinKey, set[asyncio.Future[None]]] = defaultdict(set)
        self._ended: Counter[str] = Counter()
        self._is_over = False
        sessions.follow(self)

    async def invoke(self, key: TwinKey, request: MethodRequest, *, by: Principal) -> MethodResult:
        """Have a device or module run a method, and wait for its answer.

        Raises:
            Forbidden: ``by`` may not.
            Throttled: too much at once.
            DeviceNotFound, ModuleNotFound, Disabled: it cannot be asked.
            TooManyCalls: it has MAX_CALLS already.
            DeviceNotOnline: it did not come, or not subscribe, within the connect timeout. In all
                these cases it was not asked.
            NoAnswer, DeviceLeft, BadAnswer, Unavailable: it was asked, and may have done it.

        Source: METHOD-4 to METHOD-7, METHOD-11, METHOD-14.
        """
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.METHOD, by, metered(request))
        with self._place(key), self._counted():
            call, rid = await self._asked(key, request)
            try:
                if not await self._within(request.response_timeout_s, call.answer):
                    raise NoAnswer(
                        f"{key.path} did not answer {request.name}"
                        f" within {request.response_timeout_s} s"
                    )
                return call.answer.result()
            finally:
                del self._calls[rid], call  # which has the error that is raised through here

    def answer(self, key: TwinKey, rid: str, status: int, payload: bytes, *, by: Principal) -> None:
        """A device answers; what nobody waits for changes nothing.

        Source: METHOD-8, METHOD-9.
        """
        by.require_self(key)
        call = self._calls.get(rid)
        if call is None or call.key != key or call.answer.done():
            return
        try:
            call.answer.set_result(answered(status, payload))
        except BadAnswer as error:
            call.answer.set_exception(error)

    @property
    def count(self) -> int:
        """Calls that are waited for, by whoever."""
        return self._in_flight.total()

    def close(self) -> None:
        """The hub stops: nobody waits any longer, and nobody is asked any more."""
        self._is_over = True
        for call in self._calls.values():
            _fail(call.answer, Unavailable("the hub stops: the answer is not waited for"))
        for key in [*self._arrivals]:
            self.came(key)

    def families(self) -> Iterator[Family]:
        outcomes = (ANSWERED, *FAILED.values(), GIVEN_UP)
        ended = [Sample(self._ended[outcome], [outcome]) for outcome in outcomes]
        what = "Direct methods that were asked for, by how they ended."
        yield Family("affinage_method_calls_total", Kind.COUNTER, what, ended, ["outcome"])
        what = "Direct methods that somebody waits for."
        yield number("affinage_method_calls", Kind.GAUGE, what, self.count)

    # ── what sessions tell ───────────────────────────────────────────────────────────────────

    def came(self, key: TwinKey) -> None:
        for arrival in self._arrivals.pop(key, ()):
            if not arrival.done():
                arrival.set_result(None)

    def gone(self, key: TwinKey, connection: Connection) -> None:
        if key not in self._in_flight:
            return  # a fleet may leave at once while another is being called
        for call in self._calls.values():
            if call.connection is connection:
                _fail(call.answer, DeviceLeft(f"{key.path} left before it had answered"))

    # ── the steps of a call ──────────────────────────────────────────────────────────────────

    @contextmanager
    def _place(self, key: TwinKey) -> Iterator[None]:
        if self._in_flight[key] >= MAX_CALLS:
            raise TooManyCalls(f"{key.path} has {self._in_flight[key]} of {MAX_CALLS} calls")
        self._in_flight[key] += 1
        try:
            yield
        finally:
            self._in_flight[key] -= 1
            if not self._in_flight[key]:
                del self._in_flight[key]

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._ended[FAILED.get(type(error), GIVEN_UP)] += 1
            raise
        self._ended[ANSWERED] += 1

    async def _asked(self, key: TwinKey, request: MethodRequest) -> tuple[_Call, str]:
        """Ask as soon as the device can be; it is asked once."""
        until = self._clock.monotonic() + request.connect_timeout_s
        while True:
            self._check(key)
            if sent := self._sent(key, request):
                return sent
            left_s = until - self._clock.monotonic()
            if left_s <= 0:
                raise DeviceNotOnline(
                    f"{key.path} is not connected, or has not subscribed to {request.name}:"
                    f" it was waited for {request.connect_timeout_s} s"
                )
            await self._arrival(key, left_s)

    def _check(self, key: TwinKey) -> None:
        if self._is_over:
            raise Unavailable("the hub stops: no device is asked any more")
        device = self._fleet.device(key.device)
        device.twin_of(key)
        if device.identity.status is Status.DISABLED:
            raise Disabled(f"device {device.id} is disabled")

    def _sent(self, key: TwinKey, request: MethodRequest) -> tuple[_Call, str] | None:
        connection = self._sessions.connection(key)
        rid = self._ids.uuid()  # a device may answer what the process before this one asked
        if connection is None or not connection.invoke(request.name, rid, request.payload):
            return None
        call = _Call(key, connection, asyncio.get_running_loop().create_future())
        self._calls[rid] = call
        return call, rid

    async def _arrival(self, key: TwinKey, timeout_s: float) -> None:
        arrival: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals[key].add(arrival)
        try:
            await self._within(timeout_s, arrival)
        finally:
            self._forget(key, arrival)

    def _forget(self, key: TwinKey, arrival: asyncio.Future[None]) -> None:
        waiting = self._arrivals.get(key, set())
        waiting.discard(arrival)
        if not waiting:
            self._arrivals.pop(key, None)

    async def _within(self, seconds: float, what: asyncio.Future[Any]) -> bool:
        """Whether ``what`` is done by then."""
        alarm = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((what, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return what.done()


def metered(request: MethodRequest) -> int:
    """How much of its throttle a call takes. THROTTLE-1."""
    return max(1, math.ceil(len(request.payload) / METHOD_METER))


def _fail(answer: asyncio.Future[MethodResult], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
