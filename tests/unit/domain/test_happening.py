"""domain/happening.py: what an event is, and how it is shown."""

from typing import Any

import pytest

from affinage.domain import happening
from affinage.domain.errors import TooLarge
from affinage.domain.happening import MAX_TELEMETRY, Happening, Kind
from affinage.domain.names import TwinKey

KEY = TwinKey("d", "m")


def shown(payload: bytes, **properties: str | None) -> Any:
    bag = {name.replace("_", "."): value for name, value in properties.items()}
    one = happening.telemetry(KEY, bag, payload, {"iothub-message-source": "Telemetry"}, at=5)
    return happening.document(7, one)


def test_a_message_is_told_with_its_properties_and_whose_it_is() -> None:
    """EVENT-1, EVENT-2"""
    found = shown(b"hot", **{"$_mid": "1", "$_ct": "text/plain", "$_own": "x", "a": "b", "c": None})
    assert (found["offset"], found["kind"]) == (7, "telemetry")
    assert found["at"] == "1970-01-01T00:00:00.005Z"
    assert (found["deviceId"], found["moduleId"]) == ("d", "m")
    assert found["properties"] == {"a": "b", "c": None}
    assert found["systemProperties"] == {
        "message-id": "1",
        "content-type": "text/plain",
        "$.own": "x",
        "iothub-message-source": "Telemetry",
    }


def test_what_the_hub_stamps_a_device_cannot_say() -> None:
    """EVENT-3"""
    found = shown(b"", **{"$_cdid": "another", "$_cmid": "another"})
    assert "another" not in str(found)


def test_every_system_property_has_its_name() -> None:
    """EVENT-2"""
    names = {
        "mid": "message-id",
        "cid": "correlation-id",
        "uid": "user-id",
        "to": "to",
        "ct": "content-type",
        "ce": "content-encoding",
        "exp": "absolute-expiry-time",
        "on": "iothub-outputname",
        "ctime": "iothub-creation-time-utc",
        "sub": "dt-subject",
        "ifid": "iothub-interface-id",
        "schema": "iothub-message-schema",
        "diagid": "Diagnostic-Id",
        "diagctx": "Correlation-Context",
    }
    found = shown(b"", **{f"$_{wire}": wire for wire in names})
    del found["systemProperties"]["iothub-message-source"]
    assert found["systemProperties"] == {name: wire for wire, name in names.items()}


@pytest.mark.parametrize(("is_will", "told"), [(True, {"iothub-MessageType": "Will"}), (False, {})])
def test_a_will_is_told_as_one_and_nothing_else_is(*, is_will: bool, told: dict[str, str]) -> None:
    """EVENT-15"""
    said = {"a": "b", "iothub-MessageType": "Telegram"}
    one = happening.telemetry(KEY, said, b"", {}, is_will=is_will, at=5)
    assert one.told["properties"] == {"a": "b", **told}


@pytest.mark.parametrize(
    ("payload", "content_type", "expected"),
    [
        (b'{"a": [1, null]}', "application/json", ("json", {"a": [1, None]})),
        (b"1", "application/JSON; charset=utf-8", ("json", 1)),
        (b'{"a"', "application/json", ("text", '{"a"')),
        (b"[" * 5000, "application/json", ("text", "[" * 5000)),
        (b'{"a": 1}', None, ("text", '{"a": 1}')),
        (b"\xff\x00", "application/json", ("base64", "/wA=")),
        (b"", None, ("text", "")),
    ],
)
def test_a_body_is_shown_as_what_it_is(payload: bytes, content_type: Any, expected: Any) -> None:
    """EVENT-5"""
    found = shown(payload, **{"$_ct": content_type})
    assert (found["bodyIs"], found["body"]) == expected


def test_a_message_that_takes_too_much_is_refused() -> None:
    """EVENT-4"""
    shown(bytes(MAX_TELEMETRY - 2), a="b")
    with pytest.raises(TooLarge, match=r"d/m takes 262145 of 262144 bytes"):
        shown(bytes(MAX_TELEMETRY - 1), a="b")


def test_other_events_have_what_they_tell_and_no_body() -> None:
    one = Happening(Kind.HUB, 0, told={"change": "started"})
    assert happening.document(1, one) == {
        "offset": 1,
        "kind": "hub",
        "at": "1970-01-01T00:00:00Z",
        "change": "started",
    }


def test_what_waits_takes_what_its_payload_does_and_a_little() -> None:
    assert Happening(Kind.TELEMETRY, 0, payload=bytes(100)).size == 600
