"""How moments are counted and spelled."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from affinage.domain.moments import NEVER, iso, millis


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (10, "1970-01-01T00:00:00.01Z"),
        (100, "1970-01-01T00:00:00.1Z"),
        (1_738_577_472_345, "2025-02-03T10:11:12.345Z"),
        (1_738_577_472_000, "2025-02-03T10:11:12Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (None, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_spelled_without_trailing_zeros(at: int | None, text: str) -> None:
    """TWIN-3."""
    assert iso(at) == text


def test_never_is_the_first_moment_of_year_one() -> None:
    """TWIN-3."""
    assert datetime.fromisoformat(NEVER) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize(("microseconds", "whole"), [(0, 0), (999, 0), (1000, 1), (-1, -1)])
def test_milliseconds_are_rounded_down(microseconds: int, whole: int) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert millis(epoch + timedelta(microseconds=microseconds)) == whole


def test_a_moment_counts_the_same_in_every_zone() -> None:
    here = datetime(2025, 2, 3, 10, tzinfo=timezone(timedelta(hours=2)))
    assert iso(millis(here)) == "2025-02-03T08:00:00Z"
