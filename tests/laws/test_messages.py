"""What holds of a device's queue, whatever happens to it; a model beside it forgets nothing."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from affinage.domain.errors import TooManyMessages
from affinage.domain.messages import (
    MAX_DELIVERIES,
    MAX_MESSAGES,
    Fate,
    Message,
    Queue,
    Step,
    deliver,
    enqueue,
    expire,
    purge,
    settle,
)


class AnyQueue(RuleBasedStateMachine):
    """No message is lost, none is delivered after it has left, and the order is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue("g")
        self.at = 0
        self.held: set[int] = set()
        self.sent: list[int] = []
        """The numbers of all messages, in the order in which they were accepted."""
        self.fates: dict[int, Fate] = {}
        self.deliveries: dict[int, int] = {}

    def follow(self, step: Step) -> None:
        for message, fate in step.left:
            assert message.number not in self.fates, "a message had two fates"
            self.fates[message.number] = fate
        for message in step.taken:
            number = message.number
            assert number not in self.fates, "a message was delivered that had left"
            assert number not in self.held, "a message was delivered to who has it"
            self.deliveries[number] = self.deliveries.get(number, 0) + 1
        numbers = [message.number for message in step.taken]
        assert numbers == sorted(numbers), "messages were delivered out of order"
        self.held |= {*numbers}
        self.queue = step.queue

    @rule(ttl=st.integers(1, 30))
    def send(self, ttl: int) -> None:
        try:
            step = enqueue(self.queue, Message("m", b"", self.at + ttl), self.at)
        except TooManyMessages:
            assert len(self.queue.messages) == MAX_MESSAGES
            return
        self.sent.append(step.queue.last)
        self.held -= {left.message.number for left in step.left}
        self.follow(step)

    @rule(room=st.integers(0, 8))
    def hand_over(self, room: int) -> None:
        self.follow(deliver(self.queue, self.at, self.held, room))

    @rule(number=st.integers(1, 60), fate=st.sampled_from([Fate.SUCCESS, Fate.REJECTED]))
    def finish(self, number: int, fate: Fate) -> None:
        self.follow(settle(self.queue, number, fate))
        self.held.discard(number)

    @rule()
    def lose_the_connection(self) -> None:
        self.held.clear()

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.at += seconds
        self.follow(expire(self.queue, self.at, self.held))
        self.held &= {message.number for message in self.queue.messages}

    @rule()
    def purge(self) -> None:
        self.follow(purge(self.queue))
        self.held.clear()

    @invariant()
    def every_accepted_message_waits_or_has_its_fate(self) -> None:
        waiting = [message.number for message in self.queue.messages]
        assert waiting == [number for number in self.sent if number not in self.fates]
        assert len(waiting) <= MAX_MESSAGES

    @invariant()
    def none_is_delivered_too_often(self) -> None:
        assert all(count <= MAX_DELIVERIES for count in self.deliveries.values())
        spent = {number for number, fate in self.fates.items() if fate is Fate.DELIVERIES}
        assert all(self.deliveries[number] == MAX_DELIVERIES for number in spent)


TestAnyQueue = AnyQueue.TestCase
