import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity, Username
from affinage.protocol.registering import (
    MAX_OPERATION,
    MAX_REGISTRATION,
    Poll,
    Register,
    Registrant,
    RegistrationAnswer,
    parse_answer,
    parse_ask,
    read_name,
)

PYTHON = "0ne00ABCDEF/registrations/dev1/api-version=2019-03-31&ClientVersion=py%2F2"
NOBODY = Identity("")


def test_a_user_name_says_which_scope_which_registration_and_what_client() -> None:
    """REGISTER-1."""
    who = Registrant.parse(PYTHON)
    assert who == Registrant(
        "0ne00ABCDEF", "dev1", {"api-version": "2019-03-31", "ClientVersion": "py/2"}
    )
    assert (who.text, who.resource) == (PYTHON, "0ne00ABCDEF/registrations/dev1")
    assert who.identity == Identity("dev1")


@pytest.mark.parametrize("tail", ["", "/", "/?api-version=2019-03-31"])
def test_the_properties_may_have_a_question_mark_or_be_left_out(tail: str) -> None:
    """REGISTER-1."""
    assert Registrant.parse(f"s/registrations/Dev1{tail}").registration == "Dev1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "/registrations/d",
        "s/registrations",
        "s/registrations/",
        "s/devices/d",
        "s/registrations/d/a=b/c",
        f"s/registrations/{'d' * (MAX_REGISTRATION + 1)}",
    ],
)
def test_what_is_no_registrants_user_name_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match=r"user name|registration id"):
        Registrant.parse(text)


def test_the_client_id_tells_a_registrant_from_a_device_called_registrations() -> None:
    """REGISTER-2."""
    text = "hub/registrations/m/api-version=2021-04-12"
    assert isinstance(read_name(text, "m"), Registrant)
    assert read_name(text, "registrations/m") == Username.parse(text)
    for form in ("hub/registrations/?api-version=2021-04-12", "hub/registrations/api-version=1"):
        assert read_name(form, "registrations").identity == Identity("registrations")
    assert read_name("hub/d/?api-version=2021-04-12", "d").identity == Identity("d")


def test_a_device_registers_and_asks_how_that_goes() -> None:
    """REGISTER-4."""
    assert parse_ask("$dps/registrations/PUT/iotdps-register/?$rid=1", NOBODY) == Register("1")
    poll = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=r&operationId=5.a%2Fb"
    assert parse_ask(poll, NOBODY) == Poll("r", "5.a/b")


@pytest.mark.parametrize("ask", [Register("r"), Poll("r", "5.a/b&c")])
def test_what_a_topic_spells_is_read_back(ask: Register | Poll) -> None:
    assert parse_ask(ask.topic, NOBODY) == ask


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "devices/d/messages/events/",
        "$dps/registrations/PUT/iotdps-register/",
        "$dps/registrations/PUT/iotdps-register/?operationId=1",
        "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1",
        f"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId={'5' * 129}",
        "$iothub/twin/GET/?$rid=1",
    ],
)
def test_a_registering_device_may_publish_nowhere_else(topic: str) -> None:
    """REGISTER-4, REGISTER-6."""
    assert MAX_OPERATION == 128
    with pytest.raises(ProtocolError):
        parse_ask(topic, NOBODY)


@pytest.mark.parametrize(
    ("answer", "topic"),
    [
        (RegistrationAnswer(202, "r", 3), "$dps/registrations/res/202/?$rid=r&retry-after=3"),
        (RegistrationAnswer(401, "r"), "$dps/registrations/res/401/?$rid=r"),
    ],
)
def test_an_answer_is_spelled_with_two_dollars(answer: RegistrationAnswer, topic: str) -> None:
    """REGISTER-7."""
    assert answer.topic == topic
    assert parse_answer(topic) == answer


@pytest.mark.parametrize(
    "topic",
    [
        "devices/d",
        "$dps/registrations/res/?$rid=1",
        f"$dps/registrations/res/{'9' * 5000}/?$rid=1",
        "$dps/registrations/res/200/?retry-after=3",
    ],
)
def test_what_is_no_answer_is_refused(topic: str) -> None:
    with pytest.raises(ProtocolError):
        parse_answer(topic)
