import json
from datetime import UTC, datetime

import pytest

from affinage.domain.errors import (
    AffinageError,
    DeviceNotFound,
    Disabled,
    Forbidden,
    Invalid,
    Malformed,
    ModuleNotFound,
    NotFound,
    Throttled,
    TooLarge,
    TooManyEntries,
    Unauthorized,
    Unavailable,
    VersionMismatch,
)
from affinage.domain.messages import Ack, Message
from affinage.domain.names import TwinKey
from affinage.domain.twin import DesiredChanged
from affinage.frontends.mqtt.answers import (
    connack_code,
    desired_changed,
    message,
    patch_in,
    refused,
    twin_read,
    twin_reported,
)
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.topics import DeviceBound, parse_delivery

AT = datetime(2025, 2, 3, 10, 11, 12, 345_000, tzinfo=UTC)


def test_a_twin_is_answered_with_200_and_its_document() -> None:
    """MQTT-50."""
    assert twin_read("7", {"desired": {}}) == Publish(
        "$iothub/twin/res/200/?$rid=7", b'{"desired":{}}'
    )


def test_a_report_is_answered_with_204_and_no_payload() -> None:
    """MQTT-51."""
    assert twin_reported("7", 3) == Publish("$iothub/twin/res/204/?$rid=7&$version=3")


def test_news_carry_their_version_twice() -> None:
    """MQTT-43, MQTT-54."""
    news = desired_changed(DesiredChanged(TwinKey("d"), {"a": None}, 4))
    topic = "$iothub/twin/PATCH/properties/desired/?$version=4"
    assert news == Publish(topic, b'{"a":null,"$version":4}')


def test_a_refusal_tells_when_where_and_why() -> None:
    """MQTT-52."""
    answer = refused("7", Invalid("no '.' in a name"), tracking_id="4f-2c", at=AT)
    assert answer.topic == "$iothub/twin/res/400/?$rid=7"
    assert json.loads(answer.payload) == {
        "errorCode": 400004,
        "trackingId": "4f2c-G:0-TimeStamp:02/03/2025 10:11:12",
        "message": "no '.' in a name",
        "timestampUtc": "2025-02-03T10:11:12.345000Z",
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Malformed(), 400, 400004),
        (Unauthorized(), 401, 401002),
        (Forbidden(), 403, 403000),
        (Disabled(), 403, 403012),
        (NotFound(), 404, 404000),
        (DeviceNotFound(), 404, 404001),
        (ModuleNotFound(), 404, 404010),
        (VersionMismatch(), 412, 412001),
        (TooLarge(), 413, 403100),
        (TooManyEntries(), 413, 403100),
        (Throttled("", retry_after_s=1), 429, 429001),
        (Unavailable(), 503, 503001),
        (AffinageError(), 500, 500001),
        (ZeroDivisionError(), 500, 500001),
    ],
)
def test_status_and_code_follow_from_the_kind_of_error(
    error: Exception, status: int, code: int
) -> None:
    """MQTT-53."""
    answer = refused("7", error, tracking_id="", at=AT)
    assert answer.topic == f"$iothub/twin/res/{status}/?$rid=7"
    assert json.loads(answer.payload)["errorCode"] == code


def test_what_is_not_meant_for_people_is_not_told() -> None:
    answer = refused("7", ValueError("/secret/path"), tracking_id="", at=AT)
    assert json.loads(answer.payload)["message"] == "internal error"


def test_only_time_helps_who_was_not_at_fault() -> None:
    """MQTT-15."""
    assert [connack_code(error) for error in (Forbidden(), NotFound())] == [5, 5]
    assert [connack_code(error) for error in (Unavailable(), ValueError())] == [3, 3]


def test_a_payload_is_an_object_or_malformed() -> None:
    assert patch_in(b' {"a": {"b": [1.5, null]}} ') == {"a": {"b": [1.5, None]}}
    for payload in (b"", b"nul", b"1", b'{"a":1', b'{"a":"\xff"}', b"[" * 10_000):
        with pytest.raises(Malformed, match="reported: the payload is"):
            patch_in(payload)


def test_a_message_has_its_properties_in_the_topic() -> None:
    """MESSAGE-15."""
    sent = Message(
        *("m", b"x", 1500),
        properties={"k": "a b"},
        ack=Ack.FULL,
        to="/d",
        correlation_id="c",
        user_id="u",
        content_type="text/plain",
        content_encoding="utf-8",
        number=7,
        deliveries=1,
    )
    publish = message(Identity("d"), sent, 1)
    system = {"$.mid": "m", "$.to": "/d", "$.cid": "c", "$.uid": "u"}
    rest = {"$.exp": "1970-01-01T00:00:01.5Z", "$.ct": "text/plain", "$.ce": "utf-8"}
    expected = {**system, **rest, "iothub-ack": "full", "k": "a b"}
    assert parse_delivery(publish.topic) == DeviceBound(Identity("d"), expected)
    assert "%24.mid=m&%24.to=%2Fd" in publish.topic
    assert publish[1:] == (b"x", 1, 7, False, False)


@pytest.mark.parametrize(("number", "packet_id"), [(1, 1), (65_535, 65_535), (65_536, 1)])
def test_a_message_keeps_its_packet_id_and_says_that_it_comes_again(
    number: int, packet_id: int
) -> None:
    """MESSAGE-12."""
    sent = Message("m", b"", 0, number=number, deliveries=2)
    publish = message(Identity("d", "m"), sent, 1)
    assert publish.topic.startswith("devices/d/modules/m/messages/devicebound/%24.mid=m")
    assert (publish.packet_id, publish.dup) == (packet_id, True)
    assert message(Identity("d"), sent, 0)[2:] == (0, 0, False, False)
