"""frontends/device_api/spelling.py."""

import pytest

from affinage.domain.errors import Invalid
from affinage.domain.messages import Message
from affinage.frontends.device_api import spelling
from affinage.services.locks import Received


def test_headers_are_properties_as_they_are_spelled() -> None:
    """DEVICE-11"""
    sent = [
        ("IoTHub-MessageId", "m"),
        ("iothub-app-Zone", "4"),
        ("dt-subject", "pump"),
        ("user-agent", "x"),
        ("iothub-app-place", "Köln".encode().decode("latin-1")),
        ("iothub-app-raw", "\xff"),
        ("iothub-app-", "nothing"),
    ]
    own = {"Zone": "4", "place": "Köln", "raw": "\xff"}
    assert spelling.told(sent) == {"$.mid": "m", "$.sub": "pump", **own}


def test_properties_are_so_many_at_most() -> None:
    """DEVICE-11, DEVICE-12"""
    sent = [(f"iothub-app-{number}", "") for number in range(101)]
    assert len(spelling.told(sent[1:])) == len(spelling.named(dict(sent[1:]))) == 100
    with pytest.raises(Invalid, match="101 of 100"):
        spelling.told(sent)
    with pytest.raises(Invalid, match="101 of 100"):
        spelling.named(dict(sent))


def test_a_name_in_a_batch_that_no_header_has_is_the_senders_own() -> None:
    """DEVICE-12"""
    names = ("iothub-app-a", "IoTHub-UserId", "level")
    assert [*spelling.named(dict.fromkeys(names, ""))] == ["a", "$.uid", "level"]


def test_what_cannot_stand_in_a_header_is_encoded() -> None:
    """DEVICE-24"""
    message = Message("m\r\nx: y", b"", 0, {"a:b\n": "ü"}, to="/to", user_id="u")
    said = dict(spelling.headers(Received("t", message)))
    assert said["iothub-messageid"] == "=?utf-8?B?bQ0KeDogeQ==?="
    assert said["iothub-app-a%3Ab%0A"] == "=?utf-8?B?w7w=?="
    assert (said["etag"], said["iothub-to"], said["iothub-userid"]) == ('"t"', "/to", "u")
    assert all(name.isascii() and text.isprintable() for name, text in said.items())
