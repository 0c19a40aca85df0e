"""Moments as the domain keeps them, and as the wires spell them.

Inside a twin a moment is a whole number of milliseconds since 1970, UTC: a million twins hold many.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

Millis: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

NEVER: Final = "0001-01-01T00:00:00Z"
"""How the wires spell a moment that has not come."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def millis(moment: datetime) -> Millis:
    """A moment in whole milliseconds, rounded down; it must be aware."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=1024)  # a document shows many stamps and few moments
def iso(at: Millis | None) -> str:
    """ISO 8601 with ``Z``, trailing zeros of the fraction dropped; None is NEVER.

    Source: TWIN-3.
    """
    if at is None:
        return NEVER
    text = (_EPOCH + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at % 1000:03}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"
