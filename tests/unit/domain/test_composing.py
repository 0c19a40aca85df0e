"""domain/composing.py: what a sender's document says, checked."""

from typing import Any

import pytest

from affinage.domain.composing import MAX_MESSAGE_ID, MAX_PROPERTIES, MAX_SIZE, composed
from affinage.domain.errors import AffinageError, Invalid, Malformed, MessageTooLarge, Missing
from affinage.domain.messages import Ack, Message

AT = 1_735_689_600_000  # 2025-01-01T00:00:00Z
HOUR = 3_600_000


def read(**document: Any) -> Message:
    return composed(document, to="/d", message_id="made", at=AT)


def test_what_is_not_said_has_its_default() -> None:
    """MESSAGE-1, MESSAGE-2"""
    assert read(body="hé") == Message("made", "hé".encode(), AT + HOUR, to="/d")


def test_everything_that_is_said_is_kept() -> None:
    """MESSAGE-1"""
    texts = {"messageId": "m", "correlationId": "c", "userId": "u", "to": "/e"}
    types = {"contentType": "text/plain", "contentEncoding": "utf-16"}
    message = read(bodyBase64="AP8=", properties={"k": ""}, ack="full", **texts, **types)
    assert (message.message_id, message.correlation_id, message.user_id) == ("m", "c", "u")
    assert (message.to, message.content_type, message.content_encoding) == (
        "/e",
        "text/plain",
        "utf-16",
    )
    assert (message.body, message.properties, message.ack) == (b"\0\xff", {"k": ""}, Ack.FULL)


def test_json_says_what_it_is_unless_it_is_said() -> None:
    """MESSAGE-1"""
    message = read(payload=None)
    assert (message.body, message.content_type, message.content_encoding) == (
        b"null",
        "application/json",
        "utf-8",
    )
    assert read(payload={"a": 1}, contentType="x").content_type == "x"


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ({"ttlSeconds": 60}, 60),
        ({"ttlSeconds": 172_800}, 172_800),
        ({"ttlSeconds": None}, 3600),
        ({"expiry": "2025-01-01T00:01:00Z"}, 60),
        ({"expiry": "2025-01-01T02:00:00+01:00"}, 3600),
        ({"expiry": "2025-01-03"}, 172_800),
    ],
)
def test_a_message_has_an_end(end: dict[str, Any], seconds: int) -> None:
    """MESSAGE-2"""
    assert read(body="", **end).expires_at == AT + 1000 * seconds


@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        ({}, Missing, "one of body, bodyBase64, payload"),
        ({"body": "", "payload": 1}, Invalid, "not body and payload"),
        ({"body": 1}, Malformed, "body must be a string"),
        ({"bodyBase64": "?"}, Malformed, "must be base64"),
        ({"bodyBase64": "Zoë="}, Malformed, "must be base64"),
        ({"bodyBase64": None}, Malformed, "must be a string"),
        ({"body": "", "ttlSeconds": 59}, Invalid, "is 59: it must be from 60 to 172800"),
        ({"body": "", "ttlSeconds": 172_801}, Invalid, "is 172801"),
        ({"body": "", "ttlSeconds": "60"}, Malformed, "whole number"),
        ({"body": "", "ttlSeconds": True}, Malformed, "whole number"),
        ({"body": "", "ttlSeconds": 60, "expiry": "2025-01-02"}, Invalid, "one end"),
        ({"body": "", "expiry": "2024-01-01"}, Invalid, "seconds from now, is -31622400"),
        ({"body": "", "expiry": "2025-01-03T00:00:01Z"}, Invalid, "is 172801"),
        ({"body": "", "expiry": "soon"}, Malformed, "must be a moment"),
        ({"body": "", "expiry": "0001-01-01T00:00:00+23:59"}, Invalid, "seconds from now"),
        ({"body": "", "expiry": 7}, Malformed, "must be a string"),
        ({"body": "", "ack": "some"}, Invalid, "none, positive, negative, full"),
        ({"body": "", "ack": ["full"]}, Invalid, "none, positive, negative, full"),
        ({"body": "", "to": 1}, Malformed, "to must be a string"),
        ({"body": "", "properties": []}, Malformed, "an object of strings"),
        ({"body": "", "properties": {"a": 1}}, Malformed, "'a' must be a string"),
        ({"body": "", "properties": {"": "x"}}, Invalid, "cannot be a property"),
        ({"body": "", "properties": {"$.mid": "x"}}, Invalid, "cannot be a property"),
        ({"body": "", "properties": {"iothub-ack": "full"}}, Invalid, "cannot be a property"),
        ({"body": "", "messageId": "x" * (MAX_MESSAGE_ID + 1)}, Invalid, "129 of 128"),
    ],
)
def test_what_is_no_message_is_refused(
    document: dict[str, Any], kind: type[AffinageError], message: str
) -> None:
    """MESSAGE-1 to MESSAGE-3"""
    with pytest.raises(kind, match=message):
        read(**document)


def test_a_message_holds_to_its_size_to_the_last_byte() -> None:
    """MESSAGE-3"""
    system = len("made") + len("/d")
    assert len(read(body="x" * (MAX_SIZE - system)).body) == MAX_SIZE - system
    with pytest.raises(MessageTooLarge, match="65537 of 65536"):
        read(body="x" * (MAX_SIZE - system + 1))
    properties = {"k": "é" * ((MAX_PROPERTIES - system - 2) // 2), "l": ""}
    assert read(body="", properties=properties).properties == properties
    with pytest.raises(MessageTooLarge, match="12289 of 12288"):
        read(body="", properties={**properties, "m": ""})
