"""frontends/blob_api/problems.py."""

from datetime import UTC, datetime

import pytest

from affinage.domain import errors
from affinage.frontends.blob_api.problems import refused

AT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.LockLost("a & <b>"), 409, "ResourceTypeMismatch"),
        (errors.TooManyUploads("a & <b>"), 409, "BlockCountExceedsLimit"),
        (errors.BodyTooLarge("a & <b>"), 413, "RequestBodyTooLarge"),
        (errors.Unavailable("a & <b>"), 503, "ServerBusy"),
        (errors.Throttled("a & <b>", retry_after_s=1), 503, "ServerBusy"),
    ],
)
def test_an_error_is_told_as_storage_tells_it(error: Exception, status: int, code: str) -> None:
    """UPLOAD-15"""
    answer = refused(error, request_id="7", at=AT)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)
    said = f"<Error><Code>{code}</Code><Message>a &amp; &lt;b&gt;\nRequestId:7\n"
    assert said in bytes(answer.body).decode()


def test_what_nobody_raised_on_purpose_is_not_told() -> None:
    """UPLOAD-15"""
    answer = refused(KeyError("secret"), request_id="7", at=AT)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (500, "InternalError")
    assert b"secret" not in bytes(answer.body)
