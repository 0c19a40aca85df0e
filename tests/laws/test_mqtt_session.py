"""What holds for every life of an MQTT session: however its bytes are cut, whatever comes when.

The model is a list of promises: for each thing that was asked of the session or given to it, in
order, the packets that it must send for it, or None while the door has not decided.
"""

from itertools import chain, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import FILTERS, Feed, feed_of
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import (
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
    encode,
)
from affinage.protocol.mqtt.session import (
    MAX_FILTERS,
    Acknowledged,
    Event,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)
from affinage.protocol.mqtt.tickets import Ticket
from fakes.mqtt_session import ANSWER, CONNECT, played
from laws.mqtt_strategies import (
    asked,
    cuts,
    ids,
    packets,
    payloads,
    registering,
    small_talk,
    some_filters,
)

REGISTERING = Connect("d", "0ne/registrations/d/api-version=2019-03-31", b"token")
DEVICE = Identity("d")
NEWS = Publish("$iothub/twin/PATCH/properties/desired/?$version=2", b"{}")


@given(
    st.sampled_from([(), (CONNECT,), (REGISTERING,)]),
    st.lists(small_talk | registering | packets, max_size=5),
    payloads,
    cuts,
    st.tuples(st.sampled_from([0, 5]), st.integers(0, 2)),
)
def test_a_session_is_the_same_however_its_bytes_are_cut(
    first: tuple[Packet, ...],
    rest: list[Packet],
    noise: bytes,
    cuts: list[int],
    door: tuple[int, int],
) -> None:
    """MQTT-7, MQTT-16: whatever the door decides, and however late."""
    code, patience = door
    wire = b"".join(map(encode, (*first, *rest))) + noise
    whole = played(wire, [], code)
    assert played(wire, cuts, code, patience) == whole
    assert played(wire, range(len(wire)), code, patience) == whole


class AnySession(RuleBasedStateMachine):
    @initialize(stored=st.sampled_from([[], [FILTERS[Feed.DESIRED]], [*FILTERS.values()]]))
    def connect(self, stored: list[str]) -> None:
        self.session = ServerSession()
        self.receive(CONNECT)
        self.filters = dict.fromkeys(stored, 1)
        self.session.accept(self.filters, session_present=bool(stored))
        self.promises: list[list[Packet] | None] = [[Connack(bool(stored), 0)]]
        self.tickets: dict[int, tuple[Ticket, list[Packet]]] = {}
        self.sizes: dict[int, int] = {}
        self.held = set[int]()
        self.sent: list[Packet] = []
        self.pongs = self.pings = 0
        self.promised_at_end: list[Packet] | None = None

    def receive(self, *packets: Packet) -> list[Event]:
        return list(self.session.receive(b"".join(map(encode, packets))))

    @property
    def is_open(self) -> bool:
        return self.session.state is State.OPEN

    @property
    def due(self) -> list[Packet]:
        """What is to have left by now: all before the first that the door has not decided."""
        decided = takewhile(lambda promise: promise is not None, self.promises)
        return list(chain.from_iterable(promise or [] for promise in decided))

    def wait_for(self, ticket: Ticket, acknowledgement: list[Packet]) -> None:
        self.tickets[len(self.promises)] = ticket, acknowledgement
        self.promises.append(None)

    @precondition(lambda self: self.is_open)
    @rule(publish=asked)
    def ask(self, publish: Publish) -> None:
        [event] = self.receive(publish)
        assert isinstance(event, Requested)
        is_marked = publish.retain and "/messages/" in publish.topic
        mark = "&mqtt-retain=true" if is_marked else ""
        assert (event.request.topic, event.payload) == (publish.topic + mark, publish.payload)
        self.sizes[len(self.promises)] = len(publish.topic) + len(publish.payload)
        self.wait_for(event.ticket, [Puback(publish.packet_id)] if publish.qos else [])

    @precondition(lambda self: self.is_open)
    @rule(packet_id=ids, wanted=some_filters, asked_qos=st.integers(0, 2))
    def subscribe(self, packet_id: int, wanted: list[str], asked_qos: int) -> None:
        granted = dict[str, int]()
        codes = list[int]()
        for text in wanted:
            held = len({**self.filters, **granted})
            is_known = feed_of(text, DEVICE) is not None
            if is_known and (held < MAX_FILTERS or text in {**self.filters, **granted}):
                granted[text] = min(asked_qos, 1)
            codes.append(granted.get(text, REFUSED_FILTER))
        events = self.receive(Subscribe(packet_id, tuple((text, asked_qos) for text in wanted)))
        self.filters |= granted
        suback: list[Packet] = [Suback(packet_id, tuple(codes))]
        if granted:
            [event] = events
            assert isinstance(event, Subscribing)
            assert event.filters == granted
            self.wait_for(event.ticket, suback)
        else:
            assert not events
            self.promises.append(suback)

    @precondition(lambda self: self.is_open)
    @rule(packet_id=ids, gone=some_filters)
    def unsubscribe(self, packet_id: int, gone: list[str]) -> None:
        [event] = self.receive(Unsubscribe(packet_id, tuple(gone)))
        assert isinstance(event, Unsubscribing)
        self.filters = {text: qos for text, qos in self.filters.items() if text not in gone}
        self.wait_for(event.ticket, [Unsuback(packet_id)])

    @precondition(lambda self: self.is_open)
    @rule()
    def ping(self) -> None:
        assert not self.receive(Pingreq())
        self.pings += 1

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), answers=st.booleans())
    def finish(self, data: st.DataObject, answers: bool) -> None:
        n = data.draw(st.sampled_from(sorted(self.tickets)))
        ticket, acknowledgement = self.tickets.pop(n)
        self.session.finish(ticket, ANSWER if answers else None)
        self.promises[n] = [*acknowledgement, *[ANSWER][: int(answers)]]

    @precondition(lambda self: self.is_open)
    @rule()
    def tell_news(self) -> None:
        self.session.deliver(NEWS)
        self.promises.append([NEWS])

    @precondition(lambda self: self.is_open)
    @rule(packet_id=ids.filter(lambda n: n < 9) | ids)
    def send_a_message(self, packet_id: int) -> None:
        if packet_id in self.held:
            with pytest.raises(AssertionError, match="in use"):
                self.session.deliver(Publish("t", b"", 1, packet_id))
            return
        self.session.deliver(Publish("t", b"", 1, packet_id))
        self.held.add(packet_id)
        self.promises.append([Publish("t", b"", 1, packet_id)])

    @precondition(lambda self: self.is_open)
    @rule(packet_id=ids.filter(lambda n: n < 9) | ids)
    def acknowledge(self, packet_id: int) -> None:
        expected = [Acknowledged(packet_id)] if packet_id in self.held else []
        assert self.receive(Puback(packet_id)) == expected
        self.held.discard(packet_id)

    @precondition(lambda self: self.is_open)
    @rule(goodbye=st.booleans())
    def end(self, goodbye: bool) -> None:
        self.look()
        if goodbye:
            assert self.receive(Disconnect()) == [Leaving()]
        else:
            with pytest.raises(ProtocolError):
                self.receive(Connack(session_present=False, code=0))
        self.promised_at_end = self.due

    @precondition(lambda self: not self.is_open)
    @rule(packet=packets)
    def after_the_end_nothing_is_said_or_heard(self, packet: Packet) -> None:
        self.session.accept({}, session_present=False)
        self.session.deliver(NEWS)
        with pytest.raises(ProtocolError):
            self.receive(packet)
        assert self.session.state is State.CLOSED

    def look(self) -> None:
        for packet in Decoder().feed(self.session.take()):
            if isinstance(packet, Pingresp):
                self.pongs += 1
            else:
                self.sent.append(packet)

    @invariant()
    def what_is_due_has_left_and_nothing_else(self) -> None:
        """MQTT-40 to MQTT-42."""
        self.look()
        assert self.sent == (self.due if self.promised_at_end is None else self.promised_at_end)
        assert self.pongs == self.pings

    @invariant()
    def the_session_knows_what_it_owes(self) -> None:
        """MQTT-33, MQTT-44."""
        if self.is_open:
            first = next((n for n, one in enumerate(self.promises) if one is None), None)
            owed = 0 if first is None else len(self.promises) - first
            assert self.session.outstanding == owed
            ahead = len(self.promises) - owed
            kept = [size for n, size in self.sizes.items() if n >= ahead]
            assert self.session.outstanding_bytes == sum(kept)
            assert self.session.filters == self.filters
            assert len(self.filters) <= MAX_FILTERS
            assert self.session.unacknowledged == len(self.held)
            assert all(
                self.session.wants(feed) == (text in self.filters)
                for feed, text in FILTERS.items()
                if feed is not Feed.METHODS
            )


TestAnySession = AnySession.TestCase
