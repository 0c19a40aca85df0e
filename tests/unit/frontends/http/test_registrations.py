from datetime import UTC, datetime
from typing import Any

import pytest

from affinage.domain.errors import (
    AffinageError,
    BodyTooLarge,
    Disabled,
    Invalid,
    Malformed,
    RegistrationNotFound,
    Throttled,
    Unauthorized,
    Unavailable,
)
from affinage.frontends.http.registrations import MAX_ASK, Ask, ask_in, check_size, refusal
from affinage.services.provisioning.arrivals import TpmKeys

AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "ask"),
    [
        (None, Ask()),
        ({}, Ask()),
        ({"registrationId": "DEV1", "payload": {"a": 1}, "later": 1}, Ask({"a": 1})),
        ({"tpm": {"endorsementKey": "RUs="}}, Ask(tpm=TpmKeys("RUs="))),
        (
            {"payload": None, "tpm": {"endorsementKey": "RUs=", "storageRootKey": "U1JL"}},
            Ask(tpm=TpmKeys("RUs=", "U1JL")),
        ),
    ],
)
def test_a_request_to_register_is_read(document: Any, ask: Ask) -> None:
    """REGISTER-20."""
    assert ask_in(document, "dev1") == ask


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], Malformed),
        ({"registrationId": 1}, Malformed),
        ({"registrationId": "dev2"}, Invalid),
        ({"tpm": "RUs="}, Malformed),
        ({"tpm": {}}, Malformed),
        ({"tpm": {"endorsementKey": 1}}, Malformed),
        ({"tpm": {"endorsementKey": "R" * 4097}}, Invalid),
    ],
)
def test_what_is_no_request_to_register_is_refused(
    document: Any, error: type[AffinageError]
) -> None:
    """REGISTER-20."""
    with pytest.raises(error):
        ask_in(document, "dev1")


def test_a_request_has_its_size() -> None:
    """REGISTER-20."""
    check_size(b" " * MAX_ASK)
    with pytest.raises(BodyTooLarge, match=f"{MAX_ASK + 1} of {MAX_ASK}"):
        check_size(b" " * (MAX_ASK + 1))


@pytest.mark.parametrize("error", [Unauthorized("the key is another"), Disabled("it is disabled")])
def test_a_stranger_is_not_told_why(error: AffinageError) -> None:
    """REGISTER-23."""
    status, body, _ = refusal(error, request_id="r-1", at=AT)
    assert (status, body) == (
        401,
        {
            "errorCode": 401002,
            "trackingId": "r-1",
            "message": "Unauthorized",
            "timestampUtc": "2026-01-02T00:00:00.000000Z",
        },
    )


@pytest.mark.parametrize(
    ("error", "status", "retry_after_s"),
    [
        (Throttled("slow down", retry_after_s=0.2), 429, 1),
        (Unavailable("the store"), 503, 5),
        (RegistrationNotFound("no such"), 404, None),
        (ValueError("secret"), 500, None),
    ],
)
def test_others_are_told_what_to_do(
    error: Exception, status: int, retry_after_s: int | None
) -> None:
    """REGISTER-22, REGISTER-24."""
    refused = refusal(error, request_id="r", at=AT)
    assert (refused.status, refused.retry_after_s) == (status, retry_after_s)
    assert "secret" not in str(refused.body)
