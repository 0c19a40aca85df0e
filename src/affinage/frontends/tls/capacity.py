"""How many connections there may be, on all doors together; what comes beyond is cut unheard.

A process has only so many descriptors. When they are gone nothing can be opened any more, the
store's files neither, so strangers who only connect must not be able to take them all.
"""

from collections.abc import Iterator
from typing import Final

import structlog

from affinage.ports.exposition import Family, Kind, number

_log = structlog.get_logger(__name__)


class Capacity:
    def __init__(self, most: int) -> None:
        """``most`` connections may be open at a time."""
        self.most = most
        self.open = 0
        self.refused = 0
        """Connections that were cut since the start, as there were too many."""

    def enter(self) -> bool:
        """Count one connection in; False if there is no room for it."""
        if self.open >= self.most:
            self._refuse()
            return False
        self.open += 1
        return True

    def leave(self) -> None:
        """Count out one that had entered."""
        self.open -= 1

    def families(self) -> Iterator[Family]:
        now, most = "Connections that are open, on all doors.", "Connections that may be open."
        cut = "Connections that were cut, as there were too many."
        yield number("affinage_connections", Kind.GAUGE, now, self.open)
        yield number("affinage_connections_limit", Kind.GAUGE, most, self.most)
        yield number("affinage_connections_refused_total", Kind.COUNTER, cut, self.refused)

    def _refuse(self) -> None:
        """Told once for each power of two: a flood must not fill the log as well."""
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:
            _log.warning("connection refused", open=self.open, refused=self.refused)


BOUNDLESS: Final = Capacity(2**31)
"""For who does not count."""
