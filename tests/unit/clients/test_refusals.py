"""How a hub says no to a device."""

import pytest

from affinage.clients.refusals import RETRY_AFTER_S, declined, refused
from affinage.domain.errors import (
    AffinageError,
    Forbidden,
    Invalid,
    NotFound,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
    VersionMismatch,
)


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, Invalid), (2, Invalid), (3, Unavailable), (4, Unauthorized), (5, Unauthorized)],
)
def test_a_connack_says_whether_to_try_again(code: int, error: type[AffinageError]) -> None:
    assert type(refused("pump-1", code)) is error
    assert "pump-1" in str(refused("pump-1", code))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Invalid),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (412, VersionMismatch),
        (413, TooLarge),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
        (418, Invalid),
    ],
)
def test_a_status_says_what_can_be_done(status: int, error: type[AffinageError]) -> None:
    assert type(declined("pump-1", status, b"")) is error


def test_a_throttled_device_is_told_how_long_to_wait() -> None:
    error = declined("pump-1", 429, b"")
    assert isinstance(error, Throttled)
    assert error.retry_after_s == RETRY_AFTER_S


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"message":"too deep"}', "too deep"),
        (b"", "no reason given"),
        (b"[]", "no reason given"),
        (b"\xff", "no reason given"),
        (b'{"message":"' + b"x" * 999 + b'"}', "x" * 200),
    ],
)
def test_the_reason_is_the_hubs_and_not_too_long(body: bytes, reason: str) -> None:
    assert str(declined("pump-1", 400, body)) == f"pump-1: the hub answers 400: {reason}"
