"""What MQTT 3.1.1 states and nothing else asks for; all statements: docs/reference/mqtt.md."""

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Decoder,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    encode,
)
from affinage.protocol.mqtt.session import (
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)
from affinage.protocol.topics import Telemetry
from fakes.mqtt_session import CONNECT, events, opened, sent

DESIRED = "$iothub/twin/PATCH/properties/desired/#"
MESSAGES = "devices/d/messages/devicebound/#"
EVENTS = "devices/d/messages/events/"


def test_a_byte_order_mark_is_a_character_like_any() -> None:
    """[1.5.3-3]"""
    [packet] = Decoder().feed(encode(Publish("\ufefft")))
    assert packet == Publish("\ufefft")


def test_a_client_without_a_client_id_is_refused() -> None:
    """[3.1.3-8], [3.1.3-9]: nobody is given a name here."""
    for clean in (False, True):
        session = ServerSession()
        with pytest.raises(ProtocolError):
            events(session, Connect("", "hub/d", clean=clean))
        assert sent(session) == [Connack(session_present=False, code=2)]


@pytest.mark.parametrize("name", ["a", "0Aa" * 7 + "zZ", "d" * 128])
def test_client_ids_of_letters_and_digits_are_admitted(name: str) -> None:
    """[3.1.3-5]"""
    assert len(events(ServerSession(), Connect(name, f"hub/{name}"))) == 1


def test_nothing_that_follows_a_refused_connect_is_done() -> None:
    """[3.1.4-5]"""
    session = ServerSession()
    events(session, CONNECT, Publish(EVENTS, b"", 1, 1))
    session.refuse(5)
    with pytest.raises(ProtocolError):
        events(session)
    assert sent(session) == [Connack(session_present=False, code=5)]


def test_the_first_thing_that_is_sent_is_the_connack() -> None:
    """[3.2.0-1]: whatever came, and whatever the hub has to say."""
    session = ServerSession()
    events(session, CONNECT, Pingreq())
    session.deliver(Publish("$iothub/twin/PATCH/properties/desired/?$version=2"))
    assert not session.take()
    session.accept({DESIRED: 0}, session_present=True)
    assert sent(session) == [Connack(session_present=True, code=0)]


def test_a_packet_id_is_free_again_once_it_is_acknowledged() -> None:
    """[4.3.2-2]: a message with an id that was used before is a new one, DUP or not."""
    session = opened()
    for is_dup in (False, True, True):
        [event] = events(session, Publish(EVENTS, b"", 1, 7, dup=is_dup))
        assert isinstance(event, Requested)
        session.finish(event.ticket)
        assert sent(session) == [Puback(7)]


def test_whether_a_message_is_a_duplicate_is_not_handed_on() -> None:
    """[3.3.1-3]"""
    [event] = events(opened(), Publish(EVENTS, b"", 1, 7, dup=True))
    assert isinstance(event, Requested)
    assert event.request == Telemetry(opened().identity, {})


def test_a_filter_that_is_subscribed_to_again_has_its_new_quality() -> None:
    """[3.8.4-3]"""
    session = opened(**{MESSAGES: 0})
    assert session.quality == 0
    [event] = events(session, Subscribe(1, ((MESSAGES, 1),)))
    assert isinstance(event, Subscribing)
    assert (session.quality, session.filters) == (1, {MESSAGES: 1})


def test_one_subscribe_of_many_filters_is_as_many_of_one() -> None:
    """[3.8.4-4], [3.9.3-1]: also where a filter comes twice, and the later counts."""
    asked = ((MESSAGES, 0), ("#", 1), (DESIRED, 1), (MESSAGES, 1))
    together, apart = opened(), opened()
    [event] = events(together, Subscribe(1, asked))
    assert isinstance(event, Subscribing)
    together.finish(event.ticket)
    for one in asked:
        events(apart, Subscribe(1, (one,)))
    assert together.filters == apart.filters == {MESSAGES: 1, DESIRED: 1}
    assert sent(together) == [Suback(1, (0, 0x80, 1, 1))]


@pytest.mark.parametrize("text", ["devices/d/#/x", "devices/d+/#", "a#", "+", "#", "$iothub/#"])
def test_a_wildcard_that_is_nobodys_feed_is_refused(text: str) -> None:
    """[3.8.3-2], [4.7.1-2], [4.7.1-3], [4.7.2-1]"""
    session = opened()
    assert not events(session, Subscribe(1, ((text, 0),)))
    assert sent(session) == [Suback(1, (0x80,))]


def test_an_unsubscribe_of_nothing_is_acknowledged_all_the_same() -> None:
    """[3.10.4-4] to [3.10.4-6]: once for all its filters."""
    session = opened(**{DESIRED: 1})
    [event] = events(session, Unsubscribe(9, ("never", DESIRED.upper())))
    assert isinstance(event, Unsubscribing)
    session.finish(event.ticket)
    assert (sent(session), session.filters) == ([Unsuback(9)], {DESIRED: 1})


def test_what_was_sent_is_acknowledged_after_its_filter_is_gone() -> None:
    """[3.10.4-3]"""
    session = opened(**{MESSAGES: 1})
    session.deliver(Publish("devices/d/messages/devicebound/", b"", 1, 3))
    events(session, Unsubscribe(1, (MESSAGES,)))
    assert session.quality is None
    assert len(events(session, Puback(3))) == 1


def test_a_transient_error_ends_the_session_without_an_answer() -> None:
    """[4.8.0-2]: the door closes, and what was asked is not acknowledged."""
    session = opened()
    [event] = events(session, Publish(EVENTS, b"", 1, 7))
    assert isinstance(event, Requested)
    session.close()
    session.finish(event.ticket)
    assert (session.take(), session.state) == (b"", State.CLOSED)
