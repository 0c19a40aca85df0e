"""domain/method.py: what may be asked of a device, and what counts as an answer."""

import pytest

from affinage.domain.errors import AffinageError, BadAnswer, Invalid, Malformed, Missing, TooLarge
from affinage.domain.method import (
    MAX_CONNECT_S,
    MAX_NAME,
    MAX_PAYLOAD,
    MAX_RESPONSE_S,
    MIN_RESPONSE_S,
    MethodRequest,
    MethodResult,
    answered,
    requested,
)
from affinage.domain.values import JsonObject

LONGEST = "x" * (MAX_PAYLOAD - 2)


def test_what_is_not_said_has_its_default() -> None:
    """METHOD-2, METHOD-3"""
    plain = MethodRequest("stop", b"null", 30, 0)
    assert requested({"methodName": "stop"}) == plain
    nulls: JsonObject = dict.fromkeys(
        ("payload", "responseTimeoutInSeconds", "connectTimeoutInSeconds")
    )
    assert requested({"methodName": "stop", **nulls}) == plain


@pytest.mark.parametrize("name", ["a", "N" * MAX_NAME, "thermostat1*getMaxMinReport", "$a_b.c-d"])
def test_a_method_has_a_name(name: str) -> None:
    """METHOD-1"""
    assert requested({"methodName": name}).name == name


@pytest.mark.parametrize(("least", "most"), [(MIN_RESPONSE_S, 0), (MAX_RESPONSE_S, MAX_CONNECT_S)])
def test_timeouts_hold_to_the_last_second(least: int, most: int) -> None:
    """METHOD-2"""
    found = requested(
        {"methodName": "a", "responseTimeoutInSeconds": least, "connectTimeoutInSeconds": most}
    )
    assert (found.response_timeout_s, found.connect_timeout_s) == (least, most)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({}, Missing, "methodName is missing"),
        ({"methodName": 1}, Malformed, "must be a string"),
        ({"methodName": ""}, Invalid, "no name of a method"),
        ({"methodName": "a/b"}, Invalid, "no name of a method"),
        ({"methodName": "a b"}, Invalid, "no name of a method"),
        ({"methodName": "a#"}, Invalid, "no name of a method"),
        ({"methodName": "N" * 101}, Invalid, "101 of 100"),
        ({"methodName": "a", "responseTimeoutInSeconds": 4}, Invalid, "is 4: it must be from 5"),
        ({"methodName": "a", "responseTimeoutInSeconds": 301}, Invalid, "301: .* to 300"),
        ({"methodName": "a", "connectTimeoutInSeconds": -1}, Invalid, "-1: .* from 0"),
        ({"methodName": "a", "connectTimeoutInSeconds": 301}, Invalid, "301: .* to 300"),
        ({"methodName": "a", "connectTimeoutInSeconds": "1"}, Malformed, "whole number"),
        ({"methodName": "a", "connectTimeoutInSeconds": True}, Malformed, "whole number"),
        ({"methodName": "a", "connectTimeoutInSeconds": 1.5}, Malformed, "whole number"),
        ({"methodName": "a", "payload": LONGEST + "x"}, TooLarge, "131073 of 131072"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    body: JsonObject, kind: type[AffinageError], message: str
) -> None:
    """METHOD-1 to METHOD-3"""
    with pytest.raises(kind, match=message):
        requested(body)


def test_a_payload_is_any_json_up_to_its_limit() -> None:
    """METHOD-3"""
    assert requested({"methodName": "a", "payload": {"a": [1, None]}}).payload == b'{"a":[1,null]}'
    assert len(requested({"methodName": "a", "payload": LONGEST}).payload) == MAX_PAYLOAD


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b"", None), (b" \n", None), (b"null", None), (b'{"a":[1.5]}', {"a": [1.5]})],
)
def test_an_answer_has_its_status_and_payload(payload: bytes, value: object) -> None:
    """METHOD-4"""
    assert answered(-7, payload) == MethodResult(-7, value)  # type: ignore[arg-type]  # JSON


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"NaN", "not JSON"),
        (b"[" * 60_000 + b"]" * 60_000, "not JSON"),
        (b'"' + b"x" * (MAX_PAYLOAD - 1) + b'"', "131073 of 131072"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(payload: bytes, message: str) -> None:
    """METHOD-9"""
    with pytest.raises(BadAnswer, match=message):
        answered(200, payload)
