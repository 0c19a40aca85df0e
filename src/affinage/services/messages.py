"""Messages to devices: sent by back ends, kept until they are delivered, delivered in order.

A connection that takes messages at QoS 1 holds up to MAX_HELD of an identity's until it has
acknowledged them; what it still holds when it ends is delivered again. At QoS 0 a message is done
when it has been sent. Who asks for one gets it under a lock; nobody else has it meanwhile.

Source: docs/spec/messages.md, docs/spec/device-api.md.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Final

import structlog

from affinage.domain import messages
from affinage.domain.audit import Deed
from affinage.domain.composing import composed
from affinage.domain.errors import LockLost, NotFound, TooManyMessages, Unavailable
from affinage.domain.feedback import feedback
from affinage.domain.messages import Fate, Message, Queue, Step
from affinage.domain.moments import Millis, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family, Kind, Sample, number
from affinage.ports.ids import Ids
from affinage.services.feedback import FeedbackShelf
from affinage.services.fleet.fleet import Change, Fleet
from affinage.services.fleet.unit import View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.locks import LOCK_S, Locks, Received, admitted_lock
from affinage.services.queues import Queues
from affinage.services.sessions import Connection, Sessions

MAX_HELD: Final = 8
"""Messages that a connection may have without acknowledging one: less than it may leave unread."""

MAX_KEPT: Final = 2**28
"""Bytes in the bodies of all messages that wait: they are in memory."""

TOGETHER: Final = 500
"""Queues that are looked after at once."""

TEND_S: Final = 10.0
"""How often what has expired is looked for, and what could not be delivered is tried again."""

_log = structlog.get_logger(__name__)

Decide = Callable[[Queue, View], Step]


@dataclass(eq=False, slots=True)
class _Held:
    """What one connection has in its hands."""

    connection: Connection
    numbers: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    """Those of them that were completed, where that could not be written yet."""


@dataclass(eq=False, slots=True)
class _Asker:
    """Who asked for a message."""

    seconds: int
    answer: asyncio.Future[Received | None]


class Messages:
    def __init__(
        self,
        fleet: Fleet,
        sessions: Sessions,
        shelf: FeedbackShelf,
        clock: Clock,
        ids: Ids,
        *,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._sessions, self._shelf = fleet, sessions, shelf
        self._clock, self._ids, self._limits = clock, ids, limits
        self._queues = Queues(fleet)
        self._held: dict[TwinKey, _Held] = {}
        self._locks = Locks(clock, ids)
        self._askers: defaultdict[TwinKey, list[_Asker]] = defaultdict(list)
        self._woken: dict[TwinKey, None] = {}
        self._is_woken = asyncio.Event()
        self._sent = 0
        self._fates: Counter[Fate] = Counter()
        sessions.follow(self)

    async def open(self) -> None:
        """Read what waits; the fleet must be running."""
        self._queues.open()
        self._shelf.open()

    async def run(self) -> None:
        """Deliver, and let expire, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._delivering())
            tasks.create_task(self._tending())

    async def send(self, key: TwinKey, document: JsonObject, *, by: Principal) -> Message:
        """Put a message at the end of an identity's queue; it is durable then.

        Raises:
            DeviceNotFound, ModuleNotFound: there is nobody to wait for.
            TooManyMessages: the queue is full, or the hub.
            Invalid, Missing, Malformed, MessageTooLarge: see `composed`.
            Unavailable: the commit failed. In every case nothing has changed.

        Source: MESSAGE-1 to MESSAGE-6.
        """
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.MESSAGE, by)
        at = millis(self._clock.now())
        message = composed(document, to=_address(key), message_id=self._ids.uuid(), at=at)
        if (kept := self._queues.bytes + len(message.body)) > MAX_KEPT:
            raise TooManyMessages(
                f"all that waits in this hub would take {kept} of {MAX_KEPT} bytes"
            )
        step = await self._changed(
            key,
            lambda queue, _: messages.enqueue(queue, message, at),
            Deed(by, "message.send", key.path),
        )
        self._sent += 1
        self.came(key)
        return step.queue.messages[-1]

    async def purge(self, key: TwinKey, *, by: Principal) -> int:
        """Let everything go that waits for an identity; how many messages that were.

        Source: MESSAGE-14.
        """
        by.require(Right.SERVICE_CONNECT)
        self._limits.take(Operation.MESSAGE, by)
        deed = Deed(by, "message.purge", key.path)
        step = await self._changed(key, lambda queue, _: messages.purge(queue), deed)
        return len(step.left)

    def complete(self, key: TwinKey, number: int, *, by: Principal) -> None:
        """A device has a message that was delivered to it; never waits and never raises.

        Until that is durable the connection goes on holding it: it is not delivered again to it.
        What fails is tried again; who comes back before that is given it once more.

        Source: MESSAGE-11.
        """
        by.require_self(key)
        held = self._held.get(key)
        if held is not None and number in held.numbers:
            self._settle(key, held, [number])

    async def receive(
        self, key: TwinKey, seconds: int = LOCK_S, *, by: Principal
    ) -> Received | None:
        """The next message that nobody has, locked for so long; None if there is none.

        Raises:
            Invalid: ``seconds`` is outside of what `admitted_lock` admits.
            Unavailable: the commit failed; no message was given out.

        Source: DEVICE-20, DEVICE-21.
        """
        by.require_self(key)
        self._limits.take(Operation.RECEIVE, by)
        asker = _Asker(admitted_lock(seconds), asyncio.get_running_loop().create_future())
        self._askers[key].append(asker)
        self._wake(key)
        return await asker.answer

    async def settle(self, key: TwinKey, token: str, fate: Fate, *, by: Principal) -> None:
        """A message that was received is done: SUCCESS completes it, REJECTED does not.

        Raises:
            LockLost: its lock has ended, or the message has left. Nothing has changed.
            Unavailable: the commit failed; the lock goes on.

        Source: DEVICE-22, DEVICE-23.
        """
        by.require_self(key)
        self._limits.take(Operation.RECEIVE, by)
        generation, number = self._locks.locked(key, token)

        def decide(queue: Queue, _: View) -> Step:
            is_its = queue.generation == generation
            return messages.settle(queue, number, fate) if is_its else Step(queue)

        step = await self._changed(key, decide)
        self._locks.free(key, token)
        if not step.left:
            raise LockLost("the message has left its queue")

    async def abandon(self, key: TwinKey, token: str, *, by: Principal) -> None:
        """Let a message that was received go: it is delivered again. LockLost. DEVICE-22."""
        by.require_self(key)
        self._limits.take(Operation.RECEIVE, by)
        self._locks.locked(key, token)
        self._locks.free(key, token)
        self.came(key)

    def families(self) -> Iterator[Family]:
        what = "Messages that wait for devices and modules."
        yield number("affinage_messages_waiting", Kind.GAUGE, what, self._queues.count)
        what = "Bytes in their bodies."
        yield number("affinage_messages_waiting_bytes", Kind.GAUGE, what, self._queues.bytes)
        what = "Messages that were sent."
        yield number("affinage_messages_sent_total", Kind.COUNTER, what, self._sent)
        fates = [Sample(self._fates[fate], [fate.name.lower()]) for fate in Fate]
        what = "Messages that have left their queues, by what became of them."
        yield Family("affinage_messages_left_total", Kind.COUNTER, what, fates, ["fate"])
        what = "Fates of messages that no back end has taken notice of."
        yield number("affinage_message_feedback", Kind.GAUGE, what, self._shelf.count)

    # ── what sessions tell ───────────────────────────────────────────────────────────────────

    def came(self, key: TwinKey) -> None:
        """Look whether there is something to deliver."""
        if self._queues.of(key).messages:
            self._wake(key)

    def gone(self, key: TwinKey, connection: Connection) -> None:
        held = self._held.get(key)
        if held is not None and held.connection is connection:
            del self._held[key]

    def _wake(self, key: TwinKey) -> None:
        self._woken[key] = None
        self._is_woken.set()

    # ── delivering ───────────────────────────────────────────────────────────────────────────

    async def _delivering(self) -> None:
        while await self._is_woken.wait():
            self._is_woken.clear()
            woken, self._woken = self._woken, {}
            await asyncio.gather(*map(self._deliver, woken))  # together: they share a commit

    async def _deliver(self, key: TwinKey) -> None:
        """First to the connection, then to who asked: one after the other, so to one of them."""
        connection = self._sessions.connection(key)
        if connection is not None and connection.takes_messages:
            await self._deliver_to(key, connection)
        if askers := self._askers.pop(key, None):
            await self._answer(key, askers)

    async def _deliver_to(self, key: TwinKey, connection: Connection) -> None:
        held = self._held_by(key, connection)

        def decide(queue: Queue, view: View) -> Step:
            room = MAX_HELD - len(held.numbers)
            taken = held.numbers | self._locks.numbers(key, queue.generation)
            return messages.deliver(queue, view.at, taken, room)

        try:
            step = await self._changed(key, decide)
        except (Unavailable, NotFound) as error:
            _log.warning("messages not delivered", device=key.path, error=str(error))
            return
        if self._held.get(key) is held:
            self._hand_over(key, held, step.taken)

    async def _answer(self, key: TwinKey, askers: list[_Asker]) -> None:
        def decide(queue: Queue, view: View) -> Step:
            taken = self._in_hands(key, queue.generation)
            return messages.deliver(queue, view.at, taken, len(askers))

        try:
            step = await self._changed(key, decide)
        except (Unavailable, NotFound) as error:
            for asker in askers:
                if not asker.answer.done():
                    asker.answer.set_exception(error)
            return
        for asker, message in zip_longest(askers, step.taken):
            if asker.answer.done():  # who went away left its message to others
                self.came(key)
            elif message is None:
                asker.answer.set_result(None)
            else:
                given = self._locks.lock(key, step.queue.generation, message, asker.seconds)
                asker.answer.set_result(given)

    def _in_hands(self, key: TwinKey, generation: str) -> set[int]:
        """The messages that somebody has."""
        held = self._held.get(key)
        return self._locks.numbers(key, generation) | (held.numbers if held else set())

    def _held_by(self, key: TwinKey, connection: Connection) -> _Held:
        held = self._held.get(key)
        if held is None or held.connection is not connection:
            held = self._held[key] = _Held(connection)
        return held

    def _hand_over(self, key: TwinKey, held: _Held, taken: Iterable[Message]) -> None:
        at_once = []
        for message in taken:
            quality = held.connection.deliver(message)
            if quality is not None:
                held.numbers.add(message.number)
            if quality == 0:
                at_once.append(message.number)
        if at_once:
            self._settle(key, held, at_once)

    def _settle(self, key: TwinKey, held: _Held, numbers: list[int]) -> None:
        try:
            step = self._changed(key, partial(_completed, numbers))
        except Unavailable as error:
            _log.warning("messages not completed", device=key.path, error=str(error))
        else:
            step.add_done_callback(partial(self._settled, key, held, numbers))

    def _settled(
        self, key: TwinKey, held: _Held, numbers: list[int], step: "asyncio.Future[Step]"
    ) -> None:
        if step.cancelled():
            return
        if error := step.exception():
            _log.warning("messages not completed", device=key.path, error=str(error))
            held.done.update(numbers)
            return
        held.numbers.difference_update(numbers)
        held.done.difference_update(numbers)
        self.came(key)

    # ── what time brings ─────────────────────────────────────────────────────────────────────

    async def _tending(self) -> None:
        while True:
            await self._clock.sleep(TEND_S)
            now = millis(self._clock.now())
            for key, held in self._held.items():
                if held.done:
                    self._settle(key, held, [*held.done])
            # A number that somebody holds is not given again.
            self._queues.tidy({*self._held, *self._locks.keys()})
            waiting = [*self._queues.waiting()]
            due = [key for key, queue in waiting if _first_end(queue) <= now]
            for at in range(0, len(due), TOGETHER):  # they share commits, and leave others room
                await asyncio.gather(*map(self._expire, due[at : at + TOGETHER]))
            for key, _ in waiting:
                if self._sessions.connection(key) is not None:  # of many who wait few are there
                    self.came(key)

    async def _expire(self, key: TwinKey) -> None:
        def decide(queue: Queue, view: View) -> Step:
            return messages.expire(queue, view.at, self._in_hands(key, queue.generation))

        try:
            await self._changed(key, decide)
        except (Unavailable, NotFound) as error:
            _log.warning("messages not let go", device=key.path, error=str(error))

    def _changed(self, key: TwinKey, decide: Decide, *deeds: Deed) -> "asyncio.Future[Step]":
        """One unit: the queue after ``decide``, and the feedback on what has left it."""

        def unit(view: View) -> Change[Step]:
            queue = self._queues.seen(view, key)
            step = decide(queue, view)
            if step.queue is queue:
                return Change(lambda _: step)
            told = (feedback(key, queue.generation, left, view.at) for left in step.left)
            rows = self._shelf.rows(*filter(None, told))
            return self._queues.written(view, key, step.queue, step, *rows, deeds=deeds)

        step = self._fleet.change(unit)
        step.add_done_callback(self._count)
        return step

    def _count(self, step: "asyncio.Future[Step]") -> None:
        if not step.cancelled() and not step.exception():
            self._fates.update(fate for _, fate in step.result().left)


def _first_end(queue: Queue) -> Millis:
    return min(message.expires_at for message in queue.messages)


def _completed(numbers: Iterable[int], queue: Queue, _: View) -> Step:
    """The queue without these, each with its fate."""
    left: tuple[messages.Left, ...] = ()
    for one in numbers:
        step = messages.settle(queue, one, Fate.SUCCESS)
        queue, left = step.queue, (*left, *step.left)
    return Step(queue, left)


def _address(key: TwinKey) -> str:
    """Where a message goes that does not say."""
    module = "" if key.module is None else f"/modules/{key.module}"
    return f"/devices/{key.device}{module}/messages/deviceBound"
