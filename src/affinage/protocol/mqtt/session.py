"""One device's connection as the hub sees it: bytes in, events out; answers in, bytes out.

Everything that decides which packet may come when, what a subscription is granted, and in which
order answers leave is in this file. It waits for nothing and knows neither clocks nor twins: the
door feeds it, acts on its events, tells it what came of them, and sends what `take` gives. Each
answer takes its turn in the order of what it answers (MQTT-40), however the door's work ends.

Source: docs/spec/mqtt.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import Feed, quality, takes_method
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.dialects import CONNECTED, MAX_MESSAGE, dialect_of
from affinage.protocol.mqtt.packets import (
    LEVEL,
    REFUSED_FILTER,
    Connack,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    encode,
)
from affinage.protocol.mqtt.tickets import Ticket, Tickets
from affinage.protocol.registering import Ask, Registrant, read_name
from affinage.protocol.topics import Request, Telemetry

CONNECT_WITHIN_S: Final = 20.0
"""Seconds in which a new connection must have said who it is. MQTT-9."""

MAX_SILENCE_S: Final = 1767.0
"""Seconds that a silent client is waited for at most, whatever keep-alive it asked for. MQTT-8."""

MAX_CONNECT: Final = 16_384
"""Bytes that a CONNECT may announce, its will included: what any stranger may have us keep."""

MAX_FILTERS: Final = 50
"""Filters that one identity may hold; the public clients hold 5 at most."""

CONNECT_BEGINS: Final = b"\x10"
"""The first byte of every CONNECT [3.1.1]."""

BAD_LEVEL, BAD_CLIENT_ID, UNAVAILABLE, UNAUTHORIZED = 1, 2, 3, 5
"""Codes of a CONNACK that refuses."""


class State(StrEnum):
    NEW = "new"
    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: Final[dict[State, dict[type[Packet], State]]] = {
    State.NEW: {Connect: State.CONNECTING},
    State.CONNECTING: {},  # what comes now is held until the door has decided (MQTT-16)
    State.OPEN: {
        Publish: State.OPEN,
        Puback: State.OPEN,
        Subscribe: State.OPEN,
        Unsubscribe: State.OPEN,
        Pingreq: State.OPEN,
        Disconnect: State.CLOSED,
    },
    State.CLOSED: {},
}


@dataclass(frozen=True, slots=True)
class Connecting:
    """Decide whether it may: then call `accept` or `refuse`."""

    connect: Connect
    username: Username | Registrant


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Store the filters with the QoS granted, never none, then `finish`."""

    ticket: Ticket
    filters: dict[str, int]


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """Forget the filters, then `finish`."""

    ticket: Ticket
    filters: tuple[str, ...]


class Requested(NamedTuple):
    """Do what is asked for, then `finish`, with the answer where the request has one."""

    ticket: Ticket
    request: Request | Ask
    payload: bytes


@dataclass(frozen=True, slots=True)
class Leaving:
    """The client said goodbye: close; there is no will any more."""


class Acknowledged(NamedTuple):
    """The client has what was delivered at QoS 1 with that packet id: it is never sent again."""

    packet_id: int


Event: TypeAlias = Connecting | Subscribing | Unsubscribing | Requested | Acknowledged | Leaving


class ServerSession:
    """See the module. After a ProtocolError: send what `take` gives, then close the connection."""

    def __init__(self) -> None:
        self.state = State.NEW
        self.identity = Identity("")
        """Who the client says it is, once it is CONNECTING."""
        self.will: Will | None = None
        """To be published if the connection is lost; None after a goodbye, and once it is taken."""
        self.silence_s = CONNECT_WITHIN_S
        """Close the connection if nothing has come for so many seconds."""
        self.filters: dict[str, int] = {}
        self._feeds: frozenset[Feed] = frozenset()
        self._dialect = CONNECTED
        self._decoder = Decoder(MAX_CONNECT)
        self._first = b""
        self._behind: Iterator[Packet] | None = None  # what came with a CONNECT, not decoded yet
        self._late: list[bytes] = []
        self._unacknowledged: set[int] = set()
        self._out: list[bytes] = []
        self._tickets = Tickets(self._out)

    @property
    def outstanding(self) -> int:
        """Answers that have not left, as the first of them waits for the door."""
        return len(self._tickets)

    @property
    def outstanding_bytes(self) -> int:
        """Bytes of the messages and requests that they answer."""
        return self._tickets.size_bytes

    def receive(self, data: bytes) -> Iterator[Event]:
        """Yield what ``data`` asks of the door, in order; iterate to the end.

        While CONNECTING everything is held, so the door should not read on. After `accept`,
        receive ``b""`` to get what was held.

        Raises:
            ProtocolError: after the events before it, something that a device may not say. The
                session is CLOSED then.
        """
        if self._is_undecided:
            self._late.append(data)
            return
        packets = self._resumed(data) if self._behind else self._decoder.feed(data)
        try:
            for packet in packets:
                if event := self._step(packet):
                    yield event
                if self._is_undecided:
                    self._behind = packets  # bad bytes among it come to light after the CONNACK
                    return
            if self.state is State.NEW:
                self._check_beginning(data)
        except ProtocolError:
            self.close()
            raise

    def accept(self, filters: Mapping[str, int], *, session_present: bool) -> None:
        """Let the client in, with the filters that were stored for it."""
        if self.state is State.CONNECTING:
            self.state = State.OPEN
            self._subscribe_to(dict(filters))
            self._out.append(encode(Connack(session_present, 0)))

    def refuse(self, code: int) -> None:
        """Tell the client why it may not come in; the connection is to be closed."""
        if self.state is State.CONNECTING:
            self._out.append(encode(Connack(session_present=False, code=code)))
            self.close()

    def finish(self, ticket: Ticket, answer: Publish | None = None) -> None:
        """What the ticket stands for is done, and durable: acknowledge it when its turn comes.

        ``answer``, if any, follows the acknowledgement at once.
        """
        self._tickets.finish(ticket, encode(answer) if answer else b"")

    @property
    def unacknowledged(self) -> int:
        """Packets of QoS 1 that the client has not acknowledged."""
        return len(self._unacknowledged)

    def deliver(self, publish: Publish) -> None:
        """Publish to the client, after the answers to what it asked before (MQTT-41).

        At QoS 1 its packet id must be none that is unacknowledged; an Acknowledged follows, unless
        the connection ends before.
        """
        if self.state is not State.OPEN:
            return
        if publish.qos:
            assert publish.packet_id not in self._unacknowledged, "a packet id in use [2.3.1-4]"
            self._unacknowledged.add(publish.packet_id)
        self._tickets.add(encode(publish))

    def wants(self, feed: Feed) -> bool:
        """Whether one of the client's filters subscribes to ``feed``."""
        return feed in self._feeds

    @property
    def quality(self) -> int | None:
        """The QoS at which the client takes messages; None if it does not, or is not there."""
        return quality(self.filters, self.identity) if self.state is State.OPEN else None

    def wants_method(self, name: str) -> bool:
        """Whether the client is there to be asked for a method of that name."""
        return self.state is State.OPEN and takes_method(self.filters, name)

    def take(self) -> bytes:
        """What is to be sent now, once."""
        if not self._out:
            return b""
        out = b"".join(self._out)
        self._out.clear()
        return out

    def take_will(self) -> tuple[Telemetry, bytes] | None:
        """What to publish for a client that was lost, once; None where there is no will."""
        will, self.will = self.will, None
        return (self._will_of(will), will.payload) if will else None

    def close(self) -> None:
        """Nothing is answered any more, whatever is still finished."""
        self.state = State.CLOSED
        self._tickets.clear()

    @property
    def _is_undecided(self) -> bool:
        return self.state is State.CONNECTING

    def _resumed(self, data: bytes) -> Iterator[Packet]:
        """The packets that were held, and those that ``data`` completes behind them."""
        assert self._behind is not None  # it is why we are asked
        behind, late, self._behind, self._late = self._behind, self._late, None, []
        return chain(behind, self._decoder.feed(b"".join((*late, data))))

    def _check_beginning(self, data: bytes) -> None:
        """Not to wait for the rest of what is no CONNECT, as HTTP or another protocol is."""
        self._first = self._first or data[:1]
        if self._first not in {b"", CONNECT_BEGINS}:
            raise ProtocolError("a connection that does not begin with CONNECT")

    def _step(self, packet: Packet) -> Event | None:
        kind = type(packet)
        after = TRANSITIONS[self.state].get(kind)
        if after is None:
            raise ProtocolError(f"a {kind.__name__.upper()} on a connection that is {self.state}")
        self.state = after
        event: Event | None = _ACT[kind](self, packet)
        return event

    def _connect(self, connect: Connect) -> Connecting:
        if connect.level != LEVEL:
            raise self._refused(BAD_LEVEL, f"MQTT of level {connect.level}, not {LEVEL}")
        try:
            username = read_name(connect.username or "", connect.client_id)
        except ProtocolError as problem:
            raise self._refused(UNAUTHORIZED, str(problem)) from None
        self.identity = username.identity
        if connect.client_id != self.identity.client_id:
            raise self._refused(BAD_CLIENT_ID, "the client id is not the user name's identity")
        self._dialect = dialect_of(username)
        self._decoder.max_size = self._dialect.max_packet  # of what may follow it at once
        if connect.will:
            self._will_of(connect.will)  # or it closes the connection
        self.will = connect.will
        if connect.keep_alive_s:
            self.silence_s = min(1.5 * connect.keep_alive_s, MAX_SILENCE_S)
        else:
            self.silence_s = MAX_SILENCE_S
        return Connecting(connect, username)

    def _will_of(self, will: Will) -> Telemetry:
        return self._dialect.read_will(will.topic, self.identity, is_retained=will.retain)

    def _refused(self, code: int, problem: str) -> ProtocolError:
        self.refuse(code)
        return ProtocolError(problem)

    def _publish(self, publish: Publish) -> Requested:
        if publish.qos > 1:
            raise ProtocolError("a PUBLISH of QoS 2, of 1")
        if len(publish.payload) > MAX_MESSAGE:
            raise ProtocolError(f"a message of {len(publish.payload)} of {MAX_MESSAGE} bytes")
        request = self._dialect.parse(publish.topic, self.identity)
        if publish.retain and isinstance(request, Telemetry):
            request = request.retained()
        puback = encode(Puback(publish.packet_id)) if publish.qos else b""
        size_bytes = len(publish.topic) + len(publish.payload)
        return Requested(self._tickets.draw(puback, size_bytes), request, publish.payload)

    def _subscribe(self, subscribe: Subscribe) -> Subscribing | None:
        # Live before it is durable: else a change between the two would be missed (MQTT-34).
        granted: dict[str, int] = {}
        filters = dict(self.filters)
        codes: list[int] = []
        for text, qos in subscribe.filters:
            if self._may_have(text, filters):
                granted[text] = filters[text] = min(qos, 1)
            codes.append(granted.get(text, REFUSED_FILTER))
        ticket = self._tickets.draw(encode(Suback(subscribe.packet_id, tuple(codes))))
        if granted:
            self._subscribe_to(filters)
            return Subscribing(ticket, granted)
        self.finish(ticket)
        return None

    def _may_have(self, text: str, filters: Mapping[str, int]) -> bool:
        if self._dialect.feed_of(text, self.identity) is None:
            return False
        return len(filters) < MAX_FILTERS or text in filters

    def _unsubscribe(self, unsubscribe: Unsubscribe) -> Unsubscribing:
        gone = unsubscribe.filters
        kept = self.filters.keys() - gone  # there may be 100,000 of them in one packet
        self._subscribe_to({text: qos for text, qos in self.filters.items() if text in kept})
        return Unsubscribing(self._tickets.draw(encode(Unsuback(unsubscribe.packet_id))), gone)

    def _subscribe_to(self, filters: dict[str, int]) -> None:
        self.filters = filters
        feeds = (self._dialect.feed_of(text, self.identity) for text in filters)
        self._feeds = frozenset(feed for feed in feeds if feed)

    def _ping(self, _: Pingreq) -> None:
        self._out.append(encode(Pingresp()))  # does not wait its turn: it proves that we live

    def _puback(self, puback: Puback) -> Acknowledged | None:
        if puback.packet_id not in self._unacknowledged:
            return None  # an acknowledgement of nothing does no harm
        self._unacknowledged.discard(puback.packet_id)
        return Acknowledged(puback.packet_id)

    def _disconnect(self, _: Disconnect) -> Leaving:
        self.will = None
        self.close()
        return Leaving()


_ACT: Final[dict[type[Packet], Callable[[ServerSession, Any], Event | None]]] = {
    Connect: ServerSession._connect,
    Publish: ServerSession._publish,
    Puback: ServerSession._puback,
    Subscribe: ServerSession._subscribe,
    Unsubscribe: ServerSession._unsubscribe,
    Pingreq: ServerSession._ping,
    Disconnect: ServerSession._disconnect,
}
