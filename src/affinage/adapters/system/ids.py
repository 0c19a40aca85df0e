"""Random keys and fresh names from the operating system's randomness."""

import base64
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

from affinage.ports.clock import Clock

FIRST_ETAG: Final = 100_000_000
LAST_ETAG: Final = 9_999_999_999
"""Nine or ten digits: enough that a re-created identity hardly meets an etag of its old one."""

_YEAR_ONE: Final = datetime(1, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_TICKS_PER_MICROSECOND: Final = 10


class SystemIds:
    """Ids for one hub process.

    Generations are the ticks of 100 ns since the year one, which take 18 digits until the year
    3168. Across a restart they increase as the wall clock does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest = 0

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def key(self, size_bytes: int = 32) -> str:
        return base64.b64encode(secrets.token_bytes(size_bytes)).decode()

    def generation(self) -> str:
        ticks = (self._clock.now() - _YEAR_ONE) // _TICK * _TICKS_PER_MICROSECOND
        self._latest = max(self._latest + 1, ticks)
        return f"{self._latest:018}"

    def etag_start(self) -> int:
        return FIRST_ETAG + secrets.randbelow(LAST_ETAG - FIRST_ETAG + 1)
