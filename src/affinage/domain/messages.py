"""Messages for a device: one identity's queue, and every change that it admits.

Everything that decides which message is delivered next, and what ends one, is in this file. Not
here: who is connected, and which messages it has in its hands (held): those are left alone for
a while. Law: messages leave in the order in which they came, and each has one fate.

Source: docs/spec/messages.md.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import TooManyMessages
from affinage.domain.moments import Millis

MAX_MESSAGES: Final = 50
"""Messages that wait for one identity."""

MAX_DELIVERIES: Final = 10
"""How often one message is delivered before it is given up."""


HOLD: Final = 60_000
"""Milliseconds by which a message may outlive its end in the hands of a connection."""


class Ack(StrEnum):
    """Which fates of a message its sender is told of."""

    NONE = "none"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    FULL = "full"


class Fate(StrEnum):
    """What became of a message."""

    SUCCESS = "Success"
    EXPIRED = "Expired"
    DELIVERIES = "DeliveryCountExceeded"
    REJECTED = "Rejected"
    PURGED = "Purged"


_TOLD: Final = {
    Ack.NONE: frozenset[Fate](),
    Ack.POSITIVE: frozenset({Fate.SUCCESS}),
    Ack.NEGATIVE: frozenset({*Fate} - {Fate.SUCCESS}),
    Ack.FULL: frozenset(Fate),
}


class Message(Struct, frozen=True, array_like=True, gc=False):
    message_id: str
    body: bytes
    expires_at: Millis
    properties: dict[str, str] = {}
    ack: Ack = Ack.NONE
    to: str | None = None
    correlation_id: str | None = None
    user_id: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    enqueued_at: Millis = 0
    number: int = 0
    """Its place in the queue: greater than that of every message before it."""
    deliveries: int = 0


class Queue(Struct, frozen=True, array_like=True, gc=False):
    """What waits for one identity, in order."""

    generation: str
    """Of the identity: made again under its old name it is another one."""
    messages: tuple[Message, ...] = ()
    last: int = 0
    """The number of the newest message."""


class Left(NamedTuple):
    """A message that is no longer in the queue."""

    message: Message
    fate: Fate


class Step(NamedTuple):
    """A queue after a change."""

    queue: Queue
    left: tuple[Left, ...] = ()
    taken: tuple[Message, ...] = ()
    """What is to be delivered now, in order; it is still in the queue."""


def enqueue(queue: Queue, message: Message, at: Millis) -> Step:
    """Put a message at the end; what has expired makes room.

    Raises:
        TooManyMessages: MAX_MESSAGES are in the queue. Nothing has changed.

    Source: MESSAGE-4, MESSAGE-5.
    """
    queue, left, _ = expire(queue, at)
    waiting = len(queue.messages)
    if waiting >= MAX_MESSAGES:
        raise TooManyMessages(f"{waiting} of {MAX_MESSAGES} messages wait for it")
    added = replace(message, number=queue.last + 1, enqueued_at=at)
    messages = (*queue.messages, added)
    return Step(replace(queue, messages=messages, last=added.number), left)


def deliver(queue: Queue, at: Millis, held: Collection[int], room: int) -> Step:
    """Take the next messages that nobody holds, at most ``room``; each counts as delivered.

    Those that have expired, or were delivered MAX_DELIVERIES times, leave instead.

    Source: MESSAGE-10, MESSAGE-12, MESSAGE-13.
    """
    queue, expired, _ = expire(queue, at, held)
    free = [one for one in queue.messages if one.number not in held]
    spent = [one for one in free if one.deliveries >= MAX_DELIVERIES]
    fresh = [one for one in free if one.deliveries < MAX_DELIVERIES][: max(room, 0)]
    taken = tuple(replace(one, deliveries=one.deliveries + 1) for one in fresh)
    changed = dict.fromkeys((one.number for one in spent), None) | {
        one.number: one for one in taken
    }
    left = tuple(Left(one, Fate.DELIVERIES) for one in spent)
    return Step(_changed(queue, changed), (*expired, *left), taken)


def settle(queue: Queue, number: int, fate: Fate) -> Step:
    """A message is done: completed by its device, or rejected. One that has left changes nothing.

    Source: MESSAGE-11.
    """
    left = tuple(Left(one, fate) for one in queue.messages if one.number == number)
    return Step(_changed(queue, {number: None} if left else {}), left)


def expire(queue: Queue, at: Millis, held: Collection[int] = ()) -> Step:
    """Let go what is too old; who holds it has a little longer.

    Source: MESSAGE-13.
    """
    old = [
        one for one in queue.messages if one.expires_at + (HOLD if one.number in held else 0) <= at
    ]
    left = tuple(Left(one, Fate.EXPIRED) for one in old)
    return Step(_changed(queue, dict.fromkeys((one.number for one in old), None)), left)


def purge(queue: Queue) -> Step:
    """Let everything go, also what is held.

    Source: MESSAGE-14.
    """
    left = tuple(Left(one, Fate.PURGED) for one in queue.messages)
    return Step(replace(queue, messages=()) if left else queue, left)


def is_told(ack: Ack, fate: Fate) -> bool:
    """Whether the sender of a message wants to know of that fate.

    Source: MESSAGE-20.
    """
    return fate in _TOLD[ack]


def _changed(queue: Queue, changes: dict[int, Message | None]) -> Queue:
    """The queue with these messages in the place of those with their numbers; None takes away."""
    if not changes:
        return queue
    after = (changes.get(one.number, one) for one in queue.messages)
    return replace(queue, messages=tuple(one for one in after if one is not None))
