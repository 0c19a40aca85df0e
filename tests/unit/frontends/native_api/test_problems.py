"""frontends/native_api/problems.py."""

import json

from affinage.domain.errors import DeviceNotFound, Throttled
from affinage.frontends.native_api.problems import PROBLEM, refused
from fakes.clock import START


def test_a_refusal_is_a_problem_of_its_type() -> None:
    """NATIVE-3"""
    answer = refused(DeviceNotFound("no device a; none"), request_id="1-2", at=START)
    assert (answer.status_code, answer.media_type) == (404, PROBLEM)
    assert json.loads(bytes(answer.body)) == {
        "type": "urn:affinage:problem:device_not_found",
        "title": "Device not found",
        "status": 404,
        "detail": "no device a; none",
        "instance": "urn:uuid:1-2",
    }


def test_a_refusal_says_how_long_to_wait() -> None:
    answer = refused(Throttled("too much", retry_after_s=1.5), request_id="1", at=START)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


def test_what_nobody_raised_on_purpose_is_told_to_nobody() -> None:
    """NATIVE-4"""
    answer = refused(KeyError("secret"), request_id="1", at=START)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["type"]) == (500, "urn:affinage:problem:internal")
    assert "secret" not in str(body)
