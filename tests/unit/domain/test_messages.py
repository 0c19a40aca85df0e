"""domain/messages.py: one queue, and every change that it admits."""

import pytest

from affinage.domain.errors import TooManyMessages
from affinage.domain.messages import (
    HOLD,
    MAX_DELIVERIES,
    MAX_MESSAGES,
    Ack,
    Fate,
    Left,
    Message,
    Queue,
    deliver,
    enqueue,
    expire,
    is_told,
    purge,
    settle,
)


def queue(*names: str, expires_at: int = 1000) -> Queue:
    """One with these messages, sent at 1."""
    made = Queue("g")
    for name in names:
        made = enqueue(made, Message(name, b"", expires_at), 1).queue
    return made


def names(queue: Queue) -> list[str]:
    return [message.message_id for message in queue.messages]


def test_messages_stand_in_the_order_in_which_they_were_sent() -> None:
    """MESSAGE-5"""
    made = queue("a", "b")
    assert [(one.message_id, one.number, one.enqueued_at) for one in made.messages] == [
        ("a", 1, 1),
        ("b", 2, 1),
    ]
    assert (made.last, made.generation) == (2, "g")


def test_a_full_queue_takes_no_more_until_something_has_expired() -> None:
    """MESSAGE-4"""
    full = queue(*map(str, range(MAX_MESSAGES - 1)))
    full = enqueue(full, Message("short", b"", 5), 1).queue
    with pytest.raises(TooManyMessages, match="50 of 50"):
        enqueue(full, Message("more", b"", 1000), 4)
    queue_, left, _ = enqueue(full, Message("more", b"", 1000), 5)
    assert [(one.message.message_id, one.fate) for one in left] == [("short", Fate.EXPIRED)]
    assert names(queue_)[-1] == "more"
    assert len(queue_.messages) == MAX_MESSAGES


def test_the_next_that_nobody_holds_are_delivered_as_far_as_there_is_room() -> None:
    """MESSAGE-5, MESSAGE-10"""
    made = queue("a", "b", "c", "d")
    step = deliver(made, 2, {2}, room=2)
    assert [(one.message_id, one.deliveries) for one in step.taken] == [("a", 1), ("c", 1)]
    assert names(step.queue) == ["a", "b", "c", "d"]
    assert [one.deliveries for one in step.queue.messages] == [1, 0, 1, 0]
    assert deliver(made, 2, set(), room=0) == (made, (), ())
    assert deliver(made, 2, {1, 2, 3, 4}, room=-1).queue is made


def test_what_was_delivered_too_often_leaves() -> None:
    """MESSAGE-12"""
    made = queue("a", "b")
    for _ in range(MAX_DELIVERIES):
        made = deliver(made, 2, {2}, room=1).queue
    step = deliver(made, 2, set(), room=1)
    assert [(one.message.message_id, one.fate) for one in step.left] == [("a", Fate.DELIVERIES)]
    assert [one.message_id for one in step.taken] == ["b"]


def test_what_has_expired_is_not_delivered() -> None:
    """MESSAGE-13"""
    step = deliver(queue("a", expires_at=10), 10, set(), room=1)
    assert (step.taken, step.queue.messages) == ((), ())
    assert [left.fate for left in step.left] == [Fate.EXPIRED]


def test_what_is_held_expires_a_minute_later() -> None:
    """MESSAGE-13"""
    made = queue("a", "b", expires_at=10)
    step = expire(made, 10, {1})
    assert names(step.queue) == ["a"]
    assert expire(step.queue, 10 + HOLD - 1, {1}).queue is step.queue
    assert names(expire(step.queue, 10 + HOLD, {1}).queue) == []
    assert expire(made, 9).queue is made


def test_a_message_has_one_fate() -> None:
    """MESSAGE-11"""
    made = queue("a", "b")
    step = settle(made, 1, Fate.SUCCESS)
    assert step.left == (Left(made.messages[0], Fate.SUCCESS),)
    assert names(step.queue) == ["b"]
    again = settle(step.queue, 1, Fate.REJECTED)
    assert (again.queue is step.queue, again.left) == (True, ())


def test_a_purge_leaves_nothing_and_numbers_go_on() -> None:
    """MESSAGE-14"""
    step = purge(queue("a", "b"))
    assert [left.fate for left in step.left] == [Fate.PURGED, Fate.PURGED]
    assert (step.queue.messages, step.queue.last) == ((), 2)
    assert purge(step.queue).queue is step.queue


@pytest.mark.parametrize(
    ("ack", "told"),
    [
        (Ack.NONE, []),
        (Ack.POSITIVE, [Fate.SUCCESS]),
        (Ack.NEGATIVE, [Fate.EXPIRED, Fate.DELIVERIES, Fate.REJECTED, Fate.PURGED]),
        (Ack.FULL, [*Fate]),
    ],
)
def test_a_sender_is_told_what_it_asked_for(ack: Ack, told: list[Fate]) -> None:
    """MESSAGE-20"""
    assert [fate for fate in Fate if is_told(ack, fate)] == told
