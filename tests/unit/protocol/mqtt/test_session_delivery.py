"""What the hub sends on its own to a client: methods and messages, and their acknowledgements."""

from affinage.protocol.mqtt.packets import Puback, Publish
from affinage.protocol.mqtt.session import Acknowledged, Requested
from fakes.mqtt_session import events, opened, sent

GET = "$iothub/twin/GET/?$rid=1"
ANSWER = Publish("$iothub/twin/res/200/?$rid=1", b"{}")
DEVICEBOUND = "devices/d/messages/devicebound/#"


def test_a_client_wants_the_methods_it_subscribed_to_while_it_is_there() -> None:
    """METHOD-5, MQTT-31."""
    one = opened(**{"$iothub/methods/POST/stop/#": 0})
    every = opened(**{"$iothub/methods/POST/#": 1})
    assert [one.wants_method(name) for name in ("stop", "start", "#")] == [True, False, False]
    assert every.wants_method("start")
    every.close()
    assert not every.wants_method("start")


def test_a_message_at_qos_1_is_acknowledged_once() -> None:
    """MESSAGE-11, MQTT-43."""
    session = opened(**{DEVICEBOUND: 1})
    message = Publish("devices/d/messages/devicebound/", b"x", 1, 7, dup=True)
    session.deliver(message)
    assert sent(session) == [message]
    assert session.unacknowledged == 1
    acknowledgements = events(session, Puback(6), Puback(7), Puback(7))
    assert acknowledgements == [Acknowledged(7)]
    assert session.unacknowledged == 0


def test_a_message_waits_for_the_answers_before_it_too() -> None:
    """MQTT-41."""
    session = opened(**{DEVICEBOUND: 1})
    [asked] = events(session, Publish(GET))
    assert isinstance(asked, Requested)
    message = Publish("devices/d/messages/devicebound/", b"x", 1, 7)
    session.deliver(message)
    assert not sent(session)
    session.finish(asked.ticket, ANSWER)
    assert sent(session) == [ANSWER, message]


def test_messages_are_taken_at_the_quality_of_the_subscription_while_the_client_is_there() -> None:
    """MESSAGE-10."""
    assert opened(**{DEVICEBOUND: 0}).quality == 0
    assert opened().quality is None
    assert opened(**{DEVICEBOUND: 1}).quality == 1


def test_nothing_is_delivered_after_the_end() -> None:
    session = opened(**{DEVICEBOUND: 1})
    session.close()
    session.deliver(Publish("devices/d/messages/devicebound/", b"x", 1, 7))
    assert (session.quality, session.unacknowledged, session.take()) == (None, 0, b"")
