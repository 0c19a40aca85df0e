"""A connection of a device that registers: what its session lets it say."""

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import (
    REFUSED_FILTER,
    Connack,
    Connect,
    Publish,
    Suback,
    Subscribe,
    Will,
)
from affinage.protocol.mqtt.session import Connecting, Requested, ServerSession
from affinage.protocol.registering import ANSWERS, Register, Registrant
from fakes.mqtt_session import events, sent

NAME = "0ne00ABCDEF/registrations/dev1/api-version=2019-03-31"
HELLO = Connect("dev1", NAME, b"token")


def registering() -> ServerSession:
    session = ServerSession()
    events(session, HELLO)
    session.accept({}, session_present=False)
    session.take()
    return session


def test_a_registrant_says_who_it_is() -> None:
    """REGISTER-1."""
    [connecting] = events(ServerSession(), HELLO)
    assert connecting == Connecting(HELLO, Registrant.parse(NAME))


def test_a_registrant_with_another_client_id_is_refused() -> None:
    session = ServerSession()
    with pytest.raises(ProtocolError, match="client id"):
        events(session, Connect("dev2", NAME, b"token"))
    assert sent(session) == [Connack(session_present=False, code=2)]


def test_a_registrant_asks_and_subscribes_to_the_answers_alone() -> None:
    """REGISTER-4, REGISTER-5."""
    session = registering()
    filters = ((ANSWERS, 1), ("$iothub/twin/res/#", 0), ("devices/dev1/messages/devicebound/#", 1))
    [subscribing, asked] = events(
        session, Subscribe(1, filters), Publish(Register("r").topic, b"{}", 1, 7)
    )
    assert isinstance(asked, Requested)
    assert asked.request == Register("r")
    session.finish(subscribing.ticket)  # type: ignore[union-attr]  # the first is a Subscribing
    assert sent(session) == [Suback(1, (1, REFUSED_FILTER, REFUSED_FILTER))]


@pytest.mark.parametrize("topic", ["devices/dev1/messages/events/", "$iothub/twin/GET/?$rid=1"])
def test_a_registrant_has_no_twin_and_sends_no_messages(topic: str) -> None:
    """REGISTER-4."""
    with pytest.raises(ProtocolError, match="may not publish"):
        events(registering(), Publish(topic, b""))


def test_a_registrant_has_little_kept_of_what_it_only_announces() -> None:
    """REGISTER-12: it has proven nothing."""
    session = registering()
    assert not [*session.receive(b"\x30" + b"\x80\x88\x06")]
    with pytest.raises(ProtocolError, match="99329 of 99328 bytes"):
        [*registering().receive(b"\x30" + b"\x81\x88\x06")]


def test_a_device_of_a_hub_does_not_register() -> None:
    session = ServerSession()
    events(session, Connect("d", "hub/d/?api-version=2021-04-12", b"token"))
    session.accept({}, session_present=False)
    with pytest.raises(ProtocolError, match="may not publish"):
        events(session, Publish(Register("r").topic, b"{}"))


def test_a_registrant_leaves_no_will() -> None:
    """REGISTER-8."""
    will = Will("devices/dev1/messages/events/", b"gone", 0, retain=False)
    with pytest.raises(ProtocolError, match="no will"):
        events(ServerSession(), Connect("dev1", NAME, b"token", will=will))
