"""frontends/http/problems.py."""

import json
import re
from pathlib import Path

import pytest

from affinage.domain import errors
from affinage.domain.errors import AffinageError, MethodNotAllowed, QuerySyntaxError, Throttled
from affinage.frontends.http.problems import CODES, SERVER_ERROR, code, problem, routed_problem
from fakes.clock import START

REQUEST = "0e0b6f0a-0000-4000-8000-000000000001"
REFERENCE = Path(__file__).parents[4] / "docs/reference/errors.md"


def said(error: Exception) -> tuple[dict[str, str], dict[str, str]]:
    answer = problem(error, request_id=REQUEST, at=START)
    return dict(answer.headers), json.loads(bytes(answer.body))


def test_an_error_has_its_own_code_or_its_nearest_ancestors() -> None:
    """SERVICE-21"""
    assert code(errors.EtagMismatch()).name == "PreconditionFailed"
    assert code(QuerySyntaxError("a path", source="", at=0)).name == "ArgumentInvalid"
    assert code(AffinageError()) == code(KeyError()) == SERVER_ERROR


def test_a_status_is_the_first_three_digits_of_a_number() -> None:
    """SERVICE-21"""
    assert {found.status for found in CODES.values()} <= {
        400,
        401,
        403,
        404,
        405,
        409,
        412,
        413,
        429,
        502,
        503,
        504,
    }
    answer = problem(errors.EtagMismatch("x"), request_id=REQUEST, at=START)
    assert answer.status_code == 412


def test_a_refusal_says_its_name_twice_and_which_request_it_was() -> None:
    """SERVICE-20, SERVICE-21"""
    headers, body = said(errors.EtagMismatch("ETag mismatch for device ID 'pump-017'"))
    assert headers["iothub-errorcode"] == "PreconditionFailed"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert body == {
        "Message": "ErrorCode:PreconditionFailed;ETag mismatch for device ID 'pump-017'",
        "ExceptionMessage": "Tracking ID:0e0b6f0a000040008000000000000001-G:1-"
        "TimeStamp:01/01/2025 00:00:00",
    }


def test_a_refusal_has_one_semicolon() -> None:
    """SERVICE-20"""
    _, body = said(errors.Invalid("'a;b' is; no id"))
    assert body["Message"] == "ErrorCode:ArgumentInvalid;'a,b' is, no id"


@pytest.mark.parametrize(
    ("error", "header", "text"),
    [
        (Throttled("slowly", retry_after_s=1.2), "retry-after", "2"),
        (errors.Unavailable("the disk"), "retry-after", "1"),
        (MethodNotAllowed("no", allowed=("GET", "PUT")), "allow", "GET, PUT"),
        (errors.BodyTooLarge("2 of 1"), "connection", "close"),
    ],
)
def test_some_refusals_say_what_to_do(error: Exception, header: str, text: str) -> None:
    """SERVICE-22, SERVICE-23"""
    assert said(error)[0][header] == text


def test_what_went_wrong_at_a_device_is_json_within_a_string() -> None:
    """METHOD-10"""
    error = errors.DeviceNotOnline("pump-1 is away")
    answer = routed_problem(error, request_id=REQUEST, at=START)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, answer.headers["iothub-errorcode"]) == (404, "DeviceNotOnline")
    assert body["ExceptionMessage"] == ""
    assert json.loads(body["Message"]) == {
        "errorCode": 404103,
        "trackingId": "0e0b6f0a000040008000000000000001-G:1-TimeStamp:01/01/2025 00:00:00",
        "message": "pump-1 is away",
        "info": {"timeout": "00:00:00"},
        "timestampUtc": "2025-01-01T00:00:00.000000Z",
    }


@pytest.mark.parametrize("error", [errors.NoAnswer("x"), errors.BadAnswer("x")])
def test_what_a_device_may_have_done_is_not_to_be_tried_again_by_itself(error: Exception) -> None:
    """SERVICE-22"""
    assert "retry-after" not in said(error)[0]


def test_what_nobody_raised_on_purpose_is_not_told() -> None:
    """SERVICE-24"""
    headers, body = said(ZeroDivisionError("key=secret"))
    assert headers["iothub-errorcode"] == "ServerError"
    assert "secret" not in body["Message"]


def test_the_reference_lists_every_code() -> None:
    rows = re.findall(r"^\| (\d{6}) \| `(\w+)` \|", REFERENCE.read_text(), re.MULTILINE)
    listed = {(int(number), name) for number, name in rows}
    assert {*CODES.values(), SERVER_ERROR} <= listed
