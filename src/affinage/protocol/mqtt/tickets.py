"""The order of answers: each takes its turn behind the answers to all that was asked before.

Source: docs/spec/mqtt.md, MQTT-40, MQTT-41, MQTT-44.
"""

from collections import deque


class Ticket:
    """A place in the order of answers; opaque to the door, which gives it back to `finish`."""

    __slots__ = ("acknowledgement", "answer", "size_bytes")

    def __init__(self, acknowledgement: bytes, size_bytes: int = 0) -> None:
        self.acknowledgement, self.size_bytes = acknowledgement, size_bytes
        self.answer: bytes | None = None


class Tickets:
    """Those whose turn has not come; what has its turn is added to ``out``."""

    __slots__ = ("_out", "_waiting", "size_bytes")

    def __init__(self, out: list[bytes]) -> None:
        self._out = out
        self._waiting: deque[Ticket] = deque()
        self.size_bytes = 0
        """Of what they stand for, together."""

    def __len__(self) -> int:
        return len(self._waiting)

    def draw(self, acknowledgement: bytes, size_bytes: int = 0) -> Ticket:
        """The next place, for something of that size, which is to be acknowledged so."""
        ticket = Ticket(acknowledgement, size_bytes)
        self._waiting.append(ticket)
        self.size_bytes += size_bytes
        return ticket

    def finish(self, ticket: Ticket, answer: bytes) -> None:
        """Give what has its turn now; ``answer`` follows its acknowledgement at once."""
        ticket.answer = ticket.acknowledgement + answer
        waiting = self._waiting
        while waiting and (ready := waiting[0].answer) is not None:
            self._out.append(ready)
            self.size_bytes -= waiting.popleft().size_bytes

    def add(self, wire: bytes) -> None:
        """Give what answers nothing, in its turn."""
        if self._waiting:
            self.draw(b"").answer = wire
        else:
            self._out.append(wire)

    def clear(self) -> None:
        """Nothing is given any more of what still waits, whatever is finished of it."""
        self._waiting.clear()
        self.size_bytes = 0
