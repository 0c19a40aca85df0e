"""Errors, as this door says them."""

import json

import pytest

from affinage.domain import errors
from affinage.frontends.provisioning_api.problems import number, refused
from fakes.clock import START


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.EnrollmentNotFound("no"), 404201),
        (errors.RegistrationNotFound("no"), 404202),
        (errors.EnrollmentExists("no"), 409201),
        (errors.EtagMismatch("no"), 412001),
        (errors.Unauthorized("no"), 401002),
        (errors.Forbidden("no"), 401002),
        (errors.Invalid("no"), 400004),
        (ValueError("a secret"), 500001),
    ],
)
def test_each_has_its_number(error: Exception, code: int) -> None:
    """PROV-25"""
    assert number(error).number == code
    answer = refused(error, request_id="1-2", at=START)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["errorCode"]) == (code // 1000, code)
    assert set(body) == {"errorCode", "trackingId", "message", "timestampUtc"}
    assert "secret" not in body["message"]
