import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import Feed
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.dialects import MAX_MESSAGE, MAX_PACKET
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
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
from affinage.protocol.mqtt.session import (
    MAX_CONNECT,
    MAX_FILTERS,
    TRANSITIONS,
    Connecting,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)
from affinage.protocol.topics import Telemetry, TwinGet
from fakes.mqtt_session import CONNECT, events, opened, sent

DESIRED = "$iothub/twin/PATCH/properties/desired/#"
GET = "$iothub/twin/GET/?$rid=1"
ANSWER = Publish("$iothub/twin/res/200/?$rid=1", b"{}")
RETAINED: dict[str, str | None] = {"mqtt-retain": "true"}


def requests(session: ServerSession, *packets: Packet) -> list[Requested]:
    return [event for event in events(session, *packets) if isinstance(event, Requested)]


def test_a_client_that_is_accepted_gets_its_connack() -> None:
    session = ServerSession()
    name = Username("hub", Identity("d"), {"api-version": "2021-04-12"})
    assert events(session, CONNECT) == [Connecting(CONNECT, name)]
    session.accept({}, session_present=True)
    assert sent(session) == [Connack(session_present=True, code=0)]
    assert (session.state, session.identity) == (State.OPEN, Identity("d"))


def test_a_client_that_is_refused_is_told_and_closed() -> None:
    """MQTT-15."""
    session = ServerSession()
    events(session, CONNECT)
    session.refuse(5)
    session.accept({}, session_present=False)
    assert sent(session) == [Connack(session_present=False, code=5)]
    assert session.state is State.CLOSED


def test_a_decision_that_comes_too_late_says_nothing() -> None:
    session = ServerSession()
    events(session, CONNECT)
    session.close()
    session.accept({}, session_present=False)
    session.refuse(3)
    assert (session.take(), session.state) == (b"", State.CLOSED)


@pytest.mark.parametrize(
    ("connect", "code"),
    [
        (Connect("", level=5), 1),
        (Connect("e", "hub/d/?a=b"), 2),
        (Connect("d/m", "hub/d/?a=b"), 2),
        (Connect("d"), 5),
        (Connect("d", "hub"), 5),
    ],
)
def test_a_client_that_cannot_be_is_refused_at_once(connect: Connect, code: int) -> None:
    """MQTT-2, MQTT-13, MQTT-15."""
    session = ServerSession()
    with pytest.raises(ProtocolError):
        events(session, connect)
    assert sent(session) == [Connack(session_present=False, code=code)]
    assert session.state is State.CLOSED


def test_what_comes_before_the_connack_is_done_after_it() -> None:
    """MQTT-16."""
    session = ServerSession()
    assert len(events(session, CONNECT, Pingreq(), Publish(GET))) == 1
    assert not sent(session)
    session.accept({}, session_present=False)
    assert [event.request for event in requests(session)] == [TwinGet("1")]
    assert sent(session) == [Connack(session_present=False, code=0), Pingresp()]


def test_what_came_between_a_connect_and_bad_bytes_is_done() -> None:
    """MQTT-7, MQTT-16: whether the bytes come in one piece or in many."""
    session = ServerSession()
    [_] = session.receive(encode(CONNECT) + encode(Publish(GET)) + b"\xf0")
    assert not [*session.receive(b"\x00")]
    session.accept({}, session_present=False)
    arriving = session.receive(b"")
    assert isinstance(next(arriving), Requested)
    with pytest.raises(ProtocolError, match="reserved type"):
        next(arriving)
    assert sent(session) == [Connack(session_present=False, code=0)]


EVERY: list[Packet] = [
    CONNECT,
    Connack(session_present=False, code=0),
    Publish(GET),
    Puback(1),
    Subscribe(1, ((DESIRED, 0),)),
    Suback(1, (0,)),
    Unsubscribe(1, (DESIRED,)),
    Unsuback(1),
    Pingreq(),
    Pingresp(),
    Disconnect(),
]


@pytest.mark.parametrize("packet", EVERY, ids=lambda packet: type(packet).__name__)
@pytest.mark.parametrize("state", [State.NEW, State.OPEN, State.CLOSED])
def test_a_packet_that_the_table_does_not_admit_closes(state: State, packet: Packet) -> None:
    """MQTT-1, MQTT-3, MQTT-4."""
    session = ServerSession() if state is State.NEW else opened()
    if state is State.CLOSED:
        session.close()
    if type(packet) in TRANSITIONS[state]:
        events(session, packet)
        assert session.state is TRANSITIONS[state][type(packet)]
    else:
        with pytest.raises(ProtocolError, match=f"{type(packet).__name__.upper()} on a conn"):
            events(session, packet)
        assert session.state is State.CLOSED


def test_what_does_not_begin_as_a_connect_is_not_waited_for() -> None:
    """MQTT-1."""
    session = ServerSession()
    assert not [*session.receive(b"")]
    with pytest.raises(ProtocolError, match="begin with CONNECT"):
        [*session.receive(b"GET")]
    assert session.state is State.CLOSED


def test_a_connect_may_come_byte_by_byte() -> None:
    """MQTT-1."""
    session = ServerSession()
    for byte in encode(CONNECT)[:-1]:
        assert not [*session.receive(bytes([byte]))]
    assert len([*session.receive(encode(CONNECT)[-1:])]) == 1


@pytest.mark.parametrize(
    ("keep_alive_s", "silence_s"), [(60, 90), (1, 1.5), (1178, 1767), (1179, 1767), (0, 1767)]
)
def test_silence_is_borne_for_one_and_a_half_keep_alives(
    keep_alive_s: int, silence_s: float
) -> None:
    """MQTT-8, MQTT-9."""
    session = ServerSession()
    assert session.silence_s == 20
    events(session, Connect("d", "hub/d", keep_alive_s=keep_alive_s))
    assert session.silence_s == silence_s


def test_subscriptions_are_granted_as_known_and_work_at_once() -> None:
    """MQTT-6, MQTT-33, MQTT-34."""
    session = opened()
    asked = Subscribe(7, ((DESIRED, 2), ("#", 0), ("$iothub/twin/res/#", 0)))
    [event] = events(session, asked)
    assert isinstance(event, Subscribing)
    assert event.filters == session.filters == {DESIRED: 1, "$iothub/twin/res/#": 0}
    assert session.wants(Feed.DESIRED)
    assert not session.wants(Feed.METHODS)
    assert not sent(session)
    session.finish(event.ticket)
    assert sent(session) == [Suback(7, (1, 0x80, 0))]


def test_a_subscription_to_nothing_known_needs_no_decision() -> None:
    session = opened()
    assert not events(session, Subscribe(7, (("#", 0),)))
    assert sent(session) == [Suback(7, (0x80,))]


def test_no_identity_holds_more_filters_than_the_limit() -> None:
    """MQTT-33."""
    names = [f"$iothub/methods/POST/{n}/#" for n in range(MAX_FILTERS + 1)]
    session = opened()
    [event] = events(session, Subscribe(1, tuple((name, 0) for name in names)))
    assert isinstance(event, Subscribing)
    assert len(event.filters) == MAX_FILTERS
    [again] = events(session, Subscribe(2, ((names[0], 1),)))
    assert isinstance(again, Subscribing)


def test_a_filter_that_is_renewed_takes_no_second_place() -> None:
    """MQTT-33."""
    names = [f"$iothub/methods/POST/{n}/#" for n in range(MAX_FILTERS)]
    session = opened(**dict.fromkeys(names[1:], 0))
    events(session, Subscribe(1, ((names[1], 1), (names[0], 0))))
    assert len(session.filters) == MAX_FILTERS


def test_stored_filters_work_from_the_connack_on() -> None:
    """MQTT-35."""
    assert opened(**{DESIRED: 0}).wants(Feed.DESIRED)


def test_an_unsubscribed_feed_is_silent_at_once() -> None:
    session = opened(**{DESIRED: 0, "$iothub/methods/POST/#": 1})
    [event] = events(session, Unsubscribe(3, (DESIRED, "unknown")))
    assert isinstance(event, Unsubscribing)
    assert event.filters == (DESIRED, "unknown")
    assert session.filters == {"$iothub/methods/POST/#": 1}
    session.finish(event.ticket)
    assert sent(session) == [Unsuback(3)]


def test_an_acknowledgement_waits_for_the_door_and_the_answer_follows_it() -> None:
    """MQTT-40."""
    session = opened()
    [get] = requests(session, Publish(GET, b" ", 1, 9))
    assert (get.request, get.payload) == (TwinGet("1"), b" ")
    assert (sent(session), session.outstanding) == ([], 1)
    session.finish(get.ticket, ANSWER)
    assert (sent(session), session.outstanding) == ([Puback(9), ANSWER], 0)


def test_what_is_outstanding_has_the_size_of_its_topic_and_payload() -> None:
    """MQTT-44."""
    session = opened()
    [get] = requests(session, Publish(GET, b"1234", 1, 9))
    assert session.outstanding_bytes == len(GET) + 4
    session.finish(get.ticket, ANSWER)
    assert session.outstanding_bytes == 0


def test_a_publish_of_qos_0_is_not_acknowledged() -> None:
    session = opened()
    [message] = requests(session, Publish("devices/d/messages/events/"))
    session.finish(message.ticket)
    assert message.request == Telemetry(Identity("d"), {})
    assert not sent(session)


def test_answers_leave_in_order_however_the_work_ends() -> None:
    """MQTT-40."""
    session = opened()
    tickets = [
        event.ticket for event in requests(session, *(Publish(GET, b"", 1, n) for n in (1, 2, 3)))
    ]
    session.finish(tickets[2])
    session.finish(tickets[1])
    assert not sent(session)
    session.finish(tickets[0])
    assert sent(session) == [Puback(1), Puback(2), Puback(3)]


def test_what_the_hub_says_waits_for_the_answers_before_it() -> None:
    """MQTT-41."""
    session = opened()
    news = Publish("$iothub/twin/PATCH/properties/desired/?$version=2", b"{}")
    session.deliver(news)
    [get] = requests(session, Publish(GET))
    session.deliver(news)
    assert sent(session) == [news]
    session.finish(get.ticket, ANSWER)
    assert sent(session) == [ANSWER, news]


def test_a_ping_is_answered_at_once() -> None:
    """MQTT-42."""
    session = opened()
    requests(session, Publish(GET), Pingreq())
    assert sent(session) == [Pingresp()]


def test_a_publish_of_qos_2_closes() -> None:
    """MQTT-6."""
    with pytest.raises(ProtocolError, match="QoS 2"):
        events(opened(), Publish(GET, b"", 2, 1))


def test_a_publish_elsewhere_closes() -> None:
    """MQTT-22."""
    with pytest.raises(ProtocolError, match="may not publish"):
        events(opened(), Publish("devices/e/messages/events/"))


def test_a_message_of_the_largest_size_passes_and_one_byte_more_closes() -> None:
    """MQTT-5."""
    session = opened()
    assert requests(session, Publish("devices/d/messages/events/", bytes(MAX_MESSAGE)))
    with pytest.raises(ProtocolError, match="262145 of 262144"):
        events(session, Publish("devices/d/messages/events/", bytes(MAX_MESSAGE + 1)))


def test_a_connect_above_its_limit_closes_before_its_body() -> None:
    """MQTT-57: and what follows it at once may be as large as any."""
    big = Connect("d", "hub/d/?api-version=2021-04-12", bytes(MAX_CONNECT))
    with pytest.raises(ProtocolError, match=f"of {MAX_CONNECT} bytes"):
        list(ServerSession().receive(encode(big)[:5]))
    session = ServerSession()
    events(session, CONNECT, Publish("devices/d/messages/events/", bytes(MAX_MESSAGE)))
    session.accept({}, session_present=False)
    assert len(list(session.receive(b""))) == 1


def test_a_packet_above_the_limit_closes_before_its_body() -> None:
    """MQTT-5."""
    header = encode(Publish("t", bytes(MAX_PACKET)))[:5]
    with pytest.raises(ProtocolError, match=f"of {MAX_PACKET} bytes"):
        list(opened().receive(header))


def test_what_came_before_a_malformed_packet_is_done() -> None:
    """MQTT-7."""
    session = opened()
    arriving = session.receive(encode(Publish(GET)) + b"\xf0\x00")
    assert isinstance(next(arriving), Requested)
    with pytest.raises(ProtocolError):
        next(arriving)
    assert session.state is State.CLOSED


def test_after_the_end_nothing_is_answered() -> None:
    session = opened()
    [get] = requests(session, Publish(GET, b"", 1, 1))
    session.close()
    session.finish(get.ticket, ANSWER)
    session.deliver(ANSWER)
    assert not session.take()


def test_a_will_is_kept_until_the_goodbye() -> None:
    """MQTT-17."""
    session, will = ServerSession(), Will("devices/d/messages/events/", b"gone")
    events(session, Connect("d", "hub/d", will=will))
    session.accept({}, session_present=False)
    assert session.will == will
    assert events(session, Disconnect()) == [Leaving()]
    assert session.take_will() is None


@pytest.mark.parametrize(("retain", "bag"), [(False, {"a": "b"}), (True, {"a": "b", **RETAINED})])
def test_a_will_is_taken_once(*, retain: bool, bag: dict[str, str | None]) -> None:
    """MQTT-17, MQTT-58."""
    session = ServerSession()
    will = Will("devices/d/messages/events/a=b", b"gone", retain=retain)
    events(session, Connect("d", "hub/d", will=will))
    session.close()
    assert session.take_will() == (Telemetry(Identity("d"), bag), b"gone")
    assert session.take_will() is None


def test_nothing_is_retained_and_the_message_says_so() -> None:
    """MQTT-58."""
    session = opened()
    topic = "devices/d/messages/events/a=b"
    said = (Publish(topic, retain=True), Publish(topic), Publish(GET, retain=True))
    first, second, get = (one.request for one in requests(session, *said))
    assert first == Telemetry(Identity("d"), {"a": "b", **RETAINED})
    assert second == Telemetry(Identity("d"), {"a": "b"})
    assert get == TwinGet("1")


@pytest.mark.parametrize("topic", ["devices/e/messages/events/", GET])
def test_a_will_that_is_no_message_of_its_own_closes(topic: str) -> None:
    """MQTT-17."""
    session = ServerSession()
    with pytest.raises(ProtocolError):
        events(session, Connect("d", "hub/d", will=Will(topic)))
    assert not session.take()
